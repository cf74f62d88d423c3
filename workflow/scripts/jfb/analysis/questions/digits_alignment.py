"""Does JFB point the right way on a convolutional network?"""

import itertools

import numpy as np
import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, mean, mean_difference, share_by_seed

READERS = {"networks": inputs.frames}

_RUN = ["batch_size", "seed"]


def measure(networks: list[pd.DataFrame]) -> list[Measured]:
    """Cosine of JFB and exact along training, and what the maps are like, by batch size.

    Snapshots lie at other updates in a run of another batch size: means along training are of
    values that are interpolated to those of the smallest batches. A snapshot whose exact gradient
    was not found counts with a cosine of 0.

    Args:
        networks: as `jfb.records.linearisation` has them, of one study by batch size.
    """
    along = pd.concat(networks, ignore_index=True)
    along["cosine"] = along["cosine"].where(along["converged"], 0.0)
    trained = along[along["epoch"] > 0]
    shared = sorted(set(trained.loc[_smallest(trained), "updates"]))
    start, last = (_of_runs(along[chosen]) for chosen in (along["epoch"] == 0, _last(along)))
    measures = {
        "cosine": _along(along, "cosine", shared).mean(axis=1, skipna=False),
        "norm_ratio": _along(along, "norm_ratio", shared).mean(axis=1, skipna=False),
        "lowest_cosine": _along(along, "cosine", shared).min(axis=1, skipna=False),
        "radius_at_start": start["radius"],
        "radius_at_end": last["radius"],
        "curvature_at_end": last["curvature"],
        "loss_at_end": last["loss"],
    }
    full, *others = sorted(set(along["batch_size"]), reverse=True)
    rows = []
    for name, values in measures.items():
        rows += [mean((name, "", size, ""), values[size]) for size in (full, *others)]
        rows += [
            mean_difference((name, "", full, str(size)), values[full], values[size])
            for size in others
        ]
    at = _along(along, "cosine", [0, *shared])
    for size, (place, updates) in itertools.product((full, *others), enumerate([0, *shared])):
        rows.append(mean(("cosine_at", f"{updates}", size, ""), at[place].loc[size]))
    for size in (full, *others):
        found = _last(along) & (along["batch_size"] == size) & along["converged"]
        rows.append(mean(("cosine_found", "", size, ""), along.loc[found, "cosine"]))
    for size in (full, *others):
        found = trained[trained["batch_size"] == size].set_index("seed")["converged"]
        rows.append(share_by_seed(("found", "", size), found))
    return rows


def _smallest(rows: pd.DataFrame) -> pd.Series:
    return rows["batch_size"] == rows["batch_size"].min()


def _last(rows: pd.DataFrame) -> pd.Series:
    """Those of the last epoch of their batch size; a run that ended before it has none."""
    return rows["epoch"] == rows.groupby("batch_size")["epoch"].transform("max")


def _of_runs(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.set_index(_RUN).sort_index()


def _along(rows: pd.DataFrame, column: str, updates: list[int]) -> pd.DataFrame:
    """A column at some updates, of each run, linearly between its snapshots.

    After the end of a run that diverged, a cosine is 0, and another value missing.
    """
    after = 0.0 if column == "cosine" else np.nan
    last = min(max(updates), rows.groupby("batch_size")["updates"].max().min())
    places = [min(at, last) for at in updates]
    return rows.groupby(_RUN)[["updates", column]].apply(
        lambda run: pd.Series(np.interp(places, run["updates"], run[column], right=after))
    )
