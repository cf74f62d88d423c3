"""The HTML report as one page: answers, what a run made, its figures, findings, how it was made.

The page holds everything that it shows, and reads nothing from elsewhere.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd

from jfb.analysis import table1
from jfb.output import claim_view, formats, markdown, stacked, worded
from jfb.output.web import folding

#: Tables of more rows than this are folded.
ROWS = 30
#: Categories in the order of the page; others follow.
FIRST = "Table 1 and claims"
_FRAMED = "<style>body { max-width: none; padding: 1px 0.75rem; }</style>"
CATEGORIES = (FIRST, "Figures", "Tables")


@dataclass(frozen=True)
class Item:
    """A file that the report shows.

    Attributes:
        path: a picture, a CSV file or an HTML page.
        category: the part of the report that it stands in.
        group: what it is beside there; empty for none.
        title: its heading.
        caption: HTML.
        rule: the name of the rule that made it.
    """

    path: Path
    category: str
    group: str
    title: str
    caption: str
    rule: str


class Rule(NamedTuple):
    """A rule with its jobs: their number, the seconds of all and of the longest, and its code."""

    name: str
    jobs: int
    seconds: float
    longest: float
    code: str


@dataclass(frozen=True)
class Run:
    """What is told of the results as a whole.

    Attributes:
        replay: the study that repeats the published runs.
        studies: as `jfb.output.numbers.of_studies` describes them.
        tables: the CSV files that the jobs made, by their names, of which table1.csv is read.
        claims: in words; None if the jobs did not judge them.
        rules: in the order of the workflow.
        configuration: the text of the configuration.
        origin: of the results, see `jfb.storage.provenance.of`; None if no table tells it.
        started, ended: when the first job began and the last ended, as text.
    """

    replay: str
    studies: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, Path]
    claims: claim_view.View | None
    rules: Sequence[Rule]
    configuration: str
    origin: Mapping[str, Any] | None
    started: str
    ended: str


class Doc(NamedTuple):
    """A page in Markdown that is a part of the report."""

    title: str
    path: Path


@dataclass(frozen=True)
class Pages:
    """What is known from all studies, as the repository has it, in Markdown.

    Attributes:
        answers: the six answers.
        figure: a picture that belongs to them.
        figure_told: what it shows.
        general: the outcome in general of claims, as tables have it, by their ids.
        docs: the pages that are parts of the report, by their names; the first are findings.
        root: the folder of the repository.
    """

    answers: str
    figure: Path
    figure_told: str
    general: Mapping[str, str]
    docs: Mapping[str, Doc]
    root: Path


def page(items: Iterable[Item], run: Run, pages: Pages, about: str, folder: str | Path) -> str:
    """The page.

    Args:
        items: what the report shows, in the order of the workflow.
        run: the results.
        pages: what the repository knows.
        about: what the workflow is, HTML.
        folder: of page.html.jinja, page.css and page.js.
    """
    claims = run.claims.claims if run.claims else []
    names = {claim.id: f"{claim.number}. {claim.short}" for claim in claims}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, autoescape=True
    )
    environment.filters |= {"seconds": seconds, "whole": formats.whole, "line": markdown.line}
    parts = {doc.path.resolve(): name for name, doc in pages.docs.items()}
    place = markdown.Place(pages.root, parts, pages.root)
    in_docs = markdown.Place(pages.root / "docs", parts, pages.root, levels=2)
    return environment.get_template("page.html.jinja").render(
        style="\n".join(
            (
                *(folding.STYLE, _text(folder, "page.css"), stacked.style()),
                *(stacked.style_of_many(), stacked.style_of_claims()),
            )
        ),
        classes=markdown.CLASSES,
        script=_text(folder, "page.js") + folding.SCRIPT,
        about=about,
        answers=folding.answers(markdown.part(pages.answers, "answers", place)),
        answers_figure=markdown.picture(pages.figure, pages.figure_told),
        answers_told=pages.figure_told,
        docs=[_part(name, doc, in_docs) for name, doc in pages.docs.items()],
        cells=_cells(run),
        compared=_compared(run),
        outcomes=_outcomes(run.claims) if run.claims else [],
        claims=claims,
        by_all=pages.general,
        dash=worded.DASH,
        first=FIRST,
        sections=[
            (category, [(group, _all(some, names)) for group, some in _by(of_it, "group")])
            for category, of_it in sorted(_by(items, "category"), key=_place)
        ],
        run=run,
    )


def anchor(item: Item) -> str:
    """The id of an item within the page."""
    return f"item-{markdown.anchor(item.path.name.replace('.', '-'))}"


def seconds(value: float) -> str:
    """A time as people read it."""
    if value < 120:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def _part(name: str, doc: Doc, place: markdown.Place) -> dict[str, Any]:
    text = doc.path.read_text(encoding="utf-8")
    return {
        "id": name,
        "title": doc.title,
        "body": folding.page(markdown.part(text, name, place)),
        "sections": markdown.headings(text, name),
    }


def _place(section: tuple[str, list[Item]]) -> int:
    category, _ = section
    return CATEGORIES.index(category) if category in CATEGORIES else len(CATEGORIES)


def _by(items: Iterable[Item], name: str) -> list[tuple[str, list[Item]]]:
    """Items by one of their attributes, its values in the order in which they come."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(getattr(item, name), []).append(item)
    return list(groups.items())


