"""Why lowest losses fall into levels: what the latent units of a network have to do with it."""

import numpy as np
import pandas as pd

#: What a network can be, by its active units and kinks on the training points.
CATEGORIES = ("no active unit", "no kink", "1 kink", "2 kinks", "3 kinks or more")
CATEGORIES += ("no fixed point found", "diverged")


def category(units: pd.DataFrame) -> pd.Series:
    """The category of each row of `jfb.units`, as an ordered categorical."""
    names = units["kinks"].clip(upper=3).map(dict(enumerate(CATEGORIES[1:])))
    names = names.where(units["active_units"] > 0, CATEGORIES[0])
    names = names.where(units["converged"], "no fixed point found")
    names = names.mask(units["diverged"], "diverged")
    return pd.Series(pd.Categorical(names, CATEGORIES, ordered=True), units.index)


def ends(summary: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The runs of a study with the category of their final network.

    Args:
        summary: see `jfb.summary`.
        units: see `jfb.units.Row`, of the same runs.

    Returns:
        The summary with active_units, kinks and category; a run that the summary calls diverged is
        of the category diverged, and has neither units nor kinks.
    """
    final = units.loc[units.groupby(["batch_size", "seed"])["epoch"].idxmax()]
    final = final.assign(category=category(final))
    columns = ["batch_size", "seed", "active_units", "kinks", "category"]
    runs = summary.merge(final[columns], on=["batch_size", "seed"], validate="1:1")
    # The summary also knows of losses that were not finite while the parameters were.
    runs.loc[runs["diverged"], "category"] = "diverged"
    counts = runs[["active_units", "kinks"]].mask(runs["diverged"])
    return runs.assign(**counts)


def by_category(runs: pd.DataFrame) -> pd.DataFrame:
    """What lowest loss the runs of each category reach.

    Args:
        runs: as `ends` returns them.

    Returns:
        A row per category that occurs: category, runs, the lowest, quartiles and highest of
        lowest_loss, and runs_<batch size>, how many runs of each batch size there are. Of diverged
        runs it is the lowest loss before; quartiles leave out those that have none.
    """
    losses = runs.groupby("category", observed=True)["lowest_loss"]
    table = losses.quantile([0, 0.25, 0.5, 0.75, 1]).unstack()
    table.columns = [f"lowest_loss_{name}" for name in ("lowest", "q1", "median", "q3", "highest")]
    table.insert(0, "runs", losses.size())
    counts = pd.crosstab(runs["category"], runs["batch_size"])
    counts = counts[sorted(counts, reverse=True)].add_prefix("runs_")
    return table.join(counts).reset_index()


def fates(units: pd.DataFrame) -> pd.DataFrame:
    """Whether the start or the batches decide what becomes of the units, and when.

    Args:
        units: see `jfb.units.Row`; runs of one seed have the same start.

    Returns:
        A row per batch size, the largest first: batch_size, runs, and diverged, how many of them
        did; active_at_start and active_at_end, means of the number of active units, the second of
        the runs that did not diverge; lost_units, the share of runs that end with fewer of them
        than they start with, and epoch_of_last_death, the median over those of the snapshot at
        which the number falls for the last time; epoch_of_category, the median snapshot from which
        the category stays; as_at_start, the share of runs that end in the category in which they
        started, and as_largest_batch, in that in which the same seed ends at the largest batch
        size; for both, `_by_chance`, the share expected if seeds were paired at random. Shares are
        of all runs: a diverged one has lost no units, and is of the category diverged.
    """
    units = units.assign(category=category(units).astype(str)).sort_values("epoch")
    runs = units.groupby(["batch_size", "seed"]).apply(_fate, include_groups=False)
    largest = runs.loc[runs.index.get_level_values("batch_size").max(), "end"]
    rows = []
    for size in sorted(units["batch_size"].unique(), reverse=True):
        own = runs.loc[size]
        lost = own["active_at_end"] < own["active_at_start"]
        rows.append(
            {
                "batch_size": size,
                "runs": len(own),
                "diverged": (own["end"] == "diverged").sum(),
                "active_at_start": own["active_at_start"].mean(),
                "active_at_end": own["active_at_end"].mean(),
                "lost_units": lost.mean(),
                "epoch_of_last_death": own.loc[lost, "last_death"].median(),
                "epoch_of_category": own["settled"].median(),
                **_agreement("as_at_start", own["end"], own["start"]),
                **_agreement("as_largest_batch", own["end"], largest),
            }
        )
    return pd.DataFrame(rows)


def _fate(run: pd.DataFrame) -> pd.Series:
    """What became of the units of one run, whose snapshots come in their order."""
    active, kind, epoch = (run[name].to_numpy() for name in ("active_units", "category", "epoch"))
    deaths = np.flatnonzero(np.diff(active) < 0) + 1
    other = np.flatnonzero(kind != kind[-1])
    return pd.Series(
        {
            "active_at_start": active[0],
            "active_at_end": active[-1],
            "last_death": epoch[deaths[-1]] if len(deaths) else np.nan,
            "settled": epoch[other[-1] + 1] if len(other) else epoch[0],
            "start": kind[0],
            "end": kind[-1],
        }
    )


def _agreement(name: str, one: pd.Series, other: pd.Series) -> dict[str, float]:
    """Share of seeds at which two agree, and the share expected of independent ones."""
    both = pd.concat([one, other], axis=1, keys=["one", "other"]).dropna()
    shares = [both[column].value_counts(normalize=True) for column in both]
    by_chance = shares[0].mul(shares[1], fill_value=0).sum()
    return {name: (both["one"] == both["other"]).mean(), f"{name}_by_chance": by_chance}
