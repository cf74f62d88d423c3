"""What does a start at the last fixed point save, on a picture that is learnt as a function?"""

import numpy as np
import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, mean, mean_difference

READERS = {"epochs": inputs.by_work}

#: The level without a search.
EXPLICIT = "explicit"
#: PSNR up to which work is counted, in decibels.
TARGET = 20.0
#: Updates along a run that are shown.
_SHOWN = 12
#: Levels that are compared, the first with the second.
_COMPARED = (
    ("previous", "zero"),
    ("once", "zero"),
    ("zero_neumann", "zero"),
    ("once_neumann", "once"),
    ("explicit", "zero"),
)


def psnr(mean_squared_error: pd.Series) -> pd.Series:
    """The peak signal-to-noise ratio in decibels, of grey values from 0 to 1."""
    return -10 * np.log10(mean_squared_error)


def measure(epochs: pd.DataFrame) -> list[Measured]:
    """PSNR, work and time by search; and one search against another.

    Work is in applications of T and of its transposed Jacobian for each sample, compared in
    decades. After a search, one more application of T is differentiated, which logs do not count;
    of an explicit network, it is the last of those that they count. Work to the target is up to the
    first epoch whose PSNR is at least that, and a run that does not get there has none.

    Args:
        epochs: as `jfb.analysis.questions.inputs.by_work` has them, with the factor `search`.
    """
    runs = epochs.sort_values("epoch")
    runs = runs.assign(
        psnr=psnr(runs["train_loss"]),
        work=runs["work"] + runs["epoch"].where(runs["search"] != EXPLICIT, 0),
        unseen=psnr(runs["val_loss"]),
        seconds=runs.groupby(["search", "batch_size", "seed"])["train_seconds"].cumsum(),
    )
    keys = ["search", "batch_size", "seed"]
    last = runs.groupby(keys).tail(1).set_index(keys).sort_index()
    there = runs[runs["psnr"] >= TARGET].groupby(keys)["work"].first()
    (size,) = set(runs["batch_size"])
    levels = list(dict.fromkeys(epochs["search"]))
    measures = {"psnr": last["psnr"], "unseen": last["unseen"]}
    ratios = {"work": last["work"], "seconds": last["seconds"], "work_to_target": there}
    rows = []
    for name, values in (measures | ratios).items():
        rows += [
            mean((name, level, size, ""), values.loc[level, size])
            for level in levels
            if (level, size) in values.index.droplevel("seed")
        ]
    for name, values in (measures | {k: np.log10(v) for k, v in ratios.items()}).items():
        for level, against in _COMPARED:
            pair = [
                values.reindex([part], level="search").droplevel([0, 1])
                for part in (level, against)
            ]
            rows.append(mean_difference((name, level, size, against), *pair))
    shown = np.unique(np.geomspace(1, runs["epoch"].max(), _SHOWN).round().astype(int))
    for level in levels:
        some = runs[runs["search"] == level]
        for epoch in shown:
            at = some[some["epoch"] == epoch]
            for name in ("psnr", "work", "seconds"):
                rows.append(mean((f"{name}_at", level, size, f"{epoch}"), at[name]))
    return rows
