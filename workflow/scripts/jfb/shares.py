"""How many runs reach the minimum, with an interval."""

from collections.abc import Sequence

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from jfb.levels import REACHED


def shares(summary: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Share of runs whose lowest loss is at most 0.001, by the columns `by`.

    Args:
        summary: see `jfb.summary`; a run without a finite loss has not reached it, one that
            diverged after it had reached it has.
        by: columns of the summary.

    Returns:
        A row per group, in the order of the summary: the columns `by`, runs, reached, diverged,
        share_reached = reached / runs, and its 95 % Wilson interval, share_low and share_high. Runs
        that diverged are among the runs.
    """
    by = list(by)
    groups = summary.assign(reached=summary["lowest_loss"].le(REACHED)).groupby(by, sort=False)
    table = groups.agg(
        runs=("reached", "size"), reached=("reached", "sum"), diverged=("diverged", "sum")
    ).reset_index()
    table["share_reached"] = table["reached"] / table["runs"]
    table["share_low"], table["share_high"] = proportion_confint(
        table["reached"], table["runs"], alpha=0.05, method="wilson"
    )
    return table
