"""Whether the start or the batches decide what becomes of a network, in updates of it."""

import numpy as np
import pandas as pd

from jfb.analysis.minima import DIVERGED, category, ends
from jfb.analysis.shares import reached_with_largest


def fates(summary: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """What becomes of the units and of the function, by batch size, after how many updates.

    Snapshots are evenly spaced in the logarithm of the epoch: a number of updates is that of the
    first snapshot at which something is seen, up to a sixth more than when it happened.

    Args:
        summary: see `jfb.engines.summary`.
        units: see `jfb.records.units.Row`, of the same runs; runs of one seed have the same start.

    Returns:
        A row per batch size, the largest first:

        - batch_size, runs, and diverged, how many of them did;
        - active_at_start and active_at_end, means of the number of active units, the second of the
          runs that did not diverge;
        - lost_units, the share of runs that end with fewer of them than they start with, out of all
          runs; updates_of_last_death, the median over those of the updates after which the number
          falls for the last time; seeds_that_lose_units, which they are;
        - compared_after, the updates of the snapshot that is nearest, in their ratio, to the last
          of the largest batch; as_largest_batch, the share of seeds whose network is there of the
          category in which the same seed ends at the largest batch size; and
          as_largest_batch_by_chance, the share expected if seeds were paired at random;
        - reached, and of the seeds that reach a loss of 0.001 at the largest batch size
          reached_at_largest, those that do here too, reached_at_both: see
          `jfb.analysis.shares.reached_with_largest`.
    """
    units = units.assign(category=category(units).astype(str)).sort_values("epoch")
    runs = units.groupby(["batch_size", "seed"]).apply(_fate, include_groups=False)
    final = ends(summary, units).set_index(["batch_size", "seed"])["category"]
    runs["end"] = final.astype(str)
    sizes = sorted(units["batch_size"].unique(), reverse=True)
    largest = runs.loc[sizes[0], "end"]
    after = units.loc[units["batch_size"] == sizes[0], "updates"].max()
    rows = []
    for size in sizes:
        own, snapshots = runs.loc[size], units[units["batch_size"] == size]
        lost = own["active_at_end"] < own["active_at_start"]
        nearest = _nearest(snapshots["updates"], after)
        there = snapshots[snapshots["updates"] == nearest].set_index("seed")["category"]
        rows.append(
            {
                "batch_size": size,
                "runs": len(own),
                "diverged": (own["end"] == DIVERGED).sum(),
                "active_at_start": own["active_at_start"].mean(),
                "active_at_end": own["active_at_end"].mean(),
                "lost_units": lost.mean(),
                "updates_of_last_death": own.loc[lost, "last_death"].median(),
                "seeds_that_lose_units": " ".join(map(str, sorted(own.index[lost]))),
                "compared_after": nearest,
                **_agreement("as_largest_batch", there, largest),
            }
        )
    return pd.DataFrame(rows).merge(reached_with_largest(summary), on="batch_size")


def _fate(run: pd.DataFrame) -> pd.Series:
    """What became of the units of one run, whose snapshots come in their order."""
    active = run["active_units"].to_numpy(np.float64)
    deaths = np.flatnonzero(np.diff(active) < 0) + 1
    last_death = run["updates"].iloc[deaths[-1]] if len(deaths) else np.nan
    found = {"active_at_start": active[0], "active_at_end": active[-1], "last_death": last_death}
    return pd.Series(found)


def _nearest(updates: pd.Series, wanted: int) -> int:
    """The number of updates that is nearest to the wanted one, in their ratio."""
    known = updates[updates > 0].unique()
    return int(known[np.abs(np.log(known / wanted)).argmin()])


def _agreement(name: str, one: pd.Series, other: pd.Series) -> dict[str, float]:
    """Share of seeds at which two agree, and the share expected of independent ones."""
    both = pd.concat([one, other], axis=1, keys=["one", "other"]).dropna()
    shares = [both[column].value_counts(normalize=True) for column in both]
    by_chance = shares[0].mul(shares[1], fill_value=0).sum()
    return {name: (both["one"] == both["other"]).mean(), f"{name}_by_chance": by_chance}
