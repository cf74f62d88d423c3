"""How many runs reach the minimum, with an interval."""

from collections.abc import Sequence

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from jfb.records.summary import REACHED

#: Levels at which shares are compared where the choice of one could matter.
LEVELS = (5e-4, REACHED, 2e-3, 5e-3, 1e-2)


def shares(summary: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Share of runs whose lowest loss is at most 0.001, by the columns `by`.

    The logged loss is the mean over an epoch, at the points that the solver stopped at; the exact
    one is of the network at the end of that epoch, at exact fixed points (`jfb.engines.summary`).

    Args:
        summary: see `jfb.engines.summary`; a run without a finite loss has not reached it, one that
            diverged after it had reached it has.
        by: columns of the summary.

    Returns:
        A row per group, in the order of the summary: the columns `by`, runs, reached, diverged,
        share_reached = reached / runs, and its 95 % Wilson interval, share_low and share_high;
        then reached_exact and share_reached_exact, by the exact loss, NaN where no run has one.
        Runs that diverged are among the runs.
    """
    by = list(by)
    reached = summary["lowest_loss"].le(REACHED)
    exact = summary["exact_best_loss"].astype(float)
    counted = summary.assign(reached=reached, reached_exact=exact.le(REACHED), known=exact.notna())
    groups = counted.groupby(by, sort=False)
    table = groups.agg(
        runs=("reached", "size"),
        reached=("reached", "sum"),
        diverged=("diverged", "sum"),
        reached_exact=("reached_exact", "sum"),
        known=("known", "any"),
    ).reset_index()
    table["share_reached"] = table["reached"] / table["runs"]
    table["share_low"], table["share_high"] = proportion_confint(
        table["reached"], table["runs"], alpha=0.05, method="wilson"
    )
    table["reached_exact"] = table.pop("reached_exact").where(table.pop("known"))
    table["share_reached_exact"] = table["reached_exact"] / table["runs"]
    return table


def reached_with_largest(summary: pd.DataFrame) -> pd.DataFrame:
    """Whether the seeds that reach 0.001 at the largest batch size reach it at the others too.

    Args:
        summary: see `jfb.engines.summary`; runs differ in batch size and seed.

    Returns:
        A row per batch size, the largest first: batch_size; reached, the number of seeds whose
        lowest loss is at most 0.001; reached_at_largest, how many of the seeds that there are here
        reach it at the largest batch size; and reached_at_both.
    """
    reached = summary.assign(reached=summary["lowest_loss"].le(REACHED))
    seeds = reached.pivot(index="seed", columns="batch_size", values="reached")
    sizes = sorted(seeds, reverse=True)
    rows = []
    for size in sizes:
        both = seeds[[size, sizes[0]]].dropna().astype(bool).to_numpy()
        counts = both[:, 0].sum(), both[:, 1].sum(), both.all(axis=1).sum()
        rows.append((size, *map(int, counts)))
    columns = ["batch_size", "reached", "reached_at_largest", "reached_at_both"]
    return pd.DataFrame(rows, columns=columns)
