"""Claims of the report: the evidence for each, and what it decides.

A claim (workflow/claims.yaml) has evidence about the published runs, about batch size as such
(`general`), or both. Each piece names a table, a statistic and the interval `holds` of the values
that the claim allows.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd
from statsmodels.stats.multitest import multipletests

from jfb.statistics import STATISTICS, Finding, across

_ALPHA = 0.05


class Outcome(StrEnum):
    """What one piece of evidence says of its claim."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"


class Verdict(StrEnum):
    """What is said of a claim."""

    REPRODUCED = "reproduced"
    PUBLISHED_ONLY = "holds for the published runs only"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Evidence:
    """A piece of evidence: `arguments` are those of the function `statistic` after the table.

    The table is the first of `tables` that is there. With `each`, the statistic is computed for
    every value of that column, and the piece says what all of them say.
    """

    tables: tuple[str, ...]
    statistic: str
    arguments: Mapping[str, Any]
    holds: tuple[float, float]
    each: str | None = None

    def find(self, tables: Mapping[str, pd.DataFrame]) -> str | None:
        """The name of the table to be taken; None if none is there."""
        return next((name for name in self.tables if name in tables), None)

    def weigh(self, table: pd.DataFrame) -> Finding:
        """What the statistic finds in the table that was taken."""
        statistic = STATISTICS[self.statistic]
        if self.each is None or table.empty:
            return statistic(table, **self.arguments)
        return across([statistic(rows, **self.arguments) for _, rows in table.groupby(self.each)])


@dataclass(frozen=True)
class Claim:
    """A claim, in our words, its place in the report, and the evidence for it."""

    id: str
    statement: str
    place: str
    published: tuple[Evidence, ...]
    general: tuple[Evidence, ...]


@dataclass(frozen=True)
class Weighed:
    """Evidence with the table taken, None if none was there, what it found, and what that says.

    `p_value` is corrected for the number of tests over all claims (Holm 1979).
    """

    evidence: Evidence
    table: str | None
    finding: Finding | None
    p_value: float | None
    outcome: Outcome

    @property
    def studies(self) -> list[str]:
        """Of the table taken, or of those that could be: the study, or what else it is made of."""
        return [study_of(table) for table in ([self.table] if self.table else self.evidence.tables)]


@dataclass(frozen=True)
class Judged:
    """A claim with its evidence weighed, the verdict, the reason, and the piece it hangs on."""

    claim: Claim
    published: tuple[Weighed, ...]
    general: tuple[Weighed, ...]
    verdict: Verdict
    reason: str
    deciding: Weighed


def study_of(table: str) -> str:
    """The study that a table is of, or else what it is of: timing, cost, data, published."""
    kind, _, part = table.partition("/")
    return kind if kind in ("timing", "cost") else part or kind


