"""What is told of a claim: its outcomes, its evidence as cells of a table, how much of it fails."""

from collections import Counter
from dataclasses import dataclass

from jfb.analysis import published
from jfb.analysis.decisions import Outcome, Weighed
from jfb.output import wording

#: What evidence that decides in general is about.
IN_GENERAL = "in general"
#: What evidence that decides in the published runs is about.
PUBLISHED = "published runs"
#: Evidence that decides nothing.
BESIDE = "shown beside"
# Evidence on times of the report's own program, and on any fall of the loss.
_OWN, _ANY, _ANY_PUBLISHED = "dataloader_", "any_fall", "published_any_fall"
# Evidence on the published runs that is shown beside.
_PUBLISHED = "published_"
# Evidence after equal updates, of a claim that others decide after equal epochs.
_EQUAL = "equal_updates_"
# The points of the report's full batch.
_FULL = int(published.TABLE["batch_size"].max())


@dataclass(frozen=True)
class Row:
    """A piece of evidence, on one machine, and the cells of a table that tell it."""

    piece: Weighed
    about: str
    what: str
    found: str
    counts: str
    allowed: str
    outcome: str


@dataclass(frozen=True)
class Other:
    """The outcomes of a claim by another choice, in words; None for a part that it has not."""

    choice: str
    general: str | None
    published: str | None


@dataclass(frozen=True)
class Part:
    """What is found in general, or in the published runs.

    `counted` is how many pieces of evidence say what, `why` the sentence of the first that decides.
    """

    where: str
    outcome: str
    counted: str
    why: str


