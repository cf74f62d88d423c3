"""Where pages, figures, settings or results no longer agree with the numbers: a line each."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jfb.config.project import Project
from jfb.output.numbers import OF_ALL, digest, of_studies

#: Numbers that differ by less, relatively, are the same: the last digit kept may be another.
_TOLERANCE = 1e-5
#: Kinds of tables that another run of the same machine does not repeat.
_MEASURED_TIMES = ("times", "cost")
#: What labels of evidence about time start with; memory has the same unit, and repeats.
_OF_TIME = ("Time of", "Seconds of", "The printed time")
#: What is told of evidence about time, whatever was measured.
_TOLD = ("id", "part", "evidence_id", "label", "unit", "holds_low", "holds_high")
#: What the measure of an answer about time starts with.
_SECONDS = "seconds"


def of_page(path: str | Path, expected: str) -> list[str]:
    """The lines of a page that its template and the numbers do not give, as a diff."""
    text = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
    names = str(path), "its template and numbers"
    both = text.splitlines(), expected.splitlines()
    return list(difflib.unified_diff(*both, *names, n=0, lineterm=""))


def of_figures(numbers: Mapping[str, Any], pages: Mapping[str | Path, str]) -> list[str]:
    """The figures that are not those that were drawn with the numbers.

    Args:
        numbers: see `jfb.output.numbers.write`.
        pages: their texts by their paths, whose figures are to be among those of the numbers.
    """
    drawn = numbers["figures"]
    lines = []
    for page, text in pages.items():
        for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
            figure = (Path(page).parent / link).as_posix()
            if figure not in drawn:
                lines.append(f"{page} shows {figure}, which is no figure of the numbers")
    for figure, told in drawn.items():
        if not Path(figure).exists():
            lines.append(f"{figure} is not there")
        elif digest(figure) != told["sha256"]:
            lines.append(f"{figure} is not the figure that was drawn with the numbers")
    return lines


def of_settings(numbers: Mapping[str, Any], project: Project) -> list[str]:
    """The studies that have other seeds, batch sizes, epochs or updates than the numbers' have."""
    lines = []
    for called, before in numbers["studies"].items():
        name = before["study"]
        if name not in project.studies:
            lines.append(f"study {name} is not in the configuration")
            continue
        now = of_studies(project, {called: name})[called]
        lines += [
            f"study {name}: {key} {before[key]}, the configuration has {now[key]}"
            for key in now
            if before.get(key) != now[key]
        ]
    return lines


def of_results(committed: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What the results give now that is not in the numbers.

    Times are left out: tables of times and costs, evidence about time and the claims that it is
    for, and answers in seconds.

    Args:
        committed: tables as `collect` returns them.
        found: some of them again.
    """
    timed = _timed(committed)
    lines = []
    for name, table in found.items():
        if table["kind"] in _MEASURED_TIMES:
            continue
        before, now = committed[name]["rows"], table["rows"]
        if len(before) != len(now):
            lines.append(f"{name}: {len(before)} rows, the results give {len(now)}")
            continue
        for old, new in zip(before, now, strict=True):
            if table["kind"] == "answers" and _is_seconds(old):
                continue
            if name in OF_ALL and (_tells_time(old) if name == "evidence" else old["id"] in timed):
                old, new = ({key: row[key] for key in row if key in _TOLD} for row in (old, new))
            lines += [f"{name}, {place}" for place in _unlike(old, new)]
    return lines


def with_times_of(committed: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Tables that were found, whose times are those of the numbers.

    Tables of times and costs, which another run of a machine does not repeat, are left out.
    Answers in seconds, evidence about time and the claims that it is for are as they were.

    Args:
        committed: tables as `collect` returns them.
        found: some of them again.
    """
    kept = {n: table for n, table in found.items() if table["kind"] not in _MEASURED_TIMES}
    for name, table in kept.items():
        if table["kind"] == "answers":
            # Of a question that the numbers do not know there are none.
            old = committed.get(name, {}).get("rows", ())
            before = {_of_answer(row): row for row in old if _is_seconds(row)}
            rows = [before.get(_of_answer(row), row) for row in table["rows"]]
            kept[name] = dict(table) | {"rows": rows}
        elif name in OF_ALL:
            rows = _with_timed(committed, name, table["rows"])
            kept[name] = dict(table) | {"rows": rows}
    return kept


def _with_timed(
    committed: Mapping[str, Any], name: str, found: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Rows about claims, with those about time of the numbers, of as many machines, in place."""
    timed = _timed(committed)
    before: dict[Any, list[Mapping[str, Any]]] = {}
    for row in _found_rows(committed, name):
        if _tells_time(row) if name == "evidence" else row["id"] in timed:
            before.setdefault(_about(row), []).append(row)
    rows, placed = [], set()
    for row in found:
        about = _about(row)
        if about not in before:
            rows.append(row)
        elif about not in placed:
            # With the columns of now, should there be others.
            rows += [{key: old.get(key) for key in row} for old in before[about]]
            placed.add(about)
    return rows


def _timed(tables: Mapping[str, Any]) -> set[str]:
    """The claims that have evidence about time."""
    return {row["id"] for row in _found_rows(tables, "evidence") if _tells_time(row)}


def _about(row: Mapping[str, Any]) -> tuple[str, str | None]:
    """The claim, and the piece of its evidence or the other choice if the row is of one."""
    return row["id"], row.get("evidence_id") or row.get("choice")


def _is_seconds(answer: Mapping[str, Any]) -> bool:
    return answer["measure"].startswith(_SECONDS)


def _of_answer(answer: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells an answer from the others of its question."""
    return tuple(answer[name] for name in ("measure", "level", "batch_size", "against"))


def is_of_times(figure: str, tables: Mapping[str, Any]) -> bool:
    """Whether a figure is drawn from such a table: the figure of a table has its name."""
    timed = [t["files"] for t in tables.values() if t["kind"] in _MEASURED_TIMES]
    return Path(figure).stem in {Path(file).stem for files in timed for file in files}


def _found_rows(all_tables: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return all_tables[name]["rows"] if name in all_tables else []


def _tells_time(row: Mapping[str, Any]) -> bool:
    return row["label"].startswith(_OF_TIME)


def _unlike(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The cells of a row that differ, with the cells of text that say which row it is."""
    texts = [str(v) for v in old.values() if isinstance(v, str) and len(v) < 30][:2]
    sizes = [f"batch size {old['batch_size']}"] if "batch_size" in old else []
    row = ", ".join(texts + sizes) or "one row"
    if set(old) != set(new):
        return [f"{row}: other columns: {', '.join(sorted(set(old) ^ set(new)))}"]
    return [
        f"{row}: {column} {old[column]}, the results give {new[column]}"
        for column in old
        if not _equal(old[column], new[column])
    ]


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=1e-12)
    return one == other
