"""What claims would do by other choices: tolerances, intervals, levels, accuracy."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd

from jfb.analysis.claims import RATIOS, Claim, Evidence
from jfb.analysis.decisions import Judged, find, is_sampled, judge, verdict_on
from jfb.analysis.evidence import of_level
from jfb.analysis.intervals import CONFIDENCE
from jfb.analysis.shares import LEVELS, REACHED
from jfb.analysis.sources import DECIDING, PARTS, Source

#: By which factor tolerances are scaled, by choice.
_SCALES = {"half_tolerance": 0.5, "double_tolerance": 2.0}
SIMULTANEOUS = "simultaneous"
AS_JUDGED = "as_judged"
_ACCURATE = ("first_accurate_share", "accurate", "accurate_at_once", "accurate_halfway")


def choices() -> list[str]:
    """The other choices, in the order of the table."""
    levels = [of_level("level", level) for level in LEVELS if level != REACHED]
    return [*_SCALES, SIMULTANEOUS, *levels, "accuracy_0.97"]


def table(
    claims: Sequence[Claim], judged: Sequence[Judged], tables: Mapping[Source, pd.DataFrame]
) -> pd.DataFrame:
    """The outcomes of the claims by each other choice.

    Args:
        claims: the claims.
        judged: the same claims judged as the rule says.
        tables: see `jfb.analysis.decisions.judge`.

    Returns:
        A row per claim and choice that it rests on: id; choice; general and published, the outcome
        of either part, missing where the claim has no such part. The choices are as_judged, the
        rule itself; half_tolerance and double_tolerance, where the distance of each bound of
        `holds` from `counted_from` is halved or doubled (of ratios, that of their logarithms),
        unless that would allow every share; simultaneous, where intervals are of 1 - 0.05 / m for
        the m intervals that decide claims (Bonferroni), so that with 95 % all of them contain what
        they estimate; level_<x>, where runs have to reach the loss x, not 0.001 (below that at
        exact fixed points); accuracy_0.97, where 0.97 is accurate, not 0.99.
    """
    by_choice = {AS_JUDGED: judged, **dict(_judged_again(claims, judged, tables))}
    rows = [
        {
            "id": one.claim.id,
            "choice": choice,
            "general": one.general and str(one.general),
            "published": one.published and str(one.published),
        }
        for choice, found in by_choice.items()
        for one in found
    ]
    frame = pd.DataFrame(rows, columns=["id", "choice", "general", "published"])
    places = {one.claim.id: place for place, one in enumerate(judged)}
    return frame.sort_values("id", key=lambda ids: ids.map(places), kind="stable")


def intervals_that_decide(judged: Sequence[Judged]) -> int:
    """The number m of intervals that decide claims."""
    return sum(
        sum(not math.isnan(finding.low) for finding in piece.findings.values())
        for one in judged
        for _, piece in one.pieces(*DECIDING)
        if is_sampled(piece.evidence)
    )


def scaled(piece: Evidence, factor: float) -> Evidence:
    """The evidence with `factor` times the tolerance; as it is where that allows every share."""
    holds = tuple(_scaled(piece, end, factor) for end in piece.holds)
    if _is_share(piece) and holds == (0, 1):
        return piece
    return dataclasses.replace(piece, holds=holds)


def _scaled(piece: Evidence, end: float, factor: float) -> float:
    if math.isinf(end):
        return end
    if piece.statistic in RATIOS:
        return piece.counted_from * (end / piece.counted_from) ** factor
    moved = piece.counted_from + factor * (end - piece.counted_from)
    # A share stays one.
    return min(1.0, max(0.0, moved)) if _is_share(piece) else moved


def _is_share(piece: Evidence) -> bool:
    return piece.unit == "%" and piece.statistic != "share_difference"


def _judged_again(
    claims: Sequence[Claim], judged: Sequence[Judged], tables: Mapping[Source, pd.DataFrame]
) -> Iterator[tuple[str, list[Judged]]]:
    """The claims by each other choice, of those that rest on it."""
    for column, factor in _SCALES.items():
        yield column, _again(judged, lambda piece, factor=factor: scaled(piece, factor))
    confidence = 1 - (1 - CONFIDENCE) / max(1, intervals_that_decide(judged))
    deciding = [dataclasses.replace(claim, beside=()) for claim in claims]
    sampled = [claim for claim in deciding if any(is_sampled(p) for _, p in claim.pieces())]
    yield SIMULTANEOUS, judge(sampled, tables, confidence)
    for level in LEVELS:
        if level != REACHED:
            change = {"reached": of_level("reached", level)}
            yield of_level("level", level), _by_columns(judged, tables, change)
    yield "accuracy_0.97", _by_columns(judged, tables, {name: f"{name}_97" for name in _ACCURATE})


def _again(judged: Sequence[Judged], change: Callable[[Evidence], Evidence]) -> list[Judged]:
    """The claims with other tolerances of the same findings, of those that have any."""
    found = []
    for one in judged:
        weighed = {
            part: [(change(p.evidence), p.source, p.findings) for p in one.weighed[part]]
            for part in PARTS
        }
        same = all(
            changed.holds == piece.evidence.holds
            for part in DECIDING
            for (changed, *_), piece in zip(weighed[part], one.weighed[part], strict=True)
        )
        if not same:
            found.append(verdict_on(one.claim, weighed))
    return found


def _by_columns(
    judged: Sequence[Judged], tables: Mapping[Source, pd.DataFrame], change: Mapping[str, str]
) -> list[Judged]:
    """The claims with other columns of the same tables, of those that rest on them."""
    found = []
    for one in judged:
        weighed: dict[str, list] = {part: [] for part in PARTS}
        asked = False
        for part, piece in one.pieces(*DECIDING):
            column = piece.evidence.arguments.get("column")
            entry = piece.evidence, piece.source, piece.findings
            if column in change:
                asked = True
                arguments = {**piece.evidence.arguments, "column": change[column]}
                other = dataclasses.replace(piece.evidence, arguments=arguments)
                entry = other, piece.source, find(other, tables)
            weighed[part].append(entry)
        if asked:
            found.append(verdict_on(one.claim, weighed))
    return found
