"""What a question measures: estimates with their intervals, and what these say of its criteria."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from jfb.analysis import intervals
from jfb.analysis.decisions import decide
from jfb.analysis.finding import Span
from jfb.analysis.shares import REACHED


class Measured(NamedTuple):
    """An estimate: what was measured, of which level and batch size, against which others.

    `n` is the number of seeds, runs or pairs. `low` and `high` are the ends of the 95 % interval;
    NaN where there are too few.
    `level` and `against` are empty, and `batch_size` 0, where they do not apply.
    """

    measure: str
    level: str
    batch_size: int
    against: str
    n: int
    estimate: float
    low: float
    high: float


def share(place: tuple[str, str, int], reached: Iterable[bool]) -> Measured:
    """The share of runs in which something is so, with Wilson's interval.

    Args:
        place: measure, level and batch size.
        reached: of each run.
    """
    values = np.asarray(list(reached), bool)
    found = intervals.of_share(int(values.sum()), len(values))
    return Measured(*place, "", len(values), _mean(values), *found)


def share_by_seed(place: tuple[str, str, int], holds: pd.Series) -> Measured:
    """The share of runs of which several have the same seed, and are alike: the mean over seeds.

    Args:
        place: measure, level and batch size.
        holds: of each run, by an index with `seed`.
    """
    shares = holds.astype(float).groupby(level="seed").mean().to_numpy()
    return Measured(*place, "", len(shares), _mean(shares), *intervals.of_mean_of_shares(shares))


def share_difference(
    place: tuple[str, str, int, str], one: pd.Series, other: pd.Series
) -> Measured:
    """The difference of two shares of the same seeds, by the interval of Bonett and Price.

    Args:
        place: measure, level, batch size, and what it is against.
        one, other: by seed (and whatever else the runs share), whether it is so.
    """
    both = _paired(one, other)
    first, second = (both[name].to_numpy(bool) for name in both)
    found = intervals.of_paired_shares(first, second)
    return Measured(*place, len(both), _mean(first) - _mean(second), *found)


def share_difference_by_seed(place: tuple[str, str, int, str], differences: pd.Series) -> Measured:
    """The difference of two shares where several pairs have the same seed: the mean over seeds.

    With Gaffke's interval, which allows for differences that no seed has shown.

    Args:
        place: measure, level, batch size, and what it is against.
        differences: of each pair -1, 0 or 1, by an index with `seed`.
    """
    by_seed = differences.groupby(level="seed").mean().to_numpy()
    low, high = (2 * end - 1 for end in intervals.of_mean_of_shares((by_seed + 1) / 2))
    return Measured(*place, len(by_seed), _mean(by_seed), low, high)


def mean(place: tuple[str, str, int, str], values: pd.Series | np.ndarray) -> Measured:
    """The mean of some values, with its bootstrap interval; those that are not finite left out."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return Measured(*place, len(values), _mean(values), *intervals.of_mean(values))


def mean_difference(place: tuple[str, str, int, str], one: pd.Series, other: pd.Series) -> Measured:
    """The mean of the differences of the same seeds, with its bootstrap interval."""
    both = _paired(one, other)
    return mean(place, both["one"] - both["other"])


def _paired(one: pd.Series, other: pd.Series) -> pd.DataFrame:
    both = pd.concat([one.rename("one"), other.rename("other")], axis=1, join="inner")
    return both[both.notna().all(axis=1)]


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def reached(summary: pd.DataFrame) -> pd.Series:
    """Whether each run of a summary reaches a loss of 0.001, by its levels, batch size and seed.

    One that diverges does if it had before; one without a finite loss does not.
    """
    return indexed(summary)["lowest_loss"].le(REACHED)


def log_loss(summary: pd.DataFrame) -> pd.Series:
    """log10 of the lowest loss of each run, by its levels, batch size and seed."""
    return np.log10(indexed(summary)["lowest_loss"].astype(float))


def indexed(summary: pd.DataFrame) -> pd.DataFrame:
    """A summary by its levels, batch size and seed."""
    keys = list(summary)[: list(summary).index("seed") + 1]
    return summary.set_index(keys).sort_index()


def table(rows: Sequence[Measured], criteria: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The estimates, and of those that decide a criterion what they say of it.

    Args:
        rows: the estimates.
        criteria: each with an id, the measure that it is about and maybe level, batch_size and
            against, or several `levels` or `batch_sizes`; `says`, a positive answer in words;
            `unit`, of the estimate; and `holds`, the lowest and highest value of such an answer.

    Returns:
        The columns of `Measured`, and criterion, its id, says, unit, holds_low, holds_high (empty
        for no bound), span (interval), and outcome, an `Outcome`; these are empty where an estimate
        decides nothing.
    """
    found = pd.DataFrame(rows, columns=Measured._fields)
    of_criterion = ["criterion", "says", "unit", "holds_low", "holds_high", "span", "outcome"]
    decided = pd.DataFrame(None, found.index, of_criterion, dtype=object)
    for criterion in criteria:
        chosen = pd.Series(True, found.index)
        for key in ("measure", "level", "batch_size", "against"):
            if key in criterion:
                chosen &= found[key] == criterion[key]
            if f"{key}s" in criterion:
                chosen &= found[key].isin(criterion[f"{key}s"])
        if rows and not chosen.any():
            raise ValueError(f"criterion {criterion['id']}: nothing of the kind was measured")
        if (decided.loc[chosen, "criterion"].notna()).any():
            raise ValueError(f"criterion {criterion['id']}: another is about the same estimate")
        low, high = criterion["holds"]
        holds = -math.inf if low is None else low, math.inf if high is None else high
        for place in found.index[chosen]:
            outcome = decide(found.loc[place, "low"], found.loc[place, "high"], holds)
            told = criterion["id"], criterion["says"], criterion["unit"], low, high
            decided.loc[place] = [*told, str(Span.INTERVAL), str(outcome)]
    return pd.concat([found, decided], axis=1)
