"""The rule by which evidence decides claims, which workflow/claims.yaml says in words."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from jfb.analysis.claims import Claim, Evidence
from jfb.analysis.finding import Finding
from jfb.analysis.intervals import CONFIDENCE
from jfb.analysis.sources import DECIDING, PARTS, Source
from jfb.analysis.statistics import STATISTICS


class Outcome(StrEnum):
    """What a piece of evidence, or a part of a claim, says of the claim."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"
    NOT_MEASURED = "not measured"


class Verdict(StrEnum):
    """What is said of a claim."""

    HOLDS = "holds"
    HOLDS_IN_PUBLISHED = "holds in the published runs"
    HOLDS_IN_PUBLISHED_ONLY = "holds in the published runs only"
    FAILS = "fails"
    FAILS_IN_PUBLISHED = "fails in the published runs"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Weighed:
    """Evidence with the source of the table taken (None if none was taken) and what it found.

    `findings` are by the value of the column `each` of the evidence, or by an empty text.
    """

    evidence: Evidence
    source: Source | None
    findings: Mapping[str, Finding]
    outcome: Outcome

    def by_machine(self) -> list[tuple[str, Finding | None, Outcome]]:
        """Each of the findings with its key and outcome; one without where nothing was measured."""
        return [
            (machine, finding, decide(finding.low, finding.high, self.evidence.holds))
            for machine, finding in self.findings.items()
        ] or [("", None, self.outcome)]

    @property
    def studies(self) -> list[str]:
        """Of the source taken, or of those that could be: the study, or what else it is of."""
        sources = [self.source] if self.source else self.evidence.sources
        return [source.subject for source in sources]


@dataclass(frozen=True)
class Judged:
    """A claim with its evidence weighed by part, the outcome of both parts, and the verdict.

    A part without evidence has no outcome. `deciding` is the piece that the verdict hangs on.
    """

    claim: Claim
    weighed: Mapping[str, tuple[Weighed, ...]]
    published: Outcome | None
    general: Outcome | None
    verdict: Verdict
    deciding: Weighed

    def pieces(self, *parts: str) -> Iterator[tuple[str, Weighed]]:
        """Every piece of evidence of some parts with its part; of all parts if none is named."""
        for part in parts or PARTS:
            yield from ((part, piece) for piece in self.weighed[part])

    @property
    def machines(self) -> int | None:
        """On how many machines evidence was measured; None if the claim is not about machines."""
        found = [
            set(piece.findings)
            for _, piece in self.pieces(*DECIDING)
            if piece.evidence.each == "machine"
        ]
        return len(set().union(*found)) if found else None


def decide(low: float, high: float, holds: tuple[float, float]) -> Outcome:
    """What a span says of a claim that allows the values from `holds[0]` to `holds[1]`."""
    if holds[0] <= low and high <= holds[1]:
        return Outcome.HOLDS
    if high < holds[0] or low > holds[1]:
        return Outcome.FAILS
    # Where there is no span, both its ends are NaN.
    return Outcome.OPEN


def decide_all(outcomes: Sequence[Outcome]) -> Outcome:
    """What several machines say together: what all say, or that it is open."""
    return outcomes[0] if len(set(outcomes)) == 1 else Outcome.OPEN


def decide_part(outcomes: Sequence[Outcome]) -> Outcome | None:
    """What the pieces of one part of a claim say together; None if there are none."""
    order = (Outcome.FAILS, Outcome.NOT_MEASURED, Outcome.OPEN, Outcome.HOLDS)
    return next((outcome for outcome in order if outcome in outcomes), None)


