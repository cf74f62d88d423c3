"""The tables that evidence is taken from, by the names that workflow/claims.yaml gives them.

Such are `summaries/seeds`, `cost/latent_dim`, `data`. Without pandas: the scheduler reads it.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Of the evidence of a claim: about the published runs, in general, and what decides nothing.
PARTS = ("published", "general", "beside")
#: Those that the verdict follows from.
DECIDING = ("published", "general")
#: What claims call the studies that the configuration gives a part to.
ROLES = ("replay", "seeds", "trajectories")


@dataclass(frozen=True)
class Kind:
    """A kind of tables.

    `product` is the kind of the files that the tables are made from, None where the library holds
    them. `of_study`: each is of a study. `target` makes the files; where they are of a study, those
    of the studies with a role: the other studies' are made by the study's own target. `short` is a
    measurement that takes the place of the one that `target` makes, where a command does not ask
    for that. `placed`: it is made with the target `catalogue` only, of a study with the points and
    the network of the catalogue of minima; the replay where it is of none.
    """

    product: str | None
    of_study: bool = False
    target: str | None = None
    short: bool = False
    placed: bool = False


KINDS = {
    "published": Kind(None),
    "data": Kind("data"),
    "summaries": Kind("summaries", of_study=True),
    "cells": Kind("summaries", of_study=True),
    "above_lowest": Kind("summaries", of_study=True),
    "alignment": Kind("alignment", of_study=True, target="alignment"),
    "sharpness": Kind("sharpness", of_study=True, target="minima"),
    "sharpness_by_entry": Kind("sharpness_by_entry", of_study=True, placed=True),
    "catalogue": Kind("catalogue", target="catalogue", placed=True),
    "contraction": Kind("contraction", of_study=True, target="minima"),
    "timing": Kind("timing", target="timing"),
    "timing_short": Kind("timing_short", target="timing", short=True),
    "cost": Kind("cost", target="cost"),
    "cost_short": Kind("cost_short", target="cost", short=True),
}


@dataclass(frozen=True)
class Source:
    """A table, or with no `part` all tables of its kind that are made from the same files.

    `study` is empty unless the kind is of studies. As text it is the name that claims give it.
    """

    kind: str
    study: str = ""
    part: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.kind, self.study, self.part)))

    @property
    def subject(self) -> str:
        """The study that the table is of, or else its kind: timing, cost, data, published."""
        return self.study or self.kind

    @property
    def product(self) -> "Source | None":
        """What the table is made from; None where the library holds it."""
        kind = KINDS[self.kind].product
        return kind and Source(kind, self.study)

    def of_kind(self, kind: str) -> "Source":
        """The table of another kind of the same study."""
        return dataclasses.replace(self, kind=kind)


def parse(name: str) -> Source:
    """The source that a name means.

    Raises:
        ValueError: there is no such kind of tables, or a kind of studies has no study.
    """
    kind, _, rest = name.partition("/")
    if kind not in KINDS:
        raise ValueError(f"table {name}: {kind!r} must be one of: {', '.join(KINDS)}")
    if KINDS[kind].of_study and not rest:
        raise ValueError(f"table {name}: must name a study, as {kind}/seeds does")
    return Source(kind, study=rest) if KINDS[kind].of_study else Source(kind, part=rest)


def named(rule: Mapping[str, Any]) -> tuple[Source, ...]:
    """The tables that the rule of a piece of evidence names, the first choice first."""
    table = rule["table"]
    return tuple(map(parse, [table] if isinstance(table, str) else table))


def pieces(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every piece of evidence in what workflow/claims.yaml holds: id of the claim, part, piece."""
    for claim in document["claims"]:
        for part in PARTS:
            yield from ((claim["id"], part, piece) for piece in claim.get(part, ()))


def products(document: Mapping[str, Any]) -> list[Source]:
    """What the tables of the claims are made from, each once."""
    sources = (source for *_, piece in pieces(document) for source in named(piece["rule"]))
    return list(dict.fromkeys(source.product for source in sources if source.product))


def targets(product: Source) -> tuple[str, ...]:
    """What a command has to name beside `claims` so that they rest on a product.

    Of a study that the configuration gives a part to the target of the measurement, if it has one;
    else the study's own target.
    """
    kind = KINDS[product.kind]
    if not kind.of_study:
        return (kind.target,) if kind.target else ()
    own = kind.target if kind.target and product.study in ROLES else product.study
    return (own, "catalogue") if kind.placed else (own,)