def read(entries: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """Claims from what a YAML file holds.

    Raises:
        ValueError: an id occurs twice, a claim has no evidence, or a statistic does not exist.
    """
    claims = [
        Claim(
            entry["id"],
            entry["statement"],
            entry["place"],
            *(tuple(map(_evidence, entry.get(kind, ()))) for kind in ("published", "general")),
        )
        for entry in entries
    ]
    ids = [claim.id for claim in claims]
    for claim in claims:
        if ids.count(claim.id) > 1:
            raise ValueError(f"claim {claim.id}: must be there once")
        if not claim.published + claim.general:
            raise ValueError(f"claim {claim.id}: must have evidence")
    return claims


def _evidence(entry: Mapping[str, Any]) -> Evidence:
    arguments = dict(entry)
    table, statistic = arguments.pop("table"), arguments.pop("statistic")
    each = arguments.pop("each", None)
    tables = (table,) if isinstance(table, str) else tuple(table)
    low, high = arguments.pop("holds")
    if statistic not in STATISTICS:
        raise ValueError(f"statistic: {statistic!r} must be one of: {', '.join(STATISTICS)}")
    holds = (-math.inf if low is None else low, math.inf if high is None else high)
    return Evidence(tables, statistic, arguments, holds, each)


def judge(claims: Sequence[Claim], tables: Mapping[str, pd.DataFrame]) -> list[Judged]:
    """Decide each claim.

    Args:
        claims: the claims.
        tables: by the name that evidence gives them; those that are not there leave it open.
    """
    findings = {
        id(piece): piece.weigh(tables[name])
        for claim in claims
        for piece in claim.published + claim.general
        if (name := piece.find(tables))
    }
    tested = [key for key, finding in findings.items() if finding.p_value is not None]
    raw = [findings[key].p_value for key in tested]
    corrected = multipletests(raw, method="holm")[1] if raw else []
    p_values = dict(zip(tested, map(float, corrected), strict=True))

    def weigh(pieces: Sequence[Evidence]) -> tuple[Weighed, ...]:
        weighed = []
        for piece in pieces:
            finding, p_value = findings.get(id(piece)), p_values.get(id(piece))
            outcome = Outcome.OPEN if finding is None else decide(finding, p_value, piece.holds)
            weighed.append(Weighed(piece, piece.find(tables), finding, p_value, outcome))
        return tuple(weighed)

    return [_judge_one(claim, weigh(claim.published), weigh(claim.general)) for claim in claims]


def decide(finding: Finding, p_value: float | None, holds: tuple[float, float]) -> Outcome:
    """What a finding says of a claim that allows the values from `holds[0]` to `holds[1]`.

    It holds where the interval lies inside, fails where it lies outside, and is open otherwise.
    Where that sets the finding apart from the null hypothesis of its test, the p-value must be
    below 0.05 too.

    Args:
        finding: the finding.
        p_value: of its test, corrected; None where there is none.
        holds: what the claim allows, both ends included.
    """
    low, high = finding.low, finding.high
    significant = p_value is None or p_value < _ALPHA
    null_allowed = holds[0] <= finding.null <= holds[1]
    if holds[0] <= low and high <= holds[1]:
        return Outcome.HOLDS if null_allowed or significant else Outcome.OPEN
    if high < holds[0] or low > holds[1]:
        return Outcome.FAILS if not null_allowed or significant else Outcome.OPEN
    # Where there is no interval, both its ends are NaN.
    return Outcome.OPEN


def _judge_one(
    claim: Claim, published: tuple[Weighed, ...], general: tuple[Weighed, ...]
) -> Judged:
    verdict, deciding = _verdict(published, general)
    reason = _reason(published + general, deciding)
    return Judged(claim, published, general, verdict, reason, deciding)


def _verdict(
    published: tuple[Weighed, ...], general: tuple[Weighed, ...]
) -> tuple[Verdict, Weighed]:
    """The verdict, and the piece of evidence that it hangs on.

    A claim fails in a part if one piece of its evidence fails, and holds in it if every piece
    holds. What fails for the published runs is refuted; what holds for them and fails in general
    holds for them only.
    """
    failing = _first(published, Outcome.FAILS)
    if failing:
        return Verdict.REFUTED, failing
    failing = _first(general, Outcome.FAILS)
    unclear = _first(published, Outcome.OPEN)
    if failing and published and not unclear:
        return Verdict.PUBLISHED_ONLY, failing
    if failing and not published:
        return Verdict.REFUTED, failing
    unclear = unclear or _first(general, Outcome.OPEN)
    if unclear:
        return Verdict.UNDECIDED, unclear
    return Verdict.REPRODUCED, (general or published)[0]


def _first(pieces: tuple[Weighed, ...], outcome: Outcome) -> Weighed | None:
    return next((piece for piece in pieces if piece.outcome is outcome), None)


def _reason(pieces: tuple[Weighed, ...], deciding: Weighed) -> str:
    holding = sum(piece.outcome is Outcome.HOLDS for piece in pieces)
    return f"{_finding(deciding)} ({holding} of its {len(pieces)} pieces of evidence hold)"


def _finding(deciding: Weighed) -> str:
    piece, finding = deciding.evidence, deciding.finding
    if finding is None:
        return f"{' or '.join(piece.tables)} has not been made"
    if math.isnan(finding.low):
        return f"{described(deciding)}: {finding.n} are too few"
    found, allowed = span(finding.low, finding.high), span(*piece.holds)
    return f"{described(deciding)}: {found}, where the claim allows {allowed}"


def described(weighed: Weighed) -> str:
    """What a piece of evidence measures, in words."""
    piece = weighed.evidence
    of = dict(piece.arguments)
    column = of.pop("column", None) or ", ".join(of.pop("columns"))
    of.pop("by", None)
    first, second = of.pop("batch_size", of.pop("of", None)), of.pop("against", None)
    where = f", {first}" if first is not None else ""
    against = f" against {second}" if second is not None else ""
    against += f", of each {piece.each}" if piece.each else ""
    table = weighed.table or piece.tables[0]
    return f"{table}: {piece.statistic.replace('_', ' ')} of {column}{where}{against}"


def span(low: float, high: float) -> str:
    """An interval, or a number where both its ends are one, as people read it."""
    if low == high:
        return f"{low:.3g}"
    if math.isinf(low):
        return f"at most {high:.3g}"
    if math.isinf(high):
        return f"at least {low:.3g}"
    return f"[{low:.3g}, {high:.3g}]"
