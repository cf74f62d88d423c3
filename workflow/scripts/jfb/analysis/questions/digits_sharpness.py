"""Is the loss of the full batch sharper than that of small batches, where both are as low?"""

import numpy as np
import pandas as pd

from jfb.analysis.questions.inputs import frame
from jfb.analysis.questions.levels import REACHED, where_reached
from jfb.analysis.questions.measured import Measured, mean, mean_difference, share
from jfb.records.class_sharpness import LEVEL

READERS = {"reached": frame}

_SHARPNESS = ("largest", "relative", "rescaled")
_MEASURES = (*_SHARPNESS, "val_accuracy", "updates")


def measure(reached: pd.DataFrame) -> list[Measured]:
    """Sharpness, accuracy and updates where the loss is at the level, by batch size.

    Sharpness is told as log10, and compared in decades. `reached` is the share of runs that get to
    the level; the others, and those that are there from the start, are in nothing else.

    Args:
        reached: of one study without factors.
    """
    runs = reached.copy()
    for name in _SHARPNESS:
        runs[name] = np.log10(runs[name].where(runs[name] > 0))
    found = (
        runs.sort_values("epoch")
        .groupby(["batch_size", "seed"])[["loss", *_MEASURES]]
        .apply(lambda run: where_reached(run, LEVEL, _MEASURES))
    )
    full, *others = sorted(set(runs["batch_size"]), reverse=True)
    rows = [share(("reached", "", size), found.loc[size, REACHED] == 1) for size in (full, *others)]
    for name in _MEASURES:
        rows += [mean((name, "", size, ""), found.loc[size, name]) for size in (full, *others)]
        rows += [
            mean_difference(
                (name, "", full, f"{size}"), found.loc[full, name], found.loc[size, name]
            )
            for size in others
        ]
    return rows
