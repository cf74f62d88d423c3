"""How many draws decide: beside samples that are drawn."""

import math

import numpy as np
import pytest

from jfb.analysis import power


def test_as_many_intervals_exclude_the_bound_as_are_asked_for():
    """Of draws with deviation 2 around 0.5 the bound 0 is excluded in four of five samples."""
    n = power.needed(0.5, 0.5 - 1.96 * 2 / 10, 0.5 + 1.96 * 2 / 10, 100, [-math.inf, 0])
    assert n == 126
    draws = np.random.default_rng(0).normal(0.5, 2, size=(4000, n))
    low = draws.mean(axis=1) - 1.96 * 2 / math.sqrt(n)
    assert (low > 0).mean() == pytest.approx(0.8, abs=0.02)


def test_the_nearest_bound_counts():
    assert power.needed(0.5, 0.4, 0.6, 10, [0, 0.6]) == power.needed(0.5, 0.4, 0.6, 10, [0.6])
    assert power.needed(0.5, 0.4, 0.6, 10, [0.5, 0.6]) == power.needed(0.5, 0.4, 0.6, 10, [0.6])


@pytest.mark.parametrize(
    ("low", "high", "bounds"),
    [
        (math.nan, math.nan, [0]),
        (0.5, 0.5, [0]),
        (0.4, 0.6, [math.inf, -math.inf]),
        (0.4, 0.6, [0.5]),
    ],
)
def test_without_an_interval_or_a_bound_there_is_no_number(low, high, bounds):
    assert power.needed(0.5, low, high, 10, bounds) is None
