"""What a statistic finds: an estimate, its span, and what it counts."""

from enum import StrEnum
from typing import NamedTuple


class Span(StrEnum):
    """What the two ends of a finding are."""

    #: A confidence interval.
    INTERVAL = "interval"
    #: The lowest and the highest value over settings that were measured.
    RANGE = "range"
    #: A number that is a fact about what was given; both ends are the number.
    EXACT = "exact"


class Finding(NamedTuple):
    """What a statistic found.

    `n` is the number of observations, and `counts` says what they are, and how many were left out
    and why. `low` and `high` are the ends of the span; NaN where the observations are too few.
    """

    n: int
    estimate: float
    low: float
    high: float
    span: Span
    counts: str


def exact(value: float, n: int, counts: str) -> Finding:
    """A number that is a fact about given runs, not a sample of any."""
    return Finding(n, float(value), float(value), float(value), Span.EXACT, counts)


def counted(n: int, of: int, what: str, left_out: dict[str, int] | None = None) -> str:
    """How many there are, and of those that were left out how many and why."""
    if n == of:
        return f"{n:,} {what if n != 1 else what.removesuffix('s')}"
    reasons = [f"{count:,} {why}" for why, count in (left_out or {}).items() if count]
    return f"{n:,} of {of:,} {what}; {', '.join(reasons)}"
