"""What the pages of claims say, in words, for their templates: the same of Markdown and of HTML."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jfb.analysis.decisions import Judged, Outcome, Verdict, Weighed
from jfb.analysis.sensitivity import AS_JUDGED, choices
from jfb.analysis.sources import targets
from jfb.output import wording
from jfb.output.claim_data import Missing, Names, basis, changed_rule, command, missing
from jfb.output.claim_told import BESIDE, IN_GENERAL, PUBLISHED, Other, Part, Row, Told, says

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
# Outcomes in the published runs, in the order in which they are counted.
_LISTED = (Outcome.HOLDS, Outcome.FAILS, Outcome.OPEN, Outcome.NOT_MEASURED, None)
_WHERE = {"general": "In general", "published": "In the published runs"}
_PARTS = {"published": PUBLISHED, "general": IN_GENERAL, "beside": BESIDE}


@dataclass(frozen=True)
class View:
    """What a template of the claims may use.

    `crossed` has the number of claims of each outcome in general (None: they have none), and how
    many of them have each outcome in the published runs that any claim has. `verdicts` has the
    numbers of the claims of each, and `choices` those of the claims that rest on each choice.
    `smaller` is the number of pieces of evidence that rest on less than they could, `unmeasured`
    that of those without data.
    """

    claims: list[Told]
    groups: list[tuple[str, list[Told]]]
    crossed: list[tuple[str | None, int, dict[str | None, int]]]
    verdicts: list[tuple[str, list[int], str]]
    choices: list[tuple[str, list[int]]]
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
    by_choice: dict[str, list[Mapping[str, Any]]] = {one.claim.id: [] for one in judged}
    for row in sensitivity:
        by_choice[row["id"]].append(row)
    claims = [
        _told(number, one, by_choice[one.claim.id], names) for number, one in enumerate(judged, 1)
    ]
    by_general = [
        (title, [told for told, one in zip(claims, judged, strict=True) if one.general is outcome])
        for outcome, title in _GROUPS.items()
    ]
    published = {outcome: Counter() for outcome in _GROUPS}
    for one in judged:
        published[one.general][one.published] += 1
    listed = [name for name in _LISTED if any(found[name] for found in published.values())]
    taken = [piece for one in judged for _, piece in one.pieces()]
    numbered = {one.id: one.number for one in claims}
    return View(
        claims=claims,
        groups=[group for group in by_general if group[1]],
        crossed=[
            (outcome and str(outcome), found.total(), {name: found[name] for name in listed})
            for outcome, found in published.items()
            if found
        ],
        verdicts=[
            (str(name), [k for k, one in enumerate(judged, 1) if one.verdict is name], meaning)
            for name, meaning in MEANINGS.items()
        ],
        choices=[
            (wording.choice(choice), sorted(numbered[name] for name in resting))
            for choice, resting in _resting(by_choice).items()
        ],
        pieces=len(taken),
        smaller=sum(one.source not in (None, one.evidence.sources[0]) for one in taken),
        unmeasured=sum(one.source is None for one in taken),
        rule=document["rule"].strip().split("\n\n"),
        basis=basis(judged, names),
        missing=missing(judged, names),
        changes=[changed_rule(change, numbered) for change in reversed(changes)],
    )


def _told(number: int, one: Judged, rows: Sequence[Mapping[str, Any]], names: Names) -> Told:
    found = {"general": _text(one.general), "published": _text(one.published)}
    others = [
        Other(wording.choice(row["choice"]), *(_text(row[part]) for part in found))
        for row in rows
        if row["choice"] != AS_JUDGED
    ]
    return Told(
        number=number,
        **{key: getattr(one.claim, key) for key in ("id", "short", "statement", "place", "scope")},
        verdict=str(one.verdict),
        machines=one.machines,
        **found,
        parts=[_part(one, part, names) for part in ("general", "published") if found[part]],
        evidence=list(_rows(one)),
        others=[o for o in others if found != {"general": o.general, "published": o.published}],
        choices=len(others),
    )


def _resting(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[str]]:
    """The claims that rest on each other choice, in the order of the choices."""
    found: dict[str, list[str]] = {choice: [] for choice in choices()}
    for name, some in rows.items():
        for row in some:
            if row["choice"] != AS_JUDGED:
                found[row["choice"]].append(name)
    return found


def _text(cell: object) -> str | None:
    """An outcome in words; missing cells are NaN or None."""
    return str(cell) if isinstance(cell, str) else None


def _part(one: Judged, part: str, names: Names) -> Part:
    outcome = getattr(one, part)
    why = next(piece for piece in one.weighed[part] if piece.outcome is outcome)
    return Part(_WHERE[part], str(outcome), _counted(one, part), _sentence(why, names))


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
    told = f"{n} of {pieces} piece{'s' if pieces != 1 else ''} of evidence {says(most, n)}"
    return told + "".join(f", {count} {says(outcome, count)}" for outcome, count in others)


def _rows(one: Judged) -> Iterator[Row]:
    for part, piece in one.pieces():
        names, findings, outcomes = zip(*piece.by_machine(), strict=True)
        machines = wording.models(names)
        for machine, finding, outcome in zip(machines, findings, outcomes, strict=True):
            yield Row(
                piece=piece,
                about=_PARTS[part],
                what=piece.evidence.label + (f"; on {machine}" if machine else ""),
                found=wording.found_in(piece.evidence, finding) if finding else "-",
                counts=finding.counts if finding else "-",
                allowed=wording.allowed_by(piece.evidence),
                outcome=str(outcome),
            )
