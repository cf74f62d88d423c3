"""Why lowest losses fall into levels: what the latent units of a network have to do with it."""

import numpy as np
import pandas as pd

from jfb.records.units import (
    CATEGORIES,
    CONSTANT,
    DIVERGED,
    FLAT_SIDE,
    MORE_KINKS,
    NO_FIXED_POINT,
    NOT_ON_A_LINE,
    ONE_KINK,
    STRAIGHT,
    TWO_KINKS,
)


def category(units: pd.DataFrame) -> pd.Series:
    """The category of each row of `jfb.measure.units`, as an ordered categorical."""
    kinks, flat = units["function_kinks"], units["flat_pieces"] > 0
    cases = [
        (units["diverged"], DIVERGED),
        (~units["converged"], NO_FIXED_POINT),
        (kinks.isna(), NOT_ON_A_LINE),
        ((kinks == 0) & flat, CONSTANT),
        (kinks == 0, STRAIGHT),
        ((kinks == 1) & flat, FLAT_SIDE),
        (kinks == 1, ONE_KINK),
        (kinks == 2, TWO_KINKS),
    ]
    conditions, names = zip(*cases, strict=True)
    found = np.select([np.asarray(c, bool) for c in conditions], names, MORE_KINKS)
    return pd.Series(pd.Categorical(found, CATEGORIES, ordered=True), units.index)


def ends(summary: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The runs of a study with the category of their final network.

    Args:
        summary: see `jfb.engines.summary`.
        units: see `jfb.records.units.Row`, of the same runs.

    Returns:
        The summary with active_units, switching_units, function_kinks and category; a run that the
        summary calls diverged is of the category diverged, and has no counts.
    """
    final = units.loc[units.groupby(["batch_size", "seed"])["epoch"].idxmax()]
    final = final.assign(category=category(final))
    counts = ["active_units", "switching_units", "function_kinks"]
    columns = ["batch_size", "seed", *counts, "category"]
    runs = summary.merge(final[columns], on=["batch_size", "seed"], validate="1:1")
    # The summary also knows of losses that were not finite while the parameters were.
    runs.loc[runs["diverged"], "category"] = DIVERGED
    return runs.assign(**runs[counts].mask(runs["diverged"]))


def by_category(runs: pd.DataFrame, closed_forms: pd.DataFrame) -> pd.DataFrame:
    """What loss the runs of each category reach.

    Args:
        runs: as `ends` returns them.
        closed_forms: as `jfb.measure.closed_forms.table` returns them.

    Returns:
        A row per category that occurs: category, runs, closed_form, the least loss that a function
        of this form can have, if that is known; the lowest, quartiles and highest of
        exact_best_loss, of the runs that have one, and of lowest_loss, as it was logged; and
        runs_<batch size>, how many runs of each batch size there are. Of diverged runs the losses
        are the lowest before; quartiles leave out those that have none.
    """
    groups = runs.groupby("category", observed=True)
    table = groups.size().to_frame("runs")
    known = closed_forms.set_index("category")["loss"]
    table["closed_form"] = known.reindex(table.index.astype(str)).to_numpy()
    for measure in ("exact_best_loss", "lowest_loss"):
        quantiles = groups[measure].quantile([0, 0.25, 0.5, 0.75, 1]).unstack()
        quantiles.columns = [f"{measure}_{name}" for name in _QUANTILES]
        table = table.join(quantiles)
    counts = pd.crosstab(runs["category"], runs["batch_size"])
    counts = counts[sorted(counts, reverse=True)].add_prefix("runs_")
    return table.join(counts).reset_index()


_QUANTILES = ("lowest", "q1", "median", "q3", "highest")
