"""Statistics that claims are decided by: an estimate, its 95 % interval, and a test.

Runs of one seed are paired: what is compared is their difference, seed by seed. Intervals are
bias-corrected and accelerated bootstrap intervals (BCa, Efron 1987) over seeds unless another is
named, from a fixed random state.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

#: Below this number of pairs no two-sided sign-flip or McNemar test can come below 0.05.
FEWEST = 6
_CONFIDENCE = 0.95
_RESAMPLES = 9999


class Finding(NamedTuple):
    """What a statistic found in `n` observations.

    `low` and `high` bound the 95 % interval (of `cost_ratio`, the range over cases); both are the
    estimate where nothing was sampled or nothing varies, and NaN where the observations are too few
    for an interval. `test` names the test that gave
    `p_value`, two-sided, of the hypothesis that the quantity is `null`; None where there is none.
    """

    n: int
    estimate: float
    low: float
    high: float
    test: str | None = None
    p_value: float | None = None
    null: float = 0.0


def exact(value: float, n: int = 1) -> Finding:
    """A number that is a fact about given runs, not a sample of any."""
    return Finding(n, float(value), float(value), float(value))


def across(findings: Sequence[Finding]) -> Finding:
    """One finding of several of the same quantity, which lies where all of them lie.

    Its interval spans theirs, so that a claim holds or fails only where it does of each; the
    estimate is their mean, the p-value the largest. A single one is returned as it is.
    """
    if len(findings) == 1:
        return findings[0]
    n, estimates, lows, highs, tests, p_values, nulls = zip(*findings, strict=True)
    return Finding(
        sum(n),
        float(np.mean(estimates)),
        float(np.min(lows)),
        float(np.max(highs)),
        tests[0],
        None if None in p_values else max(p_values),
        nulls[0],
    )


def difference(table: pd.DataFrame, column: str, batch_size: int, against: int) -> Finding:
    """Mean paired difference of a quantity between two batch sizes, with a sign-flip test of it.

    Args:
        table: with batch_size, seed and `column`; a seed that lacks either value is left out.
        column: the quantity.
        batch_size, against: of which the second is subtracted.
    """
    pairs = _pairs(table, column, batch_size, against)
    first, second = pairs[batch_size].to_numpy(float), pairs[against].to_numpy(float)
    differences = first - second
    low, high = _bca(differences)
    if len(differences) < FEWEST or not differences.any():
        return Finding(len(differences), _mean(differences), low, high)
    # Signed ranks would test another thing than the mean: the two can differ in sign.
    p_value = stats.permutation_test(
        (first, second),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=1000,
        rng=np.random.default_rng(0),
    ).pvalue
    return Finding(len(differences), _mean(differences), low, high, "sign flips", float(p_value))


def share_difference(table: pd.DataFrame, column: str, batch_size: int, against: int) -> Finding:
    """Difference of two paired shares, with the exact McNemar test.

    The interval is Wald's with a pair added to each of the two counts of pairs that differ (Bonett
    and Price 2012, J. Educ. Behav. Stat. 37, 479): no bootstrap knows of pairs that it lacks.

    Args:
        table: with batch_size, seed and `column`.
        column: true or false of a run.
        batch_size, against: of which the share of the second is subtracted.
    """
    pairs = _pairs(table, column, batch_size, against).astype(bool)
    first, second = pairs[batch_size].to_numpy(), pairs[against].to_numpy()
    n, differences = len(pairs), first.astype(float) - second
    if n < FEWEST:
        return Finding(n, _mean(differences), math.nan, math.nan)
    counts = np.array(
        [[np.sum(first & second), np.sum(first & ~second)], [np.sum(~first & second), 0]]
    )
    counts[1, 1] = n - counts.sum()
    p_value = float(mcnemar(counts, exact=True).pvalue)
    only_first, only_second = (counts[0, 1] + 1) / (n + 2), (counts[1, 0] + 1) / (n + 2)
    centre = only_first - only_second
    deviation = math.sqrt((only_first + only_second - centre**2) / (n + 2))
    reach = stats.norm.ppf((1 + _CONFIDENCE) / 2) * deviation
    low, high = max(-1.0, centre - reach), min(1.0, centre + reach)
    return Finding(n, _mean(differences), float(low), float(high), "McNemar", p_value)


def share(table: pd.DataFrame, column: str, batch_size: int | None = None) -> Finding:
    """Share of runs of which `column` is true, with its Wilson interval.

    Args:
        table: with batch_size and `column`.
        column: true or false of a run.
        batch_size: of the runs; all of them if it is not given.
    """
    values = _of(table, column, batch_size).astype(bool)
    if len(values) < FEWEST:
        return Finding(len(values), _mean(values.to_numpy(float)), math.nan, math.nan)
    low, high = proportion_confint(values.sum(), len(values), 1 - _CONFIDENCE, "wilson")
    return Finding(len(values), float(values.mean()), float(low), float(high))


def mean(table: pd.DataFrame, column: str, batch_size: int) -> Finding:
    """Mean of a quantity over the seeds of a batch size; of each seed, its own mean first.

    Args:
        table: with batch_size, seed and `column`; rows without a finite value are left out.
        column: the quantity.
        batch_size: of the runs.
    """
    rows = table[(table["batch_size"] == batch_size) & np.isfinite(table[column].astype(float))]
    values = rows[column].astype(float).groupby(rows["seed"]).mean().to_numpy()
    low, high = _bca(values)
    return Finding(len(values), _mean(values), low, high)


def value(table: pd.DataFrame, column: str, batch_size: int) -> Finding:
    """A quantity of the one run of a batch size; NaN where there is none, or another number."""
    values = _of(table, column, batch_size)
    return exact(values.item()) if len(values) == 1 else Finding(len(values), *[math.nan] * 3)


def value_difference(table: pd.DataFrame, column: str, batch_size: int, against: int) -> Finding:
    """Difference of a quantity between the one run of a batch size and that of another."""
    first, second = (value(table, column, size).estimate for size in (batch_size, against))
    return exact(first - second, 2)


def share_of_all(table: pd.DataFrame, column: str) -> Finding:
    """Share of given rows of which `column` is true, as a fact about them."""
    return exact(table[column].astype(float).mean(), len(table))


def largest(table: pd.DataFrame, column: str) -> Finding:
    """The largest value of a quantity in given rows, as a fact about them."""
    return exact(table[column].max(), len(table))


def value_above_lowest(table: pd.DataFrame, column: str, batch_size: int) -> Finding:
    """A quantity of the one run of a batch size, less the lowest of all runs."""
    return exact(value(table, column, batch_size).estimate - table[column].min(), len(table))


def lowest(table: pd.DataFrame, column: str, batch_size: int | None = None) -> Finding:
    """The lowest value of a quantity in any run, of one batch size if it is given."""
    values = _of(table, column, batch_size)
    return exact(values.min(), len(values))


def ratio(table: pd.DataFrame, column: str, by: str, of: str | int, against: str | int) -> Finding:
    """Geometric mean of a ratio that was measured in several rounds, with Student's t on its log.

    Args:
        table: with `round`, `by` and `column`; several rows of a round are averaged first, and a
            round that lacks either is left out.
        column: the quantity.
        by: column that tells the two things apart.
        of, against: its values in the numerator and the denominator.
    """
    wide = table.pivot_table(index="round", columns=by, values=column, aggfunc="mean")
    wide = wide.reindex(columns=[of, against])
    logs = np.log((wide[of] / wide[against]).dropna().to_numpy(float))
    if len(logs) < 2:
        return Finding(len(logs), _mean(np.exp(logs)), math.nan, math.nan, null=1.0)
    result = stats.ttest_1samp(logs, 0)
    interval = result.confidence_interval(_CONFIDENCE)
    low, high = np.exp(interval.low), np.exp(interval.high)
    estimate, p_value = np.exp(logs.mean()), result.pvalue
    return Finding(
        len(logs), float(estimate), float(low), float(high), "t on log ratio", float(p_value), 1.0
    )


def cost_ratio(table: pd.DataFrame, column: str, of: str, against: str) -> Finding:
    """Geometric mean over cases of the ratio of two costs; `low` and `high` are its range.

    Args:
        table: with a row per case and gradient: iterations, latent_dim, gradient, and `column`.
        column: the cost.
        of, against: gradients in the numerator and the denominator.
    """
    wide = table.pivot(index=["iterations", "latent_dim"], columns="gradient", values=column)
    wide = wide.reindex(columns=[of, against])
    ratios = (wide[of] / wide[against]).dropna().to_numpy(float)
    if not len(ratios):
        return Finding(0, math.nan, math.nan, math.nan)
    return Finding(len(ratios), stats.gmean(ratios), ratios.min(), ratios.max(), null=1.0)


def difference_within(
    table: pd.DataFrame, column: str, by: str, batch_size: int, against: int
) -> Finding:
    """Difference of a quantity between two batch sizes, among runs that are alike in `by`.

    The coefficient of the batch size beside the levels of `by` in a least-squares fit, with errors
    clustered by seed; only levels that both batch sizes have enter.

    Args:
        table: with batch_size, seed, `column` and `by`.
        column: the quantity.
        by: of which runs that are compared have the same level.
        batch_size, against: of which the second is subtracted.
    """
    rows = table[table["batch_size"].isin([batch_size, against])].dropna(subset=[column, by])
    both = rows.groupby(by)["batch_size"].transform("nunique") == 2
    rows = rows[both]
    if min((rows["batch_size"] == size).sum() for size in (batch_size, against)) < FEWEST:
        return Finding(len(rows), math.nan, math.nan, math.nan)
    design = pd.get_dummies(rows[by].astype(str), dtype=float)
    design.insert(0, "difference", (rows["batch_size"] == batch_size).astype(float))
    fit = sm.OLS(rows[column].astype(float), design).fit(
        cov_type="cluster", cov_kwds={"groups": rows["seed"].to_numpy()}, use_t=True
    )
    low, high = fit.conf_int(1 - _CONFIDENCE).loc["difference"]
    estimate, p_value = fit.params["difference"], fit.pvalues["difference"]
    return Finding(
        len(rows), float(estimate), float(low), float(high), "t of a regression", float(p_value)
    )


def rank(table: pd.DataFrame, columns: list[str]) -> Finding:
    """Rank of the (n, k) matrix of some columns: the dimension of the space that its rows span."""
    points = table[columns].to_numpy(np.float64)
    # Of float32 values: what is below their rounding is none.
    tolerance = np.linalg.norm(points, 2) * max(points.shape) * np.finfo(np.float32).eps
    return exact(np.linalg.matrix_rank(points, tolerance), len(points))


def _pairs(table: pd.DataFrame, column: str, batch_size: int, against: int) -> pd.DataFrame:
    """A row per seed that has both batch sizes, and a column for each."""
    wide = table.pivot(index="seed", columns="batch_size", values=column)
    return wide.reindex(columns=[batch_size, against]).dropna(how="any")


def _of(table: pd.DataFrame, column: str, batch_size: int | None) -> pd.Series:
    rows = table if batch_size is None else table[table["batch_size"] == batch_size]
    return rows[column]


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _bca(values: np.ndarray) -> tuple[float, float]:
    """Interval of the mean, the value itself where nothing varies; NaN of too few values."""
    if len(values) < FEWEST:
        return math.nan, math.nan
    # What differs by rounding only has no spread to resample.
    if np.allclose(values, values[0], rtol=1e-12, atol=0):
        return float(values[0]), float(values[0])
    interval = stats.bootstrap(
        (values,), np.mean, n_resamples=_RESAMPLES, method="BCa", random_state=0
    ).confidence_interval
    return float(interval.low), float(interval.high)


#: The statistics that a claim can name.
STATISTICS: dict[str, Callable[..., Finding]] = {
    function.__name__: function
    for function in (
        difference,
        share_difference,
        share,
        mean,
        value,
        value_difference,
        value_above_lowest,
        share_of_all,
        largest,
        lowest,
        ratio,
        cost_ratio,
        difference_within,
        rank,
    )
}
