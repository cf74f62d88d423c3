"""Claims of the report, and the evidence by which each is decided (workflow/claims.yaml).

A claim has evidence about the published runs, about batch size as such (`general`), or both, and
some that is shown `beside` and decides nothing. Each piece names a table, a statistic and the
values `holds` that the claim allows.
"""

import hashlib
import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jfb.analysis.sources import PARTS, Source, named, pieces
from jfb.analysis.statistics import STATISTICS

#: Statistics that are ratios: their tolerance is a factor.
RATIOS = ("ratio", "cost_ratio")


@dataclass(frozen=True)
class Evidence:
    """A piece of evidence.

    `label` says in words what is measured, in `unit` (see `jfb.output.wording`); `says` is a
    sentence about it, with {} where the number is. The table is that
    of the first of `sources` that is taken; `arguments` are those of the function `statistic` after
    it. With `each`, a column of the table, every value of it has a finding of its own. The
    tolerance of the claim is the distance of `holds` from `counted_from`; None where it has none.
    """

    id: str
    label: str
    says: str
    unit: str
    sources: tuple[Source, ...]
    statistic: str
    arguments: Mapping[str, Any]
    each: str | None
    holds: tuple[float, float]
    counted_from: float | None

    def source_in(self, tables: Collection[Source]) -> Source | None:
        """The source that is taken; None if none is among the tables."""
        return next((source for source in self.sources if source in tables), None)


@dataclass(frozen=True)
class Claim:
    """A claim, in our words, its place in the report, and the evidence for it, by part.

    `short` is the statement in a few words. `scope` says of which networks the evidence is, where
    the claim could be about others too.
    """

    id: str
    short: str
    statement: str
    place: str
    published: tuple[Evidence, ...]
    general: tuple[Evidence, ...]
    beside: tuple[Evidence, ...]
    scope: str = ""

    def pieces(self) -> Iterator[tuple[str, Evidence]]:
        """Every piece of evidence, with its part."""
        for part in PARTS:
            yield from ((part, piece) for piece in getattr(self, part))


def read(document: Mapping[str, Any]) -> list[Claim]:
    """Claims from what the YAML file holds: `rule`, in words, and `claims`.

    Raises:
        ValueError: an id occurs twice, a claim has nothing that decides it, a kind of table or a
            statistic does not exist, or a tolerance has nothing that it is counted from; the
            message names the claim.
    """
    claims = []
    for entry in document["claims"]:
        name = entry["id"]
        parts = (tuple(_evidence(name, p) for p in entry.get(part, ())) for part in PARTS)
        short, scope = entry.get("short", entry["statement"]), entry.get("scope", "")
        claim = Claim(name, short, entry["statement"], entry["place"], *parts, scope)
        _require_once(f"claim {name}: evidence", [piece.id for _, piece in claim.pieces()])
        if not claim.published + claim.general:
            raise ValueError(f"claim {name}: must have evidence that decides it")
        claims.append(claim)
    _require_once("claim", [claim.id for claim in claims])
    return claims


def digest(document: Mapping[str, Any], numbers: Mapping[str, Any]) -> str:
    """A digest of the rules: of every piece of evidence its claim, part, id, `rule` and
    `counted_from`, and of the numbers by which `jfb.analysis.evidence` makes what it asks.

    Statements, places, labels, sentences, units and the rule's words may change without it.

    Args:
        document: what the YAML file holds.
        numbers: by name, see `jfb.analysis.evidence.NUMBERS`.
    """
    rules = [
        [claim, part, piece["id"], piece["rule"], piece.get("counted_from")]
        for claim, part, piece in pieces(document)
    ]
    told = [sorted(rules, key=lambda rule: rule[:3]), numbers]
    text = json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _evidence(claim: str, entry: Mapping[str, Any]) -> Evidence:
    name = f"claim {claim}: evidence {entry['id']}"
    arguments = dict(entry["rule"])
    try:
        sources = named(arguments)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    del arguments["table"]
    statistic = arguments.pop("statistic")
    each, holds = arguments.pop("each", None), arguments.pop("holds")
    if statistic not in STATISTICS:
        raise ValueError(f"{name}: {statistic!r} must be one of: {', '.join(STATISTICS)}")
    low, high = (
        -math.inf if holds[0] is None else holds[0],
        math.inf if holds[1] is None else holds[1],
    )
    counted_from = low if low == high else entry.get("counted_from")
    if counted_from is None:
        raise ValueError(f"{name}: must have `counted_from`, which its tolerance is counted from")
    return Evidence(
        id=entry["id"],
        label=entry["label"],
        says=entry.get("says", f"{entry['label']}: {{}}"),
        unit=entry.get("unit", ""),
        sources=sources,
        statistic=statistic,
        arguments=arguments,
        each=each,
        holds=(low, high),
        counted_from=counted_from,
    )


def _require_once(what: str, ids: Sequence[str]) -> None:
    for name in ids:
        if ids.count(name) > 1:
            raise ValueError(f"{what} {name}: must be there once")