@dataclass(frozen=True)
class Told:
    """A claim: `number` is its place among all.

    `parts` are those that it has, in general first; `general` and `published` their outcomes;
    `others` the other choices that give another outcome of a part; `choices` the number of other
    choices that it rests on.
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
    parts: list[Part]
    evidence: list[Row]
    others: list[Other]
    choices: int

    @property
    def why(self) -> str:
        """What decides in general, or of the published runs where it is about nothing else."""
        return self.parts[0].why

    @property
    def moved(self) -> list[Other]:
        """The other choices that give another outcome in general."""
        return [other for other in self.others if other.general != self.general]

    @property
    def changed(self) -> list[tuple[str, str, str]]:
        """Of each of `others` the choice, and the outcomes beside those of the claim, in words."""
        return [
            (
                o.choice,
                wording.changed(o.general, self.general),
                wording.changed(o.published, self.published),
            )
            for o in self.others
        ]

    @property
    def fails_in_part(self) -> bool:
        """It fails in general, and other evidence in general or beside does not fail."""
        return bool(self.limit)

    @property
    def in_general(self) -> str | None:
        """The outcome in general, as tables have it."""
        return f"{self.general}, in part" if self.fails_in_part else self.general

    @property
    def in_published(self) -> str | None:
        """The outcome in the published runs, as tables have it."""
        return f"{self.published}, in part" if self.published_in_part else self.published

    @property
    def published_in_part(self) -> bool:
        """It fails in the published runs, and other evidence on them says that it does not."""
        pieces = [row.piece for row in self.evidence if row.about == PUBLISHED]
        beside = [row.piece for row in self.evidence if row.piece.evidence.id == _ANY_PUBLISHED]
        fails = self.published == Outcome.FAILS
        return fails and len({piece.outcome for piece in pieces + beside}) > 1

    @property
    def limit(self) -> str:
        """Where it fails only, as it follows "it fails"; empty where there is no such limit."""
        if self.general != Outcome.FAILS:
            return ""
        found = self._in_programs() or self._after_epochs() or self._on_batches()
        return found or self._by_size() or self._by_pieces()

    def _in_programs(self) -> str:
        """Where only programs of ours fail: what the report's own does."""
        own = [outcome for name, outcome in self._outcomes().items() if name.startswith(_OWN)]
        if not own or Outcome.FAILS in own:
            return ""
        (most, n), *others = Counter(own).most_common()
        told = f"{n} of {len(own)} pieces of evidence {says(most, n)}"
        told += "".join(f" and {count} {says(outcome, count)}" for outcome, count in others)
        return f"in programs of ours only (in the report's own, timed again, {told})"

    def _after_epochs(self) -> str:
        """Where only equal epochs fail: what evidence after equal updates, shown beside, does."""
        beside = self._beside()
        equal = [outcome for name, outcome in beside.items() if name.startswith(_EQUAL)]
        if not equal or set(equal) & {Outcome.FAILS, Outcome.NOT_MEASURED}:
            return ""
        told = [f"{n} {says(outcome, n)}" for outcome, n in Counter(equal).items()]
        return f"after equal epochs (after equal updates, {' and '.join(told)})"

    def _on_batches(self) -> str:
        """Where only small batches fail: what holds on the full one, by evidence on it alone."""
        asked = [(row.piece.evidence.arguments, row.outcome) for row in self._general()]
        full = [
            outcome
            for arguments, outcome in asked
            if arguments.get("batch_size") == _FULL and "against" not in arguments
        ]
        if not full or Outcome.FAILS in full:
            return ""
        outcome = Outcome.OPEN if Outcome.OPEN in full else Outcome.HOLDS
        return f"on small batches only (on the full batch it {says(outcome, 1)})"

    def _by_size(self) -> str:
        """Where only falls of some size are too few: in how many runs the loss falls at all."""
        found = {row.piece.evidence.id: row for row in self.evidence}
        if _ANY not in found or found[_ANY].outcome == Outcome.FAILS:
            return ""
        published = found.get(_ANY_PUBLISHED)
        too = ", and in the published run" if published and published.found == "yes" else ""
        return (
            f"for falls as large as we ask for only (the loss falls at all in {found[_ANY].found}"
            f" of the runs{too})"
        )

    def _by_pieces(self) -> str:
        """Where some pieces of evidence fail only: what the others say."""
        counts = Counter(self._outcomes().values())
        if len(counts) == 1:
            return ""
        others = [(outcome, n) for outcome, n in counts.most_common() if outcome != Outcome.FAILS]
        told = " and ".join(f"{n} {says(outcome, n)}" for outcome, n in others)
        return f"by {counts[Outcome.FAILS]} of {counts.total()} pieces of evidence only ({told})"

    def _outcomes(self) -> dict[str, str]:
        """What each piece of evidence in general says on all machines together, by its id."""
        return {row.piece.evidence.id: str(row.piece.outcome) for row in self._general()}

    def _beside(self) -> dict[str, Outcome]:
        """What each piece of evidence that is shown beside says on all machines together."""
        rows = (row for row in self.evidence if row.about == BESIDE)
        return {row.piece.evidence.id: row.piece.outcome for row in rows}

    def _general(self) -> list[Row]:
        return [row for row in self.evidence if row.about == IN_GENERAL]

    @property
    def beside(self) -> str:
        """What the measured evidence shown beside that in general does, with how many pieces.

        Empty for none.
        """
        found = [o for name, o in self._beside().items() if not name.startswith(_PUBLISHED)]
        counts = Counter(outcome for outcome in found if outcome != Outcome.NOT_MEASURED)
        return ", ".join(f"{n} {says(outcome, n)}" for outcome, n in counts.most_common())

    @property
    def lacks(self) -> bool:
        """Some of its evidence is not measured."""
        return any(row.piece.outcome == Outcome.NOT_MEASURED for row in self.evidence)

    @property
    def is_firm(self) -> bool:
        """It rests on other choices, and each gives the same outcome in general."""
        return bool(self.choices) and not self.moved

    @property
    def is_sure(self) -> bool:
        """It is firm, all of its evidence is measured, and it is not within limits only."""
        return self.is_firm and not self.limit and not self.lacks


def says(outcome: str | None, count: int) -> str:
    """What so many claims, or pieces of evidence, do by an outcome; None where they have none."""
    if outcome == Outcome.HOLDS:
        return "holds" if count == 1 else "hold"
    if outcome == Outcome.FAILS:
        return "fails" if count == 1 else "fail"
    return f"{'is' if count == 1 else 'are'} {outcome or 'not about them'}"
