"""What claims rest on and what they lack, in words, with the commands that make it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jfb.analysis.decisions import Judged
from jfb.analysis.rule_changes import KEYS
from jfb.analysis.sources import Source, targets


@dataclass(frozen=True)
class Names:
    """Data in words, by their names, with the numbers of their seeds.

    `words` is `data` of workflow/claims.yaml; for `sizes` see `jfb.analysis.selection.sizes`.
    """

    words: Mapping[str, str]
    sizes: Mapping[str, Mapping[str, Any]]

    def of(self, product: Source) -> str:
        """What a product is, and how many seeds and splits it has."""
        told = self.words.get(str(product), str(product))
        size = self.sizes.get(product.study)
        if not size:
            return told
        counts = [(size[what], what) for what in ("splits", "seeds") if size[what] > 1]
        said = ", ".join(f"{n:,} {what}" for n, what in counts)
        return f"{told} ({said})" if said else told


@dataclass(frozen=True)
class Missing:
    """Data that would be taken if the targets were made, what is taken for them, and for what."""

    targets: tuple[str, ...]
    data: list[str] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)
    claims: list[tuple[int, str]] = field(default_factory=list)


def command(names: Iterable[str]) -> str:
    """That makes the claims with what these targets make."""
    return " ".join(["snakemake --cores 4 claims", *names])


def basis(judged: Sequence[Judged], names: Names) -> list[tuple[str, int]]:
    """What evidence is taken from, with the number of its pieces."""
    taken = Counter(
        names.of(_product(piece.source))
        for one in judged
        for _, piece in one.pieces()
        if piece.source
    )
    return taken.most_common()


def missing(judged: Sequence[Judged], names: Names) -> list[Missing]:
    """What evidence would be taken from before what it is taken from, by the targets.

    A product that is there and lacks the table, as a catalogue without a study, is not missing.
    """
    found: dict[tuple[str, ...], Missing] = {}
    weighed = [piece for one in judged for _, piece in one.pieces()]
    there = {_product(piece.source) for piece in weighed if piece.source}
    for number, one in enumerate(judged, 1):
        for _, piece in one.pieces():
            taken = _product(piece.source) if piece.source else None
            for product in map(_product, piece.evidence.sources):
                if product == taken:
                    break
                if product in there:
                    continue
                asked = targets(product)
                entry = found.setdefault(asked, Missing(asked))
                _add(entry.data, names.of(product))
                _add(entry.claims, (number, one.claim.id))
                if taken:
                    _add(entry.instead, names.of(taken))
    return list(found.values())


def _add(entries: list, entry: object) -> None:
    if entry not in entries:
        entries.append(entry)


def _product(source: Source) -> Source:
    """What a table is made from, or itself where the library holds it."""
    return source.product or source


def changed_rule(change: Mapping[str, Any], numbered: Mapping[str, int]) -> dict[str, str]:
    """A change with claims by their numbers, in its texts too; without a commit an empty one."""
    # A name of one word, such as contraction, can mean the thing: "claim" stands before it.
    alone, joined = (
        "|".join(name for name in numbered if ("_" in name) == has) for has in (False, True)
    )
    ids = re.compile(rf"\b(?:claim ({alone})|({joined}))\b")
    told = {
        key: ids.sub(
            lambda found: f"claim {numbered[found[1] or found[2]]}", str(change.get(key, ""))
        )
        for key in KEYS
    }
    return told | {"claims": ", ".join(str(k) for k in sorted(map(numbered.get, change["claims"])))}
