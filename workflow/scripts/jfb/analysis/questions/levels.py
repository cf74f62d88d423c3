"""Runs compared where their loss is the same."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: Whether a run gets to the level, beside what it is there.
REACHED = "reached"


def where_reached(run: pd.DataFrame, level: float, names: Sequence[str]) -> pd.Series:
    """Columns of a run where its loss first falls to a level, and whether it does.

    Between the snapshot that reaches it and the last one before with a finite loss, linearly in log
    of the loss. NaN where there is none before, or the level is not reached.

    Args:
        run: its snapshots in order, with `loss`.
        level: of the loss.
        names: of the columns.
    """
    known = run[np.isfinite(run["loss"])]
    low = np.flatnonzero(known["loss"] <= level)
    found = pd.Series(np.nan, [*names, REACHED], dtype=float)
    found[REACHED] = float(len(low) > 0)
    if not len(low) or low[0] == 0:
        return found
    ends = known.iloc[[low[0], low[0] - 1]]
    logarithms = np.log(ends["loss"])
    for name in names:
        found[name] = np.interp(np.log(level), logarithms, ends[name])
    return found
