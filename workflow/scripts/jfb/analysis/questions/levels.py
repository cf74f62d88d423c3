"""Runs compared where their loss is the same."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def where_reached(run: pd.DataFrame, level: float, names: Sequence[str]) -> pd.Series:
    """Columns of a run where its loss first falls to a level; NaN if it does not.

    Between the snapshot before and that after, linearly in log of the loss.

    Args:
        run: its snapshots in order, with `loss`, which is above the level at the first.
        level: of the loss.
        names: of the columns.
    """
    low = np.flatnonzero(run["loss"] <= level)
    if not len(low) or low[0] == 0:
        return pd.Series(np.nan, names)
    ends = run.iloc[[low[0], low[0] - 1]]
    logarithms = np.log(ends["loss"])
    return pd.Series({name: np.interp(np.log(level), logarithms, ends[name]) for name in names})
