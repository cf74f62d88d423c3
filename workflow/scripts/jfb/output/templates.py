"""Pages with numbers: a template in Jinja, and the functions and formats that it may use."""

import dataclasses
import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from jfb.analysis import power
from jfb.analysis.decisions import Outcome
from jfb.config import validation
from jfb.output import answers, choices, claim_view, formats, numbers, pages, verdicts
from jfb.output.formats import FORMATS, Row, Unknown, number_of
from jfb.storage import declared, files

#: Where a clone has what pages are written from, see `Sources`; records are a pattern.
NUMBERS, QUESTIONS = "docs/numbers.json", "workflow/questions.yaml"
CLAIMS, CHANGES = "workflow/claims.yaml", "workflow/rule_changes.yaml"
CONFIG = "config.yaml"
RECORDS = "benchmarks/records/*.json"


@dataclasses.dataclass(frozen=True)
class Sources:
    """What pages are written from.

    Attributes:
        numbers: see `jfb.output.numbers.write`.
        records: of the benchmarks, by name.
        questions: as workflow/questions.yaml has them.
        claims: as workflow/claims.yaml has them; None for pages without them.
        changes: as workflow/rule_changes.yaml has them.
        defaults: of a run, as config.yaml has them, and of what it leaves out.
    """

    numbers: Mapping[str, Any]
    records: Mapping[str, Row]
    questions: Mapping[str, Mapping[str, Any]]
    claims: Mapping[str, Any] | None = None
    changes: Sequence[Mapping[str, Any]] = ()
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def tables(self) -> dict[str, list[Row]]:
        """The rows of the tables of the numbers, by their names."""
        return {name: table["rows"] for name, table in self.numbers["tables"].items()}


def read(
    numbers_path: str | Path,
    record_paths: Iterable[str | Path],
    questions_path: str | Path,
    claims_path: str | Path,
    changes_path: str | Path,
    config: Mapping[str, Any],
) -> Sources:
    """Read what pages are written from.

    Raises:
        jfb.storage.files.Unreadable: the first is no file of numbers.
    """
    texts = {Path(path).stem: Path(path).read_text(encoding="utf-8") for path in record_paths}
    documents = map(declared.read, (questions_path, claims_path, changes_path))
    records = {name: json.loads(text) for name, text in texts.items()}
    defaults = validation.checked(config)["defaults"]
    return Sources(numbers.read(numbers_path), records, *documents, defaults)


def of_clone(root: str | Path) -> Sources:
    """What the pages of a clone are written from, see `read`."""
    root = Path(root)
    others = (root / name for name in (QUESTIONS, CLAIMS, CHANGES))
    config = declared.read(root / CONFIG)
    return read(root / NUMBERS, sorted(root.glob(RECORDS)), *others, config)


def render(template: str, sources: Sources, folder: str | Path | None = None) -> str:
    """The page.

    A template may use

    - `rows(table, column=value, ...)`: the rows of a table of the numbers that have these values;
    - `one(table, column=value, ...)`: the only such row;
    - `found(claim, evidence_id)`: a piece of evidence, `claim(id)`: a claim with its verdict;
    - `decides(claim, tables)`: of a claim's evidence in general from some tables, the one that
      its verdict waits for, with `needed`, the draws that decide it; none if no number is known;
    - `studies.<name>`: `.study` (its name), `.seeds`, `.splits`, `.runs`, `.epochs`, `.updates`,
      `.batch_sizes`, `.by_default` (whether a command without targets makes it);
    - `record(benchmark)`: what a benchmark recorded: date, machine, command, rows; `only(rows,
      column=value, ...)`: the row of them;
    - `criteria(question)`: a table of what would count as its answer, and what was measured;
      `by_criteria(question, heading)`: how many hold, fail and are open, which few fail, with a
      link to that table below a heading of docs/details.md;
    - `estimate(question, measure, level="", batch_size=0, against="", unit="%")`: a row of its
      answer, as text;
    - `choices`: a row for each choice of a run, see `jfb.output.choices.Row`;
    - `study_keys`: one for each other key of a study, see `jfb.output.choices.Key`;
    - `defaults`: the name of the default choice of each key;
    - `view`: the claims in words, see `jfb.output.claim_view.View`, where the sources have claims;
    - `made_by`: the command that made the numbers, `origin`: their provenance;

    and the filters `sig` (three significant digits), `fixed(decimals)`, `percent`, `whole`,
    `interval` (of a piece of evidence), `estimate(unit)` (of a row of answers), `allowed` (what
    its claim allows), `share` (of a row of shares), `machines` (names of machines, as short as they
    differ), `models` (with family and model), `without_links` (of Markdown), `anchor` (of a
    heading, for links).

    Args:
        template: in Jinja.
        sources: what it may ask for.
        folder: of the templates that it includes.

    Raises:
        Unknown: it asks for a table, a row or a record that is not there.
        jinja2.UndefinedError: it asks for another name or column that is not there.
    """
    environment = pages.environment(folder)
    environment.filters |= FORMATS
    given = _names(sources)
    if sources.claims:
        given |= {"view": view(sources), "committed": True}
    return environment.from_string(template).render(given)


