"""Is the loss of the full batch sharper than that of small batches, where both are as low?"""

import numpy as np
import pandas as pd

from jfb.analysis.questions.measured import Measured, mean, mean_difference
from jfb.records.class_sharpness import LEVEL
from jfb.storage import parquet


def reached(path: str) -> pd.DataFrame:
    """Snapshots around the level of the loss, see `jfb.records.class_sharpness`."""
    return parquet.read_frame(path, "sharpness where a loss is reached")


READERS = {"reached": reached}

_SHARPNESS = ("largest", "relative", "rescaled")
_MEASURES = (*_SHARPNESS, "val_accuracy", "updates")


def measure(reached: pd.DataFrame) -> list[Measured]:
    """Sharpness, accuracy and updates where the loss is at the level, by batch size.

    Between the snapshot before and that after, linearly in log of the loss. Sharpness is told as
    log10, and compared in decades.

    Args:
        reached: of one study without factors.
    """
    runs = reached.copy()
    for name in _SHARPNESS:
        runs[name] = np.log10(runs[name].where(runs[name] > 0))
    found = runs.groupby(["batch_size", "seed"])[["loss", *_MEASURES]].apply(_at_level)
    full, *others = sorted(set(runs["batch_size"]), reverse=True)
    rows = []
    for name in _MEASURES:
        rows += [mean((name, "", size, ""), found.loc[size, name]) for size in (full, *others)]
        rows += [
            mean_difference(
                (name, "", full, f"{size}"), found.loc[full, name], found.loc[size, name]
            )
            for size in others
        ]
    return rows


def _at_level(run: pd.DataFrame) -> pd.Series:
    ends = run.sort_values("loss")
    if len(ends) < 2 or not ends["loss"].iloc[0] <= LEVEL <= ends["loss"].iloc[-1]:
        return pd.Series(np.nan, _MEASURES)
    at = {n: np.interp(np.log(LEVEL), np.log(ends["loss"]), ends[n]) for n in _MEASURES}
    return pd.Series(at)