def decide_claim(published: Outcome | None, general: Outcome | None) -> Verdict:
    """The verdict on a claim from the outcomes of its two parts; None where it has no such part."""
    if published is Outcome.FAILS:
        return Verdict.FAILS if general is Outcome.FAILS else Verdict.FAILS_IN_PUBLISHED
    if published in (Outcome.HOLDS, None) and general is Outcome.FAILS:
        return Verdict.HOLDS_IN_PUBLISHED_ONLY if published else Verdict.FAILS
    if Outcome.NOT_MEASURED in (published, general):
        return Verdict.NOT_MEASURED
    if Outcome.OPEN in (published, general):
        return Verdict.UNDECIDED
    return Verdict.HOLDS if general else Verdict.HOLDS_IN_PUBLISHED


def judge(
    claims: Sequence[Claim], tables: Mapping[Source, pd.DataFrame], confidence: float = CONFIDENCE
) -> list[Judged]:
    """Decide each claim.

    Args:
        claims: the claims.
        tables: by their sources, see `jfb.analysis.tables.read`.
        confidence: of the intervals.
    """
    return [
        verdict_on(
            claim,
            {
                part: [
                    (piece, piece.source_in(tables), find(piece, tables, confidence))
                    for piece in getattr(claim, part)
                ]
                for part in PARTS
            },
        )
        for claim in claims
    ]


def find(
    piece: Evidence, tables: Mapping[Source, pd.DataFrame], confidence: float = CONFIDENCE
) -> dict[str, Finding]:
    """What a piece of evidence finds, see `Weighed`; nothing where its table is not there.

    Raises:
        ValueError: the table lacks a column that the evidence names.
    """
    source = piece.source_in(tables)
    if source is None:
        return {}
    statistic, table = STATISTICS[piece.statistic], tables[source]
    arguments = dict(piece.arguments)
    if is_sampled(piece):
        arguments["confidence"] = confidence
    try:
        if piece.each is None:
            return {"": statistic(table, **arguments)}
        return {
            str(value): statistic(rows, **arguments)
            for value, rows in table.groupby(piece.each, sort=False)
        }
    except KeyError as error:
        there = ", ".join(map(str, table))
        fault = f"evidence {piece.id}: table {source} has no column {error}; it has {there}"
        raise ValueError(fault) from error


def is_sampled(piece: Evidence) -> bool:
    """Whether what a piece finds has a confidence interval."""
    return "confidence" in inspect.signature(STATISTICS[piece.statistic]).parameters


def verdict_on(
    claim: Claim,
    found: Mapping[str, Sequence[tuple[Evidence, Source | None, Mapping[str, Finding]]]],
) -> Judged:
    """The verdict on a claim from what its evidence found: by part, triples as `Weighed` has."""
    weighed = {
        part: tuple(Weighed(*piece, outcome_of(piece[0], piece[2])) for piece in pieces)
        for part, pieces in found.items()
    }
    published, general = (
        decide_part([piece.outcome for piece in weighed[part]]) for part in DECIDING
    )
    verdict = decide_claim(published, general)
    return Judged(claim, weighed, published, general, verdict, _deciding(weighed, verdict))


def outcome_of(piece: Evidence, findings: Mapping[str, Finding]) -> Outcome:
    """What the findings of a piece of evidence say together."""
    if not findings:
        return Outcome.NOT_MEASURED
    return decide_all([decide(one.low, one.high, piece.holds) for one in findings.values()])


def _deciding(weighed: Mapping[str, tuple[Weighed, ...]], verdict: Verdict) -> Weighed:
    """The piece that a verdict hangs on: the first with its outcome, in general if there is one."""
    wanted = {
        Verdict.FAILS_IN_PUBLISHED: Outcome.FAILS,
        Verdict.FAILS: Outcome.FAILS,
        Verdict.HOLDS_IN_PUBLISHED_ONLY: Outcome.FAILS,
        Verdict.NOT_MEASURED: Outcome.NOT_MEASURED,
        Verdict.UNDECIDED: Outcome.OPEN,
    }.get(verdict, Outcome.HOLDS)
    # What is said in general is told by the evidence in general.
    parts = reversed(DECIDING)
    return next(piece for part in parts for piece in weighed[part] if piece.outcome is wanted)