def page(template: str | Path, sources: Sources) -> str:
    """The page of a template file, with the provenance of its numbers in a comment at its end.

    Raises:
        jfb.storage.files.FileFault: the template has a mistake, or asks for what is not there.
    """
    text = part(template, sources)
    return f"{text.rstrip()}\n\n<!-- {json.dumps(numbers.origin(sources.numbers))} -->\n"


def part(template: str | Path, sources: Sources) -> str:
    """What a template file gives, which may be a part of a page.

    Raises:
        jfb.storage.files.FileFault: the template has a mistake, or asks for what is not there.
    """
    path = Path(template)
    text = path.read_text(encoding="utf-8")
    try:
        return render(text, sources, path.parent)
    except (Unknown, jinja2.TemplateError) as error:
        raise files.FileFault(template, str(error)) from error


def view(sources: Sources) -> claim_view.View:
    """The claims in words, by the numbers of sources that have claims."""
    judged = (sources.tables[name] for name in ("evidence", "sensitivity"))
    return verdicts.viewed_again(
        sources.claims, sources.changes, *judged, sources.numbers["studies"]
    )


def _names(sources: Sources) -> dict[str, object]:
    found, tables = sources.numbers, sources.tables
    rows = functools.partial(_rows, tables)

    def record(name: str) -> Row:
        if name not in sources.records:
            raise Unknown(f"no record of the benchmark {name}")
        return sources.records[name]

    def about(question: str, tell: Callable[..., str], *heading: str) -> str:
        return tell(rows(f"answer_{question}"), sources.questions[question], *heading)

    def estimate(
        question: str,
        measure: str,
        level: str = "",
        batch_size: int = 0,
        against: str = "",
        unit: str = "%",
    ) -> str:
        table = f"answer_{question}"
        where = {"measure": measure, "level": level, "batch_size": batch_size, "against": against}
        return formats.estimate(_only(rows(table), table, where), unit)

    return {
        "rows": rows,
        "one": lambda table, **where: _only(rows(table), table, where),
        "only": lambda some, **where: _only(some, "the record", where),
        "found": lambda claim, piece: _only(
            rows("evidence"), "evidence", {"id": claim, "evidence_id": piece}
        ),
        "decides": lambda claim, some: _decides(
            [
                row
                for row in rows("evidence", id=claim["id"], part="general")
                if row["table"] in some
            ],
            claim["general"],
        ),
        "claim": lambda name: _only(rows("claims"), "claims", {"id": name}),
        "criteria": lambda question: about(question, answers.table),
        "by_criteria": lambda question, heading: about(question, answers.referred, heading),
        "estimate": estimate,
        "studies": found["studies"],
        "record": record,
        "choices": choices.rows(),
        "study_keys": choices.keys(sources.defaults),
        "defaults": choices.defaults(sources.defaults),
        "made_by": found["made_by"],
        "origin": found["origin"],
    }


def _rows(tables: Mapping[str, list[Row]], table: str, **where: object) -> list[Row]:
    if table not in tables:
        raise Unknown(f"no table {table}; there are {', '.join(tables)}")
    found = _matching(tables[table], where)
    if not found:
        raise Unknown(f"{table} has no row with {_said(where)}")
    return found


def _only(rows: list[Row], table: str, where: Mapping[str, object]) -> Row:
    found = _matching(rows, where)
    if len(found) != 1:
        raise Unknown(f"{table} has {len(found)} rows with {_said(where)}, where one is asked for")
    return found[0]


def _matching(rows: list[Row], where: Mapping[str, object]) -> list[Row]:
    for column in where:
        if rows and column not in rows[0]:
            raise Unknown(f"no column {column}; there are {', '.join(rows[0])}")
    found = list(rows)
    for column, value in where.items():
        found = [row for row in found if row[column] == value]
    return found


def _said(where: Mapping[str, object]) -> str:
    return ", ".join(f"{column} {value}" for column, value in where.items())


def _decides(pieces: list[Row], outcome: str) -> Row | None:
    """A claim fails with one piece: the one that needs the fewest draws. Else with all pieces."""
    alike = [row | {"needed": _needed(row)} for row in pieces if row["outcome"] == outcome]
    known = [row for row in alike if row["needed"] is not None]
    quickest = min if outcome == Outcome.FAILS else max
    return quickest(known, key=lambda row: row["needed"], default=None)


def _needed(row: Row) -> int | None:
    if row["low"] is None:
        return None
    bounds = {number_of(row[end]) for end in ("holds_low", "holds_high")}
    # What no share exceeds, and no distance: the lowest that is allowed is the lowest there is.
    ends = {0.0, 1.0} if row["unit"] == "%" else {number_of(row["holds_low"])} & {0.0}
    estimate, low, high = (number_of(row[name]) for name in ("estimate", "low", "high"))
    return power.needed(estimate, low, high, row["n"], bounds - ends)
