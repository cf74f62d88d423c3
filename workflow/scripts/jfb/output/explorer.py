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
from jfb.records import dataset, runlog
from jfb.records.levels import level_of
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
_DIGITS = 5


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
    last = of_run[of_run["epoch"] == of_run["epoch"].max()].head(1)
    form = str(minima.category(last).iloc[0])
    return {
        "study": study,
        "level": "jfb" if level == "none" else level,
        "batch_size": run.batch_size,
        "seed": run.seed,
        "lowest": _rounded(log["train_loss"].min()),
        "best": best,
        "end": _rounded(last["loss"].iloc[0]),
        "form": form,
        "least": _rounded(least.get(form, math.nan)),
        "epochs": shown["epoch"].tolist(),
        "series": {name: [_rounded(v) for v in shown[name]] for name in SERIES},
        "snapshots": [
            {
                "epoch": int(epoch),
                "loss": _rounded(group["loss"].iloc[0]),
                "form": str(minima.category(group.head(1)).iloc[0]),
                "corners": [
                    [_rounded(x), _rounded(y)]
                    for x, y in zip(group["position"], group["value"], strict=True)
                    if np.isfinite(x)
                ],
            }
            for epoch, group in of_run.groupby("epoch")
        ],
    }


def _rounded(value: float) -> float | None:
    """To some significant digits; None if it is not finite."""
    return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None


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
    origin: str,
) -> dict[str, Any]:
    """All data of the page.

    Args:
        studies: by name, the paths of its logs, and its pieces.
        data: path of the dataset that all of them have.
        closed_forms: of that dataset, see `jfb.measure.closed_forms`.
        threshold: largest error of a prediction that counts as accurate.
        origin: see `jfb.storage.provenance.of`.
    """
    least = dict(zip(closed_forms["category"], closed_forms["loss"], strict=True))
    return {
        "series": SERIES,
        "points": points_of(data),
        "threshold": threshold,
        "origin": json.loads(origin),
        "runs": [
            run_of(path, study, pieces, least)
            for study, (paths, pieces) in studies.items()
            for path in paths
        ],
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
        "script": _text(folder, ["explorer.js"]),
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
