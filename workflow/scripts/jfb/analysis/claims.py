"""Claims of the report, and the evidence by which each is decided (workflow/claims.yaml).

A claim has evidence about the published runs, about batch size as such (`general`), or both, and
some that is shown `beside` and decides nothing. Each piece names a table, a statistic and the
values `holds` that the claim allows.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from jfb.analysis.statistics import STATISTICS

#: Of the evidence of a claim: about the published runs, in general, and what decides nothing.
PARTS = ("published", "general", "beside")
#: Statistics that are ratios: their tolerance is a factor.
RATIOS = ("ratio", "cost_ratio")


@dataclass(frozen=True)
class Evidence:
    """A piece of evidence.

    `label` says in words what is measured, in `unit` (see `jfb.output.wording`). The table
    is the first of `tables` that is there; `arguments` are those of the function `statistic` after
    it. With `each`, a column of the table, every value of it has a finding of its own. The
    tolerance of the claim is the distance of `holds` from `counted_from`; None where it has none.
    """

    id: str
    label: str
    unit: str
    tables: tuple[str, ...]
    statistic: str
    arguments: Mapping[str, Any]
    each: str | None
    holds: tuple[float, float]
    counted_from: float | None

    def find(self, tables: Mapping[str, pd.DataFrame]) -> str | None:
        """The name of the table to be taken; None if none is there."""
        return next((name for name in self.tables if name in tables), None)


@dataclass(frozen=True)
class Claim:
    """A claim, in our words, its place in the report, and the evidence for it, by part."""

    id: str
    statement: str
    place: str
    published: tuple[Evidence, ...]
    general: tuple[Evidence, ...]
    beside: tuple[Evidence, ...]

    def pieces(self) -> Iterator[tuple[str, Evidence]]:
        """Every piece of evidence, with its part."""
        for part in PARTS:
            yield from ((part, piece) for piece in getattr(self, part))


def read(document: Mapping[str, Any]) -> list[Claim]:
    """Claims from what the YAML file holds: `rule`, in words, and `claims`.

    Raises:
        ValueError: an id occurs twice, a claim has nothing that decides it, a statistic does not
            exist, or a tolerance has nothing that it is counted from; the message names the claim.
    """
    claims = []
    for entry in document["claims"]:
        name = entry["id"]
        parts = (tuple(_evidence(name, p) for p in entry.get(part, ())) for part in PARTS)
        claim = Claim(name, entry["statement"], entry["place"], *parts)
        _require_once(f"claim {name}: evidence", [piece.id for _, piece in claim.pieces()])
        if not claim.published + claim.general:
            raise ValueError(f"claim {name}: must have evidence that decides it")
        claims.append(claim)
    _require_once("claim", [claim.id for claim in claims])
    return claims


def digest(document: Mapping[str, Any], numbers: Mapping[str, Any]) -> str:
    """A digest of the rules: of every piece of evidence its claim, part, id, `rule` and
    `counted_from`, and of the numbers by which `jfb.analysis.evidence` makes what it asks.

    Statements, places, labels, units and the rule's words may change without it.

    Args:
        document: what the YAML file holds.
        numbers: by name, see `jfb.analysis.evidence.NUMBERS`.
    """
    rules = [
        [entry["id"], part, piece["id"], piece["rule"], piece.get("counted_from")]
        for entry in document["claims"]
        for part in PARTS
        for piece in entry.get(part, ())
    ]
    told = [sorted(rules, key=lambda rule: rule[:3]), numbers]
    text = json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _evidence(claim: str, entry: Mapping[str, Any]) -> Evidence:
    name = f"claim {claim}: evidence {entry['id']}"
    arguments = dict(entry["rule"])
    table, statistic = arguments.pop("table"), arguments.pop("statistic")
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
        unit=entry.get("unit", ""),
        tables=(table,) if isinstance(table, str) else tuple(table),
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


def study_of(table: str) -> str:
    """The study that a table is of, or else what it is of: timing, cost, data, published."""
    kind, _, part = table.partition("/")
    return kind if kind in ("timing", "cost") else part or kind
