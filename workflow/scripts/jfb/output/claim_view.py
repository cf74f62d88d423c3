"""What the pages of claims say, in words, for their templates: the same of Markdown and of HTML."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jfb.analysis.decisions import Judged, Outcome, Verdict, Weighed
from jfb.analysis.rule_changes import KEYS
from jfb.analysis.sensitivity import columns, in_general
from jfb.analysis.sources import DECIDING, targets
from jfb.output import wording
from jfb.output.claim_data import Missing, Names, basis, command, missing

#: What a verdict says, by its name.
MEANINGS = {
    Verdict.HOLDS: "true in general, and of the published runs where the claim is about them too",
    Verdict.HOLDS_IN_PUBLISHED: "true of the published runs; the claim is about nothing else",
    Verdict.HOLDS_IN_PUBLISHED_ONLY: "true of the published runs, false in general",
    Verdict.FAILS: "false in general, and of the published runs where the claim is about them too",
    Verdict.FAILS_IN_PUBLISHED: "false of the published runs, and not shown to be false in general",
    Verdict.UNDECIDED: "an interval has values that are allowed and others, or machines differ; "
    "it may fail in general all the same",
    Verdict.NOT_MEASURED: "a part of its evidence lacks data; it may fail in general all the same",
}
#: Claims are listed by what is found in general: outcome, and the heading.
_GROUPS = {
    Outcome.FAILS: "Fails in general",
    Outcome.OPEN: "Open in general",
    Outcome.HOLDS: "Holds in general",
    Outcome.NOT_MEASURED: "Not measured in general",
    None: "About the published runs only",
}
_PARTS = {"published": "published runs", "general": "in general", "beside": "shown beside"}
_CHOICES = {
    "half_tolerance": "half the tolerance",
    "double_tolerance": "twice the tolerance",
    "simultaneous": "intervals that hold together",
}


@dataclass(frozen=True)
class Row:
    """A piece of evidence, on one machine, in the cells of a table."""

    about: str
    what: str
    found: str
    counts: str
    allowed: str
    outcome: str


@dataclass(frozen=True)
class Other:
    """What another choice says of a claim: the outcome in general, if any, and the verdict.

    `is_other`: the outcome in general is another than that of the claim.
    """

    choice: str
    general: str | None
    verdict: str
    is_other: bool


@dataclass(frozen=True)
class Told:
    """A claim: `number` is its place among all.

    `why` is the piece of evidence that decides in general, or in the published runs where the claim
    is about nothing else; `deciding` that on which the verdict hangs if it is another, or empty.
    `counted` is how many pieces of evidence say what, by part; `others` the other choices that give
    another verdict, or another outcome in general; `choices` the number of other choices that it
    rests on. `is_firm`: there are other choices, and none gives another outcome in general.
    """

    number: int
    id: str
    short: str
    statement: str
    place: str
    scope: str
    verdict: str
    machines: int | None
    published: str | None
    general: str | None
    why: str
    deciding: str
    counted: list[str]
    evidence: list[Row]
    others: list[Other]
    choices: int
    is_firm: bool


@dataclass(frozen=True)
class View:
    """What a template of the claims may use.

    `crossed` has the number of claims of each outcome in general (None: they have none), and in
    words how many of them have which outcome in the published runs. `smaller` is the number of
    pieces of evidence that rest on less than they could, `unmeasured` that of those without data.
    """

    claims: list[Told]
    groups: list[tuple[str, list[Told]]]
    crossed: list[tuple[str | None, int, str]]
    verdicts: list[tuple[str, int, str]]
    pieces: int
    smaller: int
    unmeasured: int
    rule: list[str]
    basis: list[tuple[str, int]]
    missing: list[Missing]
    changes: list[dict[str, str]]

    def of(self, name: str) -> Told:
        """The claim with an id."""
        return next(one for one in self.claims if one.id == name)

    def command_for_all(self) -> str:
        """That makes all that is missing."""
        return command(dict.fromkeys(name for one in self.missing for name in one.targets))


def view(
    judged: Sequence[Judged],
    sensitivity: Iterable[Mapping[str, Any]],
    document: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    sizes: Mapping[str, Mapping[str, Any]],
) -> View:
    """What the pages say.

    Args:
        judged: the claims.
        sensitivity: the rows of the table of `jfb.analysis.sensitivity`.
        document: what workflow/claims.yaml holds.
        changes: what workflow/rule_changes.yaml holds.
        sizes: of studies, see `jfb.analysis.selection.sizes`.
    """
    names = Names(document.get("data", {}), sizes)
    others = {row["id"]: row for row in sensitivity}
    claims = [
        _told(number, one, others[one.claim.id], names) for number, one in enumerate(judged, 1)
    ]
    by_general = [
        (title, [told for told, one in zip(claims, judged, strict=True) if one.general is outcome])
        for outcome, title in _GROUPS.items()
    ]
    counts = Counter(one.verdict for one in judged)
    published = {outcome: Counter() for outcome in _GROUPS}
    for one in judged:
        published[one.general][one.published] += 1
    taken = [piece for one in judged for _, piece in one.pieces()]
    numbered = {one.id: one.number for one in claims}
    return View(
        claims=claims,
        groups=[group for group in by_general if group[1]],
        crossed=[
            (outcome and str(outcome), found.total(), _listed(found))
            for outcome, found in published.items()
            if found
        ],
        verdicts=[(str(name), counts[name], MEANINGS[name]) for name in Verdict if counts[name]],
        pieces=len(taken),
        smaller=sum(one.source not in (None, one.evidence.sources[0]) for one in taken),
        unmeasured=sum(one.source is None for one in taken),
        rule=document["rule"].strip().split("\n\n"),
        basis=basis(judged, names),
        missing=missing(judged, names),
        changes=[_change(change, numbered) for change in reversed(changes)],
    )


def _told(number: int, one: Judged, others: Mapping[str, Any], names: Names) -> Told:
    part = "general" if one.general else "published"
    why = next(p for p in one.weighed[part] if p.outcome is getattr(one, part))
    general = one.general and str(one.general)
    by_choice = list(_others(others, general))
    return Told(
        number=number,
        **{key: getattr(one.claim, key) for key in ("id", "short", "statement", "place", "scope")},
        verdict=str(one.verdict),
        machines=one.machines,
        published=one.published and str(one.published),
        general=general,
        why=_sentence(why, names),
        deciding="" if why is one.deciding else _sentence(one.deciding, names),
        counted=[_counted(one, part) for part in DECIDING if one.weighed[part]],
        evidence=list(_rows(one)),
        others=[o for o in by_choice if o.is_other or o.verdict != str(one.verdict)],
        choices=len(by_choice),
        is_firm=bool(by_choice) and not any(other.is_other for other in by_choice),
    )


def _others(row: Mapping[str, Any], general: str | None) -> Iterator[Other]:
    """What each other choice says that a claim rests on; missing cells are NaN or None."""
    for name in columns():
        verdict, outcome = (
            cell if isinstance(cell, str) else None for cell in (row[name], row[in_general(name)])
        )
        if verdict:
            yield Other(choice_in_words(name), outcome, verdict, is_other=outcome != general)


def _sentence(weighed: Weighed, names: Names) -> str:
    """What a piece of evidence says, or which command would make its data."""
    if weighed.findings:
        return wording.sentence(weighed)
    first = weighed.evidence.sources[0].product
    if not first:
        return "Its data are not there."
    return f"`{command(targets(first))}` makes {names.of(first)}."


def _counted(one: Judged, part: str) -> str:
    outcomes = Counter(piece.outcome for piece in one.weighed[part])
    pieces = outcomes.total()
    (most, n), *others = outcomes.most_common()
    where = {"published": "Published runs", "general": "In general"}[part]
    told = f"{n} of {pieces} piece{'s' if pieces != 1 else ''} of evidence {says(most, n)}"
    rest = "".join(f", {count} {says(outcome, count)}" for outcome, count in others)
    return f"{where}: {told}{rest}."


def _listed(outcomes: Counter[Outcome | None]) -> str:
    found = outcomes.most_common()
    return ", ".join(f"{count} {says(outcome, count)}" for outcome, count in found)


def says(outcome: str | None, count: int) -> str:
    """What so many claims, or pieces of evidence, do by an outcome; None where they have none."""
    if outcome == Outcome.HOLDS:
        return "holds" if count == 1 else "hold"
    if outcome == Outcome.FAILS:
        return "fails" if count == 1 else "fail"
    return f"{'is' if count == 1 else 'are'} {outcome or 'not about them'}"


def _rows(one: Judged) -> Iterator[Row]:
    for part, piece in one.pieces():
        names, findings, outcomes = zip(*piece.by_machine(), strict=True)
        machines = wording.machines(names)
        for machine, finding, outcome in zip(machines, findings, outcomes, strict=True):
            yield Row(
                about=_PARTS[part],
                what=piece.evidence.label + (f"; on {machine}" if machine else ""),
                found=wording.found_in(piece.evidence, finding) if finding else "-",
                counts=finding.counts if finding else "-",
                allowed=wording.allowed_by(piece.evidence),
                outcome=str(outcome),
            )


def choice_in_words(column: str) -> str:
    """Another choice by which claims are judged, a column of `jfb.analysis.sensitivity`."""
    kind, _, value = column.rpartition("_")
    told = {"level": f"a loss of {value} to reach", "accuracy": f"an accuracy of {value} as full"}
    return _CHOICES.get(column) or told[kind]


def _change(change: Mapping[str, Any], numbered: Mapping[str, int]) -> dict[str, str]:
    """A change with claims by their numbers, in its texts too; without a commit an empty one."""
    # Of one word, such as contraction, the text may mean the thing.
    ids = re.compile(rf"\b({'|'.join(name for name in numbered if '_' in name)})\b")
    told = {
        key: ids.sub(lambda found: f"claim {numbered[found[0]]}", str(change.get(key, "")))
        for key in KEYS
    }
    return told | {"claims": ", ".join(str(k) for k in sorted(map(numbered.get, change["claims"])))}
