"""One page on which runs are looked at: along training, as functions, and in a table.

The page has all data and libraries in it, and reads nothing from elsewhere. Charts are drawn by
Observable Plot, whose SVG takes the colours of the page and names for screen readers.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jfb.analysis import minima
from jfb.analysis.shares import REACHED
from jfb.output import level_words
from jfb.records import dataset, runlog
from jfb.records.levels import level_of
from jfb.records.units import BY_KINKS, MORE_KINKS, NO_FIXED_POINT
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
    "iterations_mean": "Fixed-point iterations per forward pass",
    "spectral_norm": "Spectral norm of the latent weight",
}
#: Of these, the lowest and the highest value since the epoch that is shown before are there too.
RANGES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")
#: The heading of what runs differ in, where studies have different factors.
SETTING = "setting"
#: The scripts of the page, in the order in which they are read.
SCRIPTS = ("charts", "table", "filter", "words", "explorer")
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
    of_run = of_run.assign(form=forms(of_run))
    last = of_run[of_run["epoch"] == of_run["epoch"].max()].iloc[0]
    stopped = (log["unconverged"] > 0).to_numpy()
    return {
        "study": study,
        "factors": [factor for factor, _ in run.levels],
        "level": level if run.levels else level_words.name_of(run.gradient),
        "batch_size": run.batch_size,
        "seed": run.seed,
        "lowest": _rounded(log["train_loss"].min()),
        "best": best,
        "end": _rounded(last["loss"]),
        "form": last["form"],
        "kinks": int(last["function_kinks"]) if np.isfinite(last["position"]) else None,
        "least": _rounded(least.get(last["form"], math.nan)),
        "trained": len(log),
        "limit": getattr(run.solver, "max_iterations", None),
        "stopped": int(stopped.sum()),
        "stopped_at_best": bool(best and stopped[best - 1]),
        "stopped_since": _counts(stopped, shown.index.to_numpy()) if stopped.any() else [],
        "epochs": shown["epoch"].tolist(),
        "series": {name: [_rounded(v) for v in shown[name]] for name in SERIES},
        "ranges": {name: _ranges(log[name].to_numpy(), shown.index.to_numpy()) for name in RANGES},
        "snapshots": [
            {
                "epoch": int(epoch),
                "loss": _rounded(group["loss"].iloc[0]),
                "form": group["form"].iloc[0],
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


def _counts(happened: np.ndarray, ends: np.ndarray) -> list[int]:
    """In how many epochs of each interval something happened.

    Args:
        happened: of all epochs.
        ends: where the intervals end, of which the first begins at 0.
    """
    return np.diff(np.cumsum(happened)[ends], prepend=0).tolist()


def forms(pieces: pd.DataFrame) -> pd.Series:
    """The form of the function of each row in words, with the number of its kinks.

    Args:
        pieces: see `jfb.records.pieces`.
    """
    category = minima.category(pieces).astype(str)
    many = category == MORE_KINKS
    named = dict(enumerate(BY_KINKS))
    counted = pieces.loc[many, "function_kinks"].astype(int)
    told = counted.map(lambda kinks: named.get(kinks, f"{kinks} kinks"))
    return category.replace(_FORMS).where(~many, told)


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
    factors = {study: some[0]["factors"] for study, some in runs.items()}
    headings = {study: level_words.factors_in_words(some) for study, some in factors.items()}
    is_one = len(set(headings.values())) == 1
    known = list(dict.fromkeys(one["form"] for run in all_runs for one in run["snapshots"]))
    for one in (one for run in all_runs for one in run["snapshots"]):
        one["form"] = known.index(one["form"])

    def in_words(is_named: Callable[[Sequence[str]], bool]) -> dict[str, dict[str, str]]:
        return {
            study: {
                run["level"]: level_words.level_in_words(
                    run["factors"], run["level"], is_named(run["factors"])
                )
                for run in some
            }
            for study, some in runs.items()
        }

    return {
        "series": SERIES,
        "forms": known,
        "points": points_of(data),
        "size": len(dataset.read(data)[0]),
        "threshold": threshold,
        "origin": json.loads(origin),
        "reached": REACHED,
        "heading": next(iter(headings.values())) if is_one else SETTING,
        "headings": headings,
        "words": {
            "study": {
                name: level_words.study_in_words(name, some, replay) for name, some in runs.items()
            },
            # Under the heading of its study, and under the heading of the table.
            "level": in_words(lambda factors: len(factors) > 1),
            "setting": in_words(lambda factors: len(factors) > 1 or not is_one),
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
        "script": _text(folder, [f"{name}.js" for name in SCRIPTS]),
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
