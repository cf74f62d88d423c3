"""How many seeds decide a claim: from an interval, and how far its estimate is from a bound."""

import math
from collections.abc import Iterable

from scipy.stats import norm

from jfb.analysis.intervals import CONFIDENCE

#: Of the intervals, how many are to exclude the bound.
POWER = 0.8


def needed(estimate: float, low: float, high: float, n: int, bounds: Iterable[float]) -> int | None:
    """The draws of which an interval would exclude the nearest bound in four of five samples.

    (z sd / d)^2, with the standard deviation sd of one draw, which follows from the width of the
    interval and n, the distance d of the estimate from the bound, and z, the sum of the normal
    quantiles of the confidence (1.96) and of the power (0.84). A rough guide near the ends of what
    the estimate can be, where intervals are not symmetric.

    Args:
        estimate, low, high: an estimate over draws and its 95 % interval.
        n: how many draws.
        bounds: of what is allowed; infinite ones, and one that the estimate equals, do not count.

    Returns:
        None where there is no interval, its width is 0, or no bound counts.
    """
    distances = [abs(estimate - bound) for bound in bounds if math.isfinite(bound)]
    distances = [distance for distance in distances if distance > 0]
    if not distances or not high > low:
        return None
    quantile = norm.ppf((1 + CONFIDENCE) / 2)
    deviation = (high - low) / (2 * quantile) * math.sqrt(n)
    return math.ceil(((quantile + norm.ppf(POWER)) * deviation / min(distances)) ** 2)
