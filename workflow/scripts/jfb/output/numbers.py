"""The numbers that the pages are written from, as one small file made from the results.

The file (docs/numbers.json) is versioned, so that the pages can be written without the results. It
holds tables, each with its kind, the files that it was made from, and the commit that made them;
the seeds, epochs and updates of the studies; a digest of each figure that the pages show, with the
file that it is a copy of; and the provenance.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from jfb.analysis.selection import size
from jfb.config.project import Project
from jfb.output import pages
from jfb.output.page_tables import KINDS
from jfb.storage import files

#: Significant digits that are kept, as in the CSV files of the results.
_DIGITS = 6
#: The tables that rest on all the others.
OF_ALL = ("claims", "evidence", "sensitivity")
#: What the file holds; of each, how many levels have a line per entry.
_KEYS = {"made_by": 0, "origin": 2, "studies": 1, "figures": 1, "tables": 3}


class Source(NamedTuple):
    """What a table of numbers is made from: a key of `page_tables.KINDS`, and files of results."""

    kind: str
    files: tuple[str, ...]


def collect(sources: Mapping[str, Source]) -> dict[str, dict[str, Any]]:
    """The tables by their names: `kind`, `files`, and `rows`, an object per row.

    Numbers have six digits; what is missing is null, what is infinite the text `infinity`.
    """
    return {
        name: {"kind": kind, "files": list(paths), "rows": _rows(KINDS[kind](*paths))}
        for name, (kind, paths) in sources.items()
    }


def made_at(tables: Mapping[str, Any], commit: str | None) -> dict[str, dict[str, Any]]:
    """The tables, each with the `commit` whose code made its files."""
    return {
        name: {"kind": t["kind"], "files": t["files"], "commit": commit, "rows": t["rows"]}
        for name, t in tables.items()
    }


def collect_again(numbers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Those tables of the numbers again whose files are there, as `collect` returns them.

    Claims are among them where their evidence is from the same tables of results: another target
    of the workflow makes them from fewer.
    """
    there = {
        name: Source(table["kind"], tuple(table["files"]))
        for name, table in numbers["tables"].items()
        if _is_there(table)
    }
    found = collect(there)
    if _rests_on(found) != _rests_on(numbers["tables"]):
        return {name: table for name, table in found.items() if name not in OF_ALL}
    return found


def left_out(numbers: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """The tables whose files are there and that `collect_again` leaves out all the same."""
    return [name for name in OF_ALL if name not in again and _is_there(numbers["tables"][name])]


def _is_there(table: Mapping[str, Any]) -> bool:
    return all(Path(path).exists() for path in table["files"])


def _rests_on(tables: Mapping[str, Any]) -> set[str | None]:
    """The tables of results that the evidence of claims is from."""
    evidence = tables.get("evidence", {"rows": []})
    return {row["table"] for row in evidence["rows"]}


def of_studies(project: Project, names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What pages say of studies: `study` (its name), batch_sizes, seeds, splits and runs (numbers),
    epochs (null where batch sizes have different ones), updates (null where it has epochs), and
    by_default, whether it is made where no target is named.

    Args:
        project: the configuration.
        names: of studies, by what pages call them.
    """
    described = {}
    for called, name in names.items():
        study = project.studies[name]
        runs = list(study.runs.values())
        epochs = {run.epochs for run in runs}
        described[called] = {
            "study": name,
            "batch_sizes": list(dict.fromkeys(run.batch_size for run in runs)),
            **size(study),
            "runs": len(runs),
            "epochs": epochs.pop() if len(epochs) == 1 else None,
            "updates": study.updates,
            "by_default": name in project.made_by_default,
        }
    return described


def copy_figures(copies: Mapping[str, str]) -> None:
    """Copy figures, each whole or not at all: the files, by the paths of their copies."""
    for copy, figure in copies.items():
        with files.whole(copy) as temporary:
            shutil.copyfile(figure, temporary)


def of_figures(copies: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Of each figure that the pages show: `file`, what it is a copy of, and its `sha256`.

    Args:
        copies: the files, by the paths of their copies.
    """
    return {path: {"file": file, "sha256": digest(path)} for path, file in copies.items()}


def digest(path: str | Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def taken(numbers: Mapping[str, Any], again: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """The numbers with some tables made again, and the studies as they are configured.

    Args:
        numbers: see `write`.
        again: see `collect_again`, with their commit.
        project: the configuration.
    """
    names = {called: study["study"] for called, study in numbers["studies"].items()}
    return dict(numbers) | {
        "studies": of_studies(project, names),
        "figures": of_figures({path: f["file"] for path, f in numbers["figures"].items()}),
        "tables": numbers["tables"] | dict(again),
    }


def origin(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The provenance, with the tables of other commits by their commit."""
    others: dict[str, list[str]] = {}
    for name, table in numbers["tables"].items():
        if table["commit"] != numbers["origin"]["commit"]:
            others.setdefault(str(table["commit"]), []).append(name)
    return numbers["origin"] | ({"tables_of_other_commits": others} if others else {})


def write(path: str | Path, numbers: Mapping[str, Any]) -> None:
    """Write the numbers, a line per row of a table.

    Args:
        path: where to.
        numbers: `made_by` (a command), `origin` (an object, see `jfb.storage.provenance.of`),
            `studies` (an object per study), `figures` (see `of_figures`), and `tables` (see
            `collect` and `made_at`).
    """
    entries = [f'"{key}": {_lines(numbers[key], depth, " ")}' for key, depth in _KEYS.items()]
    pages.write(path, "{\n " + ",\n ".join(entries) + "\n}\n")


def read(path: str | Path) -> dict[str, Any]:
    """Read what `write` wrote.

    Raises:
        jfb.storage.files.Unreadable: it is no such file.
    """
    try:
        numbers = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise files.Unreadable(path, f"no numbers of pages: {error}") from error
    if not isinstance(numbers, dict) or set(numbers) != set(_KEYS):
        raise files.Unreadable(path, f"must have the keys {', '.join(_KEYS)}")
    return numbers


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {name: _plain(value) for name, value in row.items()} for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """A cell as JSON has it."""
    value = value.item() if hasattr(value, "item") else value
    if pd.isna(value):
        return None
    if not isinstance(value, float):
        return value
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _lines(value: Any, depth: int, indent: str) -> str:
    """JSON whose outer levels have a line per entry; lists have a line per entry if of objects."""
    flat = depth == 0 or not value or not isinstance(value, dict | list)
    if flat or (isinstance(value, list) and not isinstance(value[0], dict)):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner = indent + " "
    if isinstance(value, dict):
        opening, closing = "{}"
        entries = [f'"{key}": {_lines(entry, depth - 1, inner)}' for key, entry in value.items()]
    else:
        opening, closing = "[]"
        entries = [_lines(entry, depth - 1, inner) for entry in value]
    return f"{opening}\n{inner}" + f",\n{inner}".join(entries) + f"\n{indent}{closing}"
