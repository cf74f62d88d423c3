"""Statistics against hand calculations."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from jfb.analysis import intervals, statistics


def paired(first, second, column="x"):
    """A table of seeds that have batch size 10 and batch size 2."""
    return pd.DataFrame(
        [
            {"batch_size": size, "seed": seed, column: value}
            for size, values in ((10, first), (2, second))
            for seed, value in enumerate(values)
        ]
    )


def test_a_difference_is_paired_by_seed():
    table = paired([5.0, 1.0, 9.0, 3.0, 7.0, 2.0], [4.0, 0.0, 8.0, 2.0, 6.0, 1.0])
    shuffled = table.sample(frac=1, random_state=1)
    found = statistics.difference(shuffled.iloc[:-1], "x", 10, 2)
    assert (found.n, found.estimate) == (5, 1.0)
    assert found.counts == "5 of 6 seeds; 1 without a run of both batch sizes"
    assert math.isnan(found.low)
    assert statistics.difference(shuffled, "x", 2, 10).estimate == -1.0


def test_bca_by_hand():
    values = np.array([0.1, 0.4, 0.4, 0.9, 1.5, 2.0, 3.0, 9.0])
    found = statistics.difference(paired(values, np.zeros(8)), "x", 10, 2)
    # Efron (1987), equations 2.2, 2.3 and 6.6, on resamples of our own.
    rng = np.random.default_rng(5)
    means = rng.choice(values, (200_000, 8)).mean(axis=1)
    z0 = stats.norm.ppf(np.mean(means < values.mean()))
    jackknife = np.array([np.delete(values, k).mean() for k in range(8)])
    deviation = jackknife.mean() - jackknife
    a = (deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5)
    z = stats.norm.ppf([0.025, 0.975])
    ends = np.quantile(means, stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))))
    assert (found.low, found.high) == pytest.approx(ends, rel=0.03)


@pytest.mark.parametrize(
    ("first", "second", "neither", "low", "high"),
    [
        # By hand, with q = (b + 1)/(n + 2), r = (c + 1)/(n + 2): q - r -+ 1.959964
        # sqrt((q + r - (q - r)^2)/(n + 2)).
        (1, 7, 13, -0.508347, -0.013392),
        (0, 0, 10, -0.230966, 0.230966),
        (1, 0, 19, -0.107656, 0.198565),
        (10, 0, 0, 0.520579, 1.0),
    ],
)
def test_the_interval_of_paired_shares(first, second, neither, low, high):
    one = [True] * first + [False] * (second + neither)
    other = [False] * first + [True] * second + [False] * neither
    found = statistics.share_difference(paired(one, other), "x", 10, 2)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_too_few_pairs_make_no_interval():
    found = statistics.share_difference(paired([True] * 5, [False] * 5), "x", 10, 2)
    assert (found.n, found.counts) == (5, "5 seeds")
    assert math.isnan(found.low)


def test_the_wilson_interval_by_hand():
    found = statistics.share(paired([True, True, True, False] * 2, [False] * 8), "x", 10)
    z, n, p = 1.959964, 8, 0.75
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert (found.low, found.high) == pytest.approx(
        [(centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)]
    )
    assert statistics.share(paired([True] * 8, [False] * 8), "x").estimate == 0.5


def test_a_mean_counts_each_seed_once():
    rows = [(10, seed, value) for seed in range(6) for value in [seed] * (1 + 5 * (seed == 0))]
    table = pd.DataFrame(rows, columns=["batch_size", "seed", "x"])
    found = statistics.mean(table, "x", 10)
    assert (found.n, found.estimate) == (6, 2.5)


def test_a_mean_without_spread_is_its_own_interval():
    table = paired([1.0] * 6, [math.inf] * 6)
    assert statistics.mean(table, "x", 10)[:4] == (6, 1, 1, 1)
    assert statistics.mean(table, "x", 2).n == 0
    assert math.isnan(statistics.mean(paired([1.0] * 5, [1.0] * 5), "x", 10).low)


def test_facts_about_given_runs():
    table = paired([3.0], [1.0])
    assert statistics.value(table, "x", 10) == statistics.exact(3.0, 1, "1 run")
    assert statistics.value_difference(table, "x", 10, 2).estimate == 2
    assert statistics.value_above_lowest(table, "x", 10).estimate == 2
    assert statistics.lowest(table, "x").estimate == 1
    assert statistics.largest(table, "x").estimate == 3
    assert math.isnan(statistics.value(table, "x", 7).estimate)
    assert statistics.share_of_all(pd.DataFrame({"x": [True, False]}), "x").estimate == 0.5


def test_a_ratio_pairs_rounds():
    seconds = {0: (2.0, 1.0), 1: (8.0, 2.0), 2: (2.0, 1.0)}
    table = pd.DataFrame(
        [
            {"round": k, "batch_size": size, "s": value + stage}
            for k, values in seconds.items()
            for size, value in zip((32, 2400), values, strict=True)
            # The mean over stages is the value itself.
            for stage in ((-1, 1) if size == 32 else (0, 0))
        ]
    )
    found = statistics.ratio(table, "s", "batch_size", 32, 2400)
    logs = np.log([2, 4, 2])
    half = 4.302653 * logs.std(ddof=1) / math.sqrt(3)
    assert found.estimate == pytest.approx(16 ** (1 / 3))
    assert (found.low, found.high) == pytest.approx(
        [math.exp(logs.mean() - half), math.exp(logs.mean() + half)]
    )
    assert (found.n, found.counts) == (3, "3 rounds")


def test_the_ratio_of_costs_is_over_cases():
    table = pd.DataFrame(
        {
            "iterations": [1, 1, 9, 9],
            "latent_dim": 3,
            "gradient": ["a", "b"] * 2,
            "bytes": [200, 100, 1800, 100],
        }
    )
    found = statistics.cost_ratio(table, "bytes", "a", "b")
    assert found[:4] == pytest.approx((2, 10, 2, 18))
    assert (found.span, found.counts) == (statistics.Span.RANGE, "2 settings")


def test_runs_of_a_seed_are_compared_where_they_match():
    # What they must agree in up to 0.25, and what is compared, of 10 and of 2.
    seeds = [((1.0, 1.25 if s % 2 else 0.75), (s + 1.0 + 0.1 * (s % 3), s)) for s in range(9)]
    seeds += [((1.0, 1.26), (1000, 0)), ((1.0, 0.74), (1000, 0))]
    seeds += [((1.0, math.nan), (1000, 0)), ((1.0, 1.0), (1000, math.nan))]
    rows = [
        (size, seed, level, x)
        for seed, (levels, values) in enumerate(seeds)
        for size, level, x in zip((10, 2), levels, values, strict=True)
    ]
    rows += [(10, 20, 1.0, 1000.0), (7, 0, 1.0, 1000.0), (7, 21, 1.0, 1000.0)]
    table = pd.DataFrame(rows, columns=["batch_size", "seed", "log_loss", "x"])
    found = statistics.matched_difference(table, "x", "log_loss", 0.25, 10, 2)
    # Three seeds each are 1, 1.1 and 1.2 apart.
    assert (found.n, found.estimate) == (9, pytest.approx(1.1))
    wanted = "9 of 14 seeds; 3 without values at both batch sizes, "
    wanted += "2 of which one log loss is more than 0.25 above the other"
    assert (found.counts, found.span) == (wanted, statistics.Span.INTERVAL)
    alone = table[table["seed"] < 9]
    for confidence in (0.95, 0.999):
        ends = statistics.matched_difference(table, "x", "log_loss", 0.25, 10, 2, confidence)[2:4]
        assert ends == statistics.difference(alone, "x", 10, 2, confidence)[2:4]
    assert 1 < found.low < 1.1 < found.high < 1.2
    opposite = statistics.matched_difference(table, "x", "log_loss", 0.25, 2, 10)
    assert opposite.estimate == pytest.approx(-1.1)


def test_pairs_must_be_equal_in_a_column_that_is_known_of_both():
    table = paired([1.0, 2.0, 3.0, 5.0], [0.0] * 4).assign(loss=0.0)
    table["entry"] = [1, 1, 2, math.nan, 1, 2, math.nan, math.nan]
    found = statistics.matched_difference(table, "x", "loss", 0.5, 10, 2, same="entry")
    assert (found.n, found.estimate) == (1, 1.0)
    assert found.counts == "1 of 4 seeds; 2 of unknown entry, 1 of another entry"


def test_no_run_of_a_seed_matches():
    table = paired([1.0, 2.0], [1.0, 2.0]).assign(loss=[0.0, 0.0, 1.0, 1.0])
    found = statistics.matched_difference(table, "x", "loss", 0.5, 10, 2)
    assert (found.n, found.counts) == (
        0,
        "0 of 2 seeds; 2 of which one loss is more than 0.5 above the other",
    )
    assert np.isnan(found[1:4]).all()


@pytest.mark.parametrize("statistic", [statistics.share_of_all, statistics.largest])
def test_a_fact_about_given_runs_is_not_known_where_one_is_not(statistic):
    table = pd.DataFrame({"x": pd.Series([True, math.nan, True, False], dtype=object)})
    found = statistic(table, "x")
    assert np.isnan([found.estimate, found.low, found.high]).all()
    assert (found.n, found.counts) == (3, "3 of 4 runs; 1 without a value")
    known = statistic(table.dropna(), "x")
    assert (known.n, known.counts) == (3, "3 runs")
    assert known.low == known.high == known.estimate


def test_what_is_counted_and_what_is_left_out():
    table = paired([1.0, 2.0, math.nan, 4.0] * 2, [0.0, math.nan, 0.0, 0.0] * 2)
    table["lowest_loss"] = table["x"].where(table["batch_size"] == 10, 1.0)
    found = statistics.difference(table, "x", 10, 2)
    wanted = "4 of 8 seeds; 2 diverged before a finite loss, 2 without a value"
    assert (found.n, found.counts) == (4, wanted)
    assert statistics.share(table, "x", 10).counts == "6 of 8 runs; 2 without a value"
    lowest = statistics.lowest(table, "x")
    wanted = "12 of 16 runs; 2 diverged before a finite loss, 2 without a value"
    assert (lowest.n, lowest.counts) == (12, wanted)


def test_a_mean_is_over_what_was_drawn():
    rows = [(10, split, seed, split + seed) for split in range(8) for seed in (0, 10)]
    table = pd.DataFrame(rows, columns=["batch_size", "split_seed", "seed", "x"])
    found = statistics.mean(table, "x", 10, of_each="split_seed")
    assert (found.n, found.estimate, found.counts) == (8, 8.5, "8 splits (16 rows)")
    # The means of the splits are 5, 6, ... 12.
    alone = pd.DataFrame({"batch_size": 10, "seed": range(8), "x": range(5, 13)})
    assert found[2:4] == statistics.mean(alone, "x", 10)[2:4]


def test_a_mean_share_counts_each_seed_once():
    rows = [(10, seed, ok) for seed in range(6) for ok in (1, 1, 0, 1)]
    table = pd.DataFrame(rows, columns=["batch_size", "seed", "x"])
    found = statistics.mean_share(table, "x", 10)
    assert (found.n, found.estimate, found.counts) == (6, 0.75, "6 seeds (24 rows)")
    assert found.low < 0.75 < found.high
    # Rows without a value count for nothing.
    table.loc[2, "x"] = math.nan
    found = statistics.mean_share(table, "x", 10)
    assert found.estimate == pytest.approx((1 + 5 * 0.75) / 6)
    assert found.counts == "6 seeds (23 of 24 rows; 1 without a finite value)"


@pytest.mark.parametrize(("count", "n"), [(20, 20), (17, 20), (0, 12), (30, 40)])
@pytest.mark.parametrize("confidence", [0.95, 0.999])
def test_the_interval_of_zeros_and_ones_is_clopper_and_pearsons(count, n, confidence):
    values = np.repeat([1.0, 0.0], [count, n - count])
    found = intervals.of_mean_of_shares(values, confidence)
    wanted = proportion_confint(count, n, 1 - confidence, "beta")
    assert found == pytest.approx(wanted, abs=0.01)


def test_the_interval_of_shares_contains_the_mean_of_populations_with_rare_low_shares(monkeypatch):
    """A tenth of the seeds have shares from 0 to 1, the others 1: a bootstrap of 20 covers 79 %."""
    for name in ("_DRAWS", "_BATCH"):
        monkeypatch.setattr(intervals, name, 4000)
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        values = np.where(rng.random(20) < 0.1, rng.random(20), 1.0)
        low, high = intervals.of_mean_of_shares(values)
        covered.append(low <= 0.95 <= high)
    assert np.mean(covered) >= 0.95


@pytest.mark.parametrize("n", [6, 7, 200])
def test_the_interval_of_none_starts_at_0_and_that_of_all_ends_at_1(n):
    """Exactly: Wilson's does but for rounding."""
    assert intervals.of_share(0, n)[0] == 0.0
    assert intervals.of_share(n, n)[1] == 1.0


def test_a_higher_confidence_makes_a_wider_interval():
    rng = np.random.default_rng(0)
    values = rng.random(40)
    yes, no = values > 0.6, values > 0.4
    for interval, arguments in (
        (intervals.of_mean, (values,)),
        (intervals.of_mean_of_shares, (values,)),
        (intervals.of_share, (30, 40)),
        (intervals.of_paired_shares, (yes, no)),
    ):
        (low, high), (lower, higher) = (interval(*arguments, c) for c in (0.95, 0.999))
        assert lower < low < high < higher


@pytest.mark.parametrize(("points", "dimension"), [([1, 2, 3], 1), ([1, -2, 5], 2)])
def test_rank_counts_dimensions(points, dimension):
    t = np.linspace(0, 1, 50, dtype=np.float32)
    table = pd.DataFrame({"x": 20 * t, "y": 13 * t, "z": 8 * t})
    if dimension == 2:
        table["z"] = np.float32(1) + np.sin(9 * t)
    assert statistics.rank(table, ["x", "y", "z"]).estimate == dimension
