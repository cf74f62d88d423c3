"""Confidence intervals of means, shares and their differences.

Which intervals cover what they promise is simulated in benchmarks/interval_coverage.py.
"""

import functools
import math

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

#: Below this number of observations no interval is given.
FEWEST = 6
CONFIDENCE = 0.95
_RESAMPLES = 9999
#: Draws of weights, 40 of them beyond each end of an interval of 99.9 %.
_DRAWS = 80_000
_BATCH = 10_000
Interval = tuple[float, float]
NONE: Interval = (math.nan, math.nan)


def of_mean(values: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Bias-corrected and accelerated bootstrap interval of a mean (BCa, Efron 1987).

    From a fixed random state.

    Args:
        values: (n,).
        confidence: the share of samples whose interval is to contain the mean.

    Returns:
        Both ends; the value itself where nothing varies, NaN of fewer than six values.
    """
    if len(values) < FEWEST:
        return NONE
    # What differs by rounding only has no spread to resample.
    if np.allclose(values, values[0], rtol=1e-12, atol=0):
        return float(values[0]), float(values[0])
    interval = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=_RESAMPLES,
        method="BCa",
        confidence_level=confidence,
        random_state=0,
    ).confidence_interval
    return float(interval.low), float(interval.high)


def of_mean_of_shares(values: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Interval of the mean of values between 0 and 1, whatever their distribution.

    Gaffke's (2005, Stat. Papers 46, 27) for either end: the values and one more at that end of the
    range, weighted at random by a uniform Dirichlet distribution; the end of the interval is the
    quantile of these means. Of values that are 0 or 1 it is the interval of Clopper and Pearson.
    A bootstrap knows nothing of the values that a sample near 1 happens to lack.

    Args:
        values: (n,), each from 0 to 1.
        confidence: the share of samples whose interval is to contain the mean.

    Returns:
        Both ends, NaN of fewer than six values.
    """
    if len(values) < FEWEST:
        return NONE
    return _gaffkes(values.astype(float).tobytes(), confidence, _DRAWS, _BATCH)


@functools.lru_cache(maxsize=1000)
def _gaffkes(content: bytes, confidence: float, draws: int, batch: int) -> Interval:
    """Gaffke's interval of the bytes of values: claims ask for one again by every other choice."""
    values = np.frombuffer(content)
    rng = np.random.default_rng(0)
    lower, upper = [], []
    for _ in range(draws // batch):
        weights = rng.standard_exponential((batch, len(values) + 1))
        weights /= weights.sum(axis=1, keepdims=True)
        means = weights[:, 1:] @ values
        lower.append(means)
        upper.append(means + weights[:, 0])
    tail = (1 - confidence) / 2
    low = np.quantile(np.concatenate(lower), tail)
    high = np.quantile(np.concatenate(upper), 1 - tail)
    # Weights add up to 1 but for rounding.
    return max(0.0, float(low)), min(1.0, float(high))


def of_share(count: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's interval of a share, `count` of `n`; NaN of fewer than six."""
    if n < FEWEST:
        return NONE
    low, high = proportion_confint(count, n, 1 - confidence, "wilson")
    # It reaches 0 of none and 1 of all but for rounding.
    return float(low) if count else 0.0, float(high) if count < n else 1.0


def of_paired_shares(
    first: np.ndarray, second: np.ndarray, confidence: float = CONFIDENCE
) -> Interval:
    """Interval of the share of pairs with the first less that with the second.

    Wald's with a pair added to each of the two counts of pairs that differ (Bonett and Price 2012,
    J. Educ. Behav. Stat. 37, 479): no bootstrap knows of pairs that it lacks.

    Args:
        first, second: (n,) booleans of the same pairs.
        confidence: the share of samples whose interval is to contain the difference.

    Returns:
        Both ends, NaN of fewer than six pairs.
    """
    n = len(first)
    if n < FEWEST:
        return NONE
    only_first, only_second = (
        (np.sum(one & ~other) + 1) / (n + 2) for one, other in ((first, second), (second, first))
    )
    centre = only_first - only_second
    deviation = math.sqrt((only_first + only_second - centre**2) / (n + 2))
    reach = stats.norm.ppf((1 + confidence) / 2) * deviation
    return max(-1.0, float(centre - reach)), min(1.0, float(centre + reach))