def _all(items: Iterable[Item], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_shown(item, names) for item in items]


def _shown(item: Item, names: Mapping[str, str]) -> dict[str, Any]:
    """What the template has of an item: its body, and the file itself."""
    body, note, rows = "", "", 0
    if item.path.suffix == ".csv":
        told = worded.shown(pd.read_csv(item.path), names)
        body, note, rows = _table(told.table), told.note, len(told.table)
    elif item.path.suffix == ".html":
        # Its title stands above it, and the frame is its margin.
        text = re.sub("<h1>.*?</h1>", _FRAMED, item.path.read_text(encoding="utf-8"), count=1)
        text = html.escape(text, quote=True)
        body = f'<iframe title="{html.escape(item.title, quote=True)}" srcdoc="{text}"></iframe>'
    else:
        body = markdown.picture(item.path, item.title)
    lead, more = folding.caption(markdown.whole(item.caption))
    return {
        "id": anchor(item),
        "title": item.title,
        "lead": lead,
        "more": more,
        "body": body,
        "note": note,
        "rows": rows,
        "folded": rows > ROWS,
        "file": item.path.name,
        "path": item.path.as_posix(),
        "rule": item.rule,
        "kind": {".csv": "table", ".html": "page"}.get(item.path.suffix, "picture"),
        "data": markdown.data_uri(item.path) if item.path.suffix == ".csv" else None,
    }


def _table(table: pd.DataFrame) -> str:
    cells = table.to_html(index=False, border=0, na_rep=worded.DASH)
    cells = markdown.whole(stacked.labelled(cells, list(table), worded.DASH))
    return f'<div class="table">{cells}</div>'


def _matches(run: Run) -> pd.DataFrame | None:
    """The published cells of Table 1 beside those of the replay."""
    if "table1.csv" not in run.tables:
        return None
    return table1.matches(pd.read_csv(run.tables["table1.csv"]), run.replay)


def _cells(run: Run) -> dict[str, int] | None:
    """How many published cells of Table 1 the replay gives to the last digit, and of how many."""
    matches = _matches(run)
    if matches is None:
        return None
    return {"equal": int(matches["equal"].sum()), "of": len(matches)}


def _compared(run: Run) -> list[dict[str, Any]]:
    """Of each batch size the published cells in words, and whether the replay has the same."""
    matches = _matches(run)
    if matches is None:
        return []
    decimals = {"lowest_loss": table1.LOSS_DECIMALS, "epoch_of_lowest_loss": 0}
    rows = []
    for size, cells in matches.groupby("batch_size", sort=False):
        told = {"size": size, "equal": bool(cells["equal"].all())}
        for cell in cells.itertuples():
            values = (None if pd.isna(one) else one for one in (cell.published, cell.reproduced))
            told[cell.cell] = [formats.fixed(value, decimals[cell.cell]) for value in values]
        rows.append(told)
    return rows


def _outcomes(claims: claim_view.View) -> list[tuple[str | None, int, str]]:
    """Each outcome in general, the number of its claims, and what they do."""
    found = []
    for outcome, number, _ in claims.crossed:
        told = claim_view.says(outcome or "about the published runs only", number)
        found.append((outcome, number, f"{told} in general" if outcome else told))
    return found


def _text(folder: str | Path, name: str) -> str:
    return Path(folder, name).read_text(encoding="utf-8")


def origin_of(metadata: str | Path) -> dict[str, Any]:
    """The provenance that lies beside a CSV file, see `jfb.storage.documents.write_csv`."""
    return json.loads(Path(metadata).read_text(encoding="utf-8"))["notes"][0]
