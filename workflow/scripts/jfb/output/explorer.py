"""One page on which runs are looked at: along training, as functions, and in a table.

The page has all data and libraries in it, and reads nothing from elsewhere. Charts are drawn by
Observable Plot, whose SVG takes the colours of the page and names for screen readers.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jfb.analysis import minima
from jfb.analysis.shares import REACHED
from jfb.records import dataset, runlog
from jfb.records.levels import level_of
from jfb.records.units import CATEGORIES, NO_FIXED_POINT
from jfb.storage import files

#: Epochs of a run that are shown, evenly spaced in their logarithm, besides the best.
EPOCHS = 100
#: Training points that are shown.
POINTS = 150
SERIES = {
    "train_loss": "Training loss",
    "val_loss": "Validation loss",
    "train_accuracy": "Training accuracy",
    "val_accuracy": "Validation accuracy",
    "iterations_mean": "Applications of T per pass",
    "spectral_norm": "Spectral norm of W",
}
#: Of these, the lowest and the highest value since the epoch that is shown before are there too.
RANGES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")
#: What gradients are called, by the first part of their names; a number after it is the order.
GRADIENTS = {"jfb": "JFB", "neumann": "Neumann series", "implicit": "exact gradient"}
#: Categories in words, where their names are not enough.
_FORMS = {NO_FIXED_POINT: "some points have no single fixed point"}
#: Significant digits of numbers, and of those that are drawn only.
_DIGITS, _DRAWN = 5, 4


def run_of(path: str | Path, study: str, pieces: pd.DataFrame, least: Mapping[str, float]) -> dict:
    """What the page has of a run.

    Args:
        path: of its log.
        study: the name of its study.
        pieces: of the study, see `jfb.records.pieces`.
        least: the least loss of a function by its category.
    """
    log, run = runlog.frame(path)
    best = runlog.best_epoch(log["train_loss"].to_numpy())
    ideal = np.geomspace(1, len(log), EPOCHS).round().astype(int)
    shown = log[log["epoch"].isin({*ideal.tolist(), best})]
    level = level_of(run)
    chosen = (pieces["level"] == level) & (pieces["batch_size"] == run.batch_size)
    of_run = pieces[chosen & (pieces["seed"] == run.seed)]
    of_run = of_run.assign(form=minima.category(of_run).cat.codes)
    last = of_run[of_run["epoch"] == of_run["epoch"].max()].iloc[0]
    form = CATEGORIES[last["form"]]
    return {
        "study": study,
        "level": "jfb" if level == "none" else level,
        "batch_size": run.batch_size,
        "seed": run.seed,
        "lowest": _rounded(log["train_loss"].min()),
        "best": best,
        "end": _rounded(last["loss"]),
        "form": _FORMS.get(form, form),
        "least": _rounded(least.get(form, math.nan)),
        "trained": len(log),
        "epochs": shown["epoch"].tolist(),
        "series": {name: [_rounded(v) for v in shown[name]] for name in SERIES},
        "ranges": {name: _ranges(log[name].to_numpy(), shown.index.to_numpy()) for name in RANGES},
        "snapshots": [
            {
                "epoch": int(epoch),
                "loss": _rounded(group["loss"].iloc[0]),
                "form": int(group["form"].iloc[0]),
                "corners": [
                    [_rounded(x, _DRAWN), _rounded(y, _DRAWN)]
                    for x, y in zip(group["position"], group["value"], strict=True)
                    if np.isfinite(x)
                ],
            }
            for epoch, group in of_run.groupby("epoch")
        ],
    }


def _ranges(values: np.ndarray, ends: np.ndarray) -> list[list[float | None]]:
    """The lowest and the highest values of intervals, without the first ones of one value each.

    Args:
        values: of all epochs.
        ends: where the intervals end, of which the first begins at 0.
    """
    starts = np.concatenate([[0], ends[:-1] + 1])
    first = np.argmax(np.append(ends > starts, True))
    return [
        [_rounded(v, _DRAWN - 1) for v in extreme.reduceat(values, starts)[first:]]
        for extreme in (np.fmin, np.fmax)
    ]


def _rounded(value: float, digits: int = _DIGITS) -> float | None:
    """To some significant digits; None if it is not finite."""
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None


def gradient_in_words(level: str) -> str:
    """What a level of the page is called: neumann_5 is the Neumann series, order 5."""
    words = []
    for name in level.split("/"):
        kind, _, order = name.partition("_")
        is_known = kind in GRADIENTS and (not order or order.isdigit())
        told = GRADIENTS[kind] if is_known else name.replace("_", " ")
        words.append(f"{told}, order {order}" if is_known and order else told)
    return "; ".join(words)


def study_in_words(name: str, runs: Sequence[Mapping[str, Any]], replay: str) -> str:
    """The name of a study with a word on what it has."""
    if name == replay:
        return f"{name}: the published runs"
    counts = [
        (len({run[key] for run in runs}), what)
        for key, what in (("level", "gradients"), ("seed", "seeds"))
    ]
    told = [f"{n} {what}" for n, what in counts if n > 1]
    return f"{name}: {', '.join(told)}" if told else name


def points_of(path: str | Path) -> list[list[float]]:
    """Some training points in order: position along their line in metres, and target."""
    training, _ = dataset.read(path)
    # From the end that is first along the axis of the line's largest spread.
    axis = np.ptp(training.inputs, axis=0).argmax()
    first = training.inputs[training.inputs[:, axis].argmin()]
    position = np.linalg.norm(training.inputs.astype(float) - first, axis=1)
    order = np.argsort(position)
    kept = order[np.linspace(0, len(order) - 1, min(POINTS, len(order))).round().astype(int)]
    return [[_rounded(position[k]), _rounded(training.target[k])] for k in kept]


def payload(
    studies: Mapping[str, tuple[Sequence[str | Path], pd.DataFrame]],
    data: str | Path,
    closed_forms: pd.DataFrame,
    threshold: float,
    replay: str,
    origin: str,
) -> dict[str, Any]:
    """All data of the page.

    Args:
        studies: by name, the paths of its logs, and its pieces.
        data: path of the dataset that all of them have.
        closed_forms: of that dataset, see `jfb.measure.closed_forms`.
        threshold: largest error of a prediction that counts as accurate.
        replay: the study that repeats the published runs.
        origin: see `jfb.storage.provenance.of`.
    """
    least = dict(zip(closed_forms["category"], closed_forms["loss"], strict=True))
    runs = {
        study: [run_of(path, study, pieces, least) for path in paths]
        for study, (paths, pieces) in studies.items()
    }
    all_runs = [run for some in runs.values() for run in some]
    return {
        "series": SERIES,
        "forms": [_FORMS.get(form, form) for form in CATEGORIES],
        "points": points_of(data),
        "threshold": threshold,
        "origin": json.loads(origin),
        "reached": REACHED,
        "words": {
            "study": {name: study_in_words(name, some, replay) for name, some in runs.items()},
            "level": {run["level"]: gradient_in_words(run["level"]) for run in all_runs},
        },
        "runs": all_runs,
    }


def page(found: Mapping[str, Any], folder: str | Path) -> str:
    """The page with its data, scripts and style in it.

    Args:
        found: see `payload`.
        folder: with explorer.html, .css, .js and the libraries.
    """
    # Neither </script> nor a comment can begin within it.
    data = json.dumps(found, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    parts = {
        "style": _text(folder, ["explorer.css"]),
        "libraries": _text(folder, sorted(p.name for p in Path(folder, "vendor").glob("*.js"))),
        "data": data,
        "script": _text(folder, ["charts.js", "explorer.js"]),
    }
    text = _text(folder, ["explorer.html"])
    for name, part in parts.items():
        before, mark, after = text.partition(f"/* {name} */")
        if not mark:
            raise files.FileFault(Path(folder, "explorer.html"), f"it has no place for {name}")
        text = before + part + after
    return text


def _text(folder: str | Path, names: Iterable[str]) -> str:
    paths = [Path(folder, "vendor" if ".min." in name else "", name) for name in names]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)
