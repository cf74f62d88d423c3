"""Statistics that claims are decided by: an estimate, its span, and what it counts.

Runs of one seed are paired: what is compared is their difference, seed by seed. Of what is sampled
(seeds, splits, rounds) the span is a confidence interval, of 95 % unless it says otherwise.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from jfb.analysis import intervals
from jfb.analysis.finding import Finding, Span, counted, exact
from jfb.analysis.intervals import CONFIDENCE
from jfb.analysis.observations import average, by_draw, fact, of_batch_size, paired


def difference(
    table: pd.DataFrame, column: str, batch_size: int, against: int, confidence: float = CONFIDENCE
) -> Finding:
    """Mean paired difference of a quantity between two batch sizes, with its BCa interval.

    Args:
        table: with batch_size, seed and `column`; a seed that lacks either value is left out.
        column: the quantity.
        batch_size, against: of which the second is subtracted.
        confidence: of the interval.
    """
    pairs, counts = paired(table, column, batch_size, against)
    differences = (pairs[batch_size] - pairs[against]).to_numpy(float)
    interval = intervals.of_mean(differences, confidence)
    return Finding(len(pairs), average(differences), *interval, Span.INTERVAL, counts)


def share_difference(
    table: pd.DataFrame, column: str, batch_size: int, against: int, confidence: float = CONFIDENCE
) -> Finding:
    """Difference of two paired shares, with the interval of Bonett and Price.

    Args:
        table: with batch_size, seed and `column`.
        column: true or false of a run.
        batch_size, against: of which the share of the second is subtracted.
        confidence: of the interval.
    """
    pairs, counts = paired(table, column, batch_size, against)
    first, second = (pairs[size].to_numpy(bool) for size in (batch_size, against))
    interval = intervals.of_paired_shares(first, second, confidence)
    estimate = average(first.astype(float) - second)
    return Finding(len(pairs), estimate, *interval, Span.INTERVAL, counts)


def share(
    table: pd.DataFrame,
    column: str,
    batch_size: int | None = None,
    confidence: float = CONFIDENCE,
) -> Finding:
    """Share of runs of which `column` is true, with its Wilson interval.

    Args:
        table: with batch_size and `column`.
        column: true or false of a run.
        batch_size: of the runs; all of them if it is not given.
        confidence: of the interval.
    """
    values = of_batch_size(table, column, batch_size)
    known = values.dropna().astype(bool)
    interval = intervals.of_share(int(known.sum()), len(known), confidence)
    counts = counted(len(known), len(values), "runs", {"without a value": values.isna().sum()})
    return Finding(len(known), average(known.to_numpy(float)), *interval, Span.INTERVAL, counts)


def mean(
    table: pd.DataFrame,
    column: str,
    batch_size: int,
    of_each: str = "seed",
    confidence: float = CONFIDENCE,
) -> Finding:
    """Mean of a quantity over what was drawn at random; of each draw, its own mean first.

    Args:
        table: with batch_size, `of_each` and `column`; rows without a finite value are left out.
        column: the quantity.
        batch_size: of the runs.
        of_each: column of what was drawn independently: the seed, or the seed of the split.
        confidence: of the interval, which is BCa over the draws.
    """
    values, counts = by_draw(table, column, batch_size, of_each)
    interval = intervals.of_mean(values, confidence)
    return Finding(len(values), average(values), *interval, Span.INTERVAL, counts)


def mean_share(
    table: pd.DataFrame, column: str, batch_size: int, confidence: float = CONFIDENCE
) -> Finding:
    """Mean over seeds of a share of each, with Gaffke's interval.

    Args:
        table: with batch_size, seed and `column`; of several rows of a seed, their mean is its
            share. Rows without a value are left out.
        column: the share, or true and false.
        batch_size: of the runs.
        confidence: of the interval.
    """
    values, counts = by_draw(table, column, batch_size, "seed")
    interval = intervals.of_mean_of_shares(values, confidence)
    return Finding(len(values), average(values), *interval, Span.INTERVAL, counts)


def value(table: pd.DataFrame, column: str, batch_size: int) -> Finding:
    """A quantity of the one run of a batch size; NaN where there is none, or another number."""
    values = of_batch_size(table, column, batch_size)
    found = values.item() if len(values) == 1 else math.nan
    return exact(found, len(values), counted(len(values), len(values), "runs"))


def value_difference(table: pd.DataFrame, column: str, batch_size: int, against: int) -> Finding:
    """Difference of a quantity between the one run of a batch size and that of another."""
    first, second = (value(table, column, size).estimate for size in (batch_size, against))
    return exact(first - second, 2, "one run of each")


def share_of_all(table: pd.DataFrame, column: str, what: str = "runs") -> Finding:
    """Share of given rows of which `column` is true, as a fact about them; `what` they are.

    It is not known, and NaN, where `column` is missing in one of them.
    """
    values = table[column].astype(float)
    return fact(values, values.mean(skipna=False), what)


def largest(table: pd.DataFrame, column: str) -> Finding:
    """The largest value of a quantity in given runs, a fact about them; NaN where one has none."""
    return fact(table[column], table[column].max(skipna=False), "runs")


def value_above_lowest(table: pd.DataFrame, column: str, batch_size: int) -> Finding:
    """A quantity of the one run of a batch size, less the lowest of all runs."""
    found = value(table, column, batch_size).estimate - table[column].min()
    return exact(found, len(table), counted(len(table), len(table), "runs"))


def lowest(table: pd.DataFrame, column: str) -> Finding:
    """The lowest value of a quantity in any run."""
    values = table[column]
    early = values.isna() & (table["lowest_loss"].isna() if "lowest_loss" in table else False)
    left_out = {
        "diverged before a finite loss": early.sum(),
        "without a value": (values.isna() & ~early).sum(),
    }
    n = int(values.notna().sum())
    return exact(values.min(), n, counted(n, len(values), "runs", left_out))


def ratio(
    table: pd.DataFrame,
    column: str,
    by: str,
    of: str | int,
    against: str | int,
    per: str = "round",
    confidence: float = CONFIDENCE,
) -> Finding:
    """Geometric mean of a ratio that was measured in several rounds, with Student's t on its log.

    Args:
        table: with `per`, `by` and `column`; several rows of a round are averaged first, and a
            round that lacks either is left out.
        column: the quantity.
        by: column that tells the two things apart.
        of, against: its values in the numerator and the denominator.
        per: column of what both were measured in.
        confidence: of the interval.
    """
    wide = table.pivot_table(index=per, columns=by, values=column, aggfunc="mean")
    wide = wide.reindex(columns=[of, against])
    logs = np.log((wide[of] / wide[against]).dropna().to_numpy(float))
    n = len(logs)
    counts = counted(n, len(wide), f"{per}s", {"without both": len(wide) - n})
    if n < 2:
        return Finding(n, average(np.exp(logs)), *intervals.NONE, Span.INTERVAL, counts)
    ends = stats.ttest_1samp(logs, 0).confidence_interval(confidence)
    estimate, low, high = (float(np.exp(x)) for x in (logs.mean(), ends.low, ends.high))
    return Finding(n, estimate, low, high, Span.INTERVAL, counts)


def cost_ratio(table: pd.DataFrame, column: str, of: str, against: str) -> Finding:
    """Median over settings of the ratio of two costs, with its range.

    Args:
        table: with a row per setting and gradient: iterations, latent_dim, gradient, and `column`.
        column: the cost.
        of, against: gradients in the numerator and the denominator.
    """
    wide = table.pivot(index=["iterations", "latent_dim"], columns="gradient", values=column)
    wide = wide.reindex(columns=[of, against])
    ratios = (wide[of] / wide[against]).dropna().to_numpy(float)
    n = len(ratios)
    counts = counted(n, len(wide), "settings", {"without both": len(wide) - n})
    ends = (ratios.min(), ratios.max()) if n else intervals.NONE
    estimate = float(np.median(ratios)) if n else math.nan
    return Finding(n, estimate, float(ends[0]), float(ends[1]), Span.RANGE, counts)


def matched_difference(
    table: pd.DataFrame,
    column: str,
    match: str,
    within: float,
    batch_size: int,
    against: int,
    confidence: float = CONFIDENCE,
    same: str | None = None,
) -> Finding:
    """Mean difference of a quantity between two batch sizes, among runs of a seed that match.

    Args:
        table: with batch_size, seed, `column` and `match`; a seed that lacks either is left out.
        column: the quantity.
        match: what the two runs of a seed must agree in.
        within: up to this difference.
        batch_size, against: of which the second is subtracted.
        confidence: of the interval, which is BCa over seeds.
        same: a column in which the two runs must be equal besides, if any.
    """
    pairs, _ = paired(table, match, batch_size, against)
    values, _ = paired(table, column, batch_size, against)
    both = pairs.index.intersection(values.index)
    close = both[(pairs[batch_size] - pairs[against]).abs()[both] <= within]
    known = alike = values.loc[close]
    if same is not None:
        kinds, _ = paired(table, same, batch_size, against)
        known = known.loc[close.intersection(kinds.index)]
        alike = known[(kinds[batch_size] == kinds[against])[known.index]]
    differences = (alike[batch_size] - alike[against]).to_numpy(float)
    seeds = table.loc[table["batch_size"].isin([batch_size, against]), "seed"].nunique()
    left_out = {
        "without values at both batch sizes": seeds - len(both),
        f"of which {_apart(match, within)}": len(both) - len(close),
        f"of unknown {same}": len(close) - len(known),
        f"of another {same}": len(known) - len(alike),
    }
    counts = counted(len(alike), seeds, "seeds", left_out)
    interval = intervals.of_mean(differences, confidence)
    return Finding(len(alike), average(differences), *interval, Span.INTERVAL, counts)


def _apart(match: str, within: float) -> str:
    """That the two runs of a seed do not match, in words; differences of log10 as ratios."""
    is_log = match.startswith("log10_")
    most = f"{100 * (10**within - 1):.2g} %" if is_log else f"{within:g}"
    quantity = match.removeprefix("log10_").replace("_", " ")
    return f"one {quantity} is more than {most} above the other"


def rank(table: pd.DataFrame, columns: list[str]) -> Finding:
    """Rank of the (n, k) matrix of some columns: the dimension of the space that its rows span."""
    points = table[columns].to_numpy(np.float64)
    # Of float32 values: what is below their rounding is none.
    tolerance = np.linalg.norm(points, 2) * max(points.shape) * np.finfo(np.float32).eps
    n = len(points)
    return exact(np.linalg.matrix_rank(points, tolerance), n, counted(n, n, "points"))


#: The statistics that a claim can name.
STATISTICS: dict[str, Callable[..., Finding]] = {
    function.__name__: function
    for function in (
        difference,
        share_difference,
        share,
        mean,
        mean_share,
        value,
        value_difference,
        value_above_lowest,
        share_of_all,
        largest,
        lowest,
        ratio,
        cost_ratio,
        matched_difference,
        rank,
    )
}
