"""What was measured of a question, beside what would count as its answer, as a table of a page."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from jfb.analysis.decisions import Outcome
from jfb.output import markdown
from jfb.output.formats import Row, Unknown, allowed, interval

# So many criteria that fail are named in a sentence.
_FEW = 2


def table(rows: Sequence[Row], asked: Mapping[str, Any]) -> str:
    """A row for each outcome, in Markdown.

    Criteria are in the order in which they were asked. One that several results decide is named
    in the first of its rows, and each of these rows tells which result it has.

    Args:
        rows: the answer, see `jfb.analysis.questions.measured.table`.
        asked: the question as workflow/questions.yaml has it.

    Raises:
        Unknown: a criterion has no row.
    """
    deciding = _deciding(rows, asked)
    names = {says: _names(found, asked.get("words", {})) for says, found in deciding.items()}
    has_names = any(any(found) for found in names.values())
    head = ["what would count", "allowed", *(["where"] if has_names else []), "measured", "outcome"]
    lines = [_line(head), "|" + "---|" * len(head)]
    for says, found in deciding.items():
        for place, (row, name) in enumerate(zip(found, names[says], strict=True)):
            first = [says, allowed(row)] if place == 0 else ["", ""]
            where = [name] if has_names else []
            lines.append(_line([*first, *where, _measured(row), f"**{row['outcome']}**"]))
    return "\n".join(lines)


def counts(rows: Sequence[Row], asked: Mapping[str, Any]) -> str:
    """How many results hold, fail and are open, in words; see `table`."""
    outcomes = Counter(row["outcome"] for found in _deciding(rows, asked).values() for row in found)
    words = {
        Outcome.HOLDS: ("holds", "hold"),
        Outcome.FAILS: ("fails", "fail"),
        Outcome.OPEN: ("is open", "are open"),
    }
    told = [
        f"{outcomes[outcome]} {forms[outcomes[outcome] > 1]}"
        for outcome, forms in words.items()
        if outcomes[outcome]
    ]
    return ", ".join(told)


def referred(rows: Sequence[Row], asked: Mapping[str, Any], heading: str) -> str:
    """The outcomes of criteria as a sentence, with a link to their table.

    The criteria that fail are named where they are few and others do not fail.

    Args:
        rows: the answer, see `table`.
        asked: the question.
        heading: of docs/details.md, below which the table stands.
    """
    deciding = _deciding(rows, asked)
    link = f"details.md#{markdown.anchor(heading)}"
    told = (
        "*Criteria*, written down before the runs ([changes since](questions.md)): "
        f"{counts(rows, asked)} ([table]({link}))."
    )
    failing = {}
    for says, some in deciding.items():
        names = _names(some, asked.get("words", {}))
        where = [name for row, name in zip(some, names, strict=True) if _fails(row)]
        if where:
            failing[says] = where
    if not failing or len(failing) > _FEW or all(map(_fails, itertools.chain(*deciding.values()))):
        return told
    named = [
        f'"{says}"' + (f" ({'; '.join(where)})" if any(where) else "")
        for says, where in failing.items()
    ]
    return f"{told} Not met: {'; '.join(named)}."


def _fails(row: Row) -> bool:
    return row["outcome"] == Outcome.FAILS


def _deciding(rows: Sequence[Row], asked: Mapping[str, Any]) -> dict[str, list[Row]]:
    """The results that decide each criterion, by what it says."""
    deciding = {
        criterion["says"]: [row for row in rows if row["criterion"] == criterion["id"]]
        for criterion in asked["criteria"]
    }
    missing = [says for says, found in deciding.items() if not found]
    if missing:
        raise Unknown(f"no answer to the criterion: {missing[0]}")
    return deciding


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _names(rows: Sequence[Row], words: Mapping[str, str]) -> list[str]:
    """What tells the results of a criterion from one another; nothing of a single one."""
    levels, sizes = ({row[name] for row in rows} for name in ("level", "batch_size"))
    told = []
    for row in rows:
        names = [words.get(row["level"], row["level"])] if len(levels) > 1 else []
        names += [f"at {row['batch_size']}"] if len(sizes) > 1 else []
        told.append(", ".join(names))
    return told


def _measured(row: Row) -> str:
    return f"{interval(row)}{', without an interval' if row['low'] is None else ''}"
