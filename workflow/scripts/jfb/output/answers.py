"""What was measured of a question, beside what would count as its answer, as a table of a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from jfb.output.formats import Row, Unknown, allowed, interval


def table(rows: Sequence[Row], asked: Mapping[str, Any]) -> str:
    """A row per criterion, in the order in which they were asked, in Markdown.

    Args:
        rows: the answer, see `jfb.analysis.questions.measured.table`.
        asked: the question as workflow/questions.yaml has it.

    Raises:
        Unknown: a criterion has no row.
    """
    lines = ["| what would count | allowed | measured |", "|---|---|---|"]
    for criterion in asked["criteria"]:
        deciding = [row for row in rows if row["criterion"] == criterion["id"]]
        if not deciding:
            raise Unknown(f"no answer to the criterion {criterion['id']}")
        measured = "<br>".join(_measured(deciding, asked.get("words", {})))
        lines.append(f"| {criterion['says']} | {allowed(deciding[0])} | {measured} |")
    return "\n".join(lines)


def _measured(rows: Sequence[Row], words: Mapping[str, str]) -> list[str]:
    """What decides a criterion, each row by what tells it from the others."""
    levels, sizes = ({row[name] for row in rows} for name in ("level", "batch_size"))
    told = []
    for row in rows:
        names = [words.get(row["level"], row["level"])] if len(levels) > 1 else []
        names += [f"at {row['batch_size']}"] if len(sizes) > 1 else []
        of = f"{', '.join(names)}: " if names else ""
        without = ", without an interval" if row["low"] is None else ""
        told.append(f"{of}{interval(row)}{without} **{row['outcome']}**")
    return told
