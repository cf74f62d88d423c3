"""The committed pages, their numbers and figures: written, taken from results, and compared."""

import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jfb.config import names
from jfb.config.project import Project
from jfb.output import drift, numbers, questions, templates
from jfb.output.figures import architecture

_PAGES = {"README.md": "workflow/report/README.md.jinja"} | {
    f"docs/{name}.md": f"workflow/report/{name}.md.jinja" for name in names.PAGES
}
# What Snakemake's own report begins with.
_LANDING, _LANDING_TEMPLATE = "workflow/report/workflow.rst", "workflow/report/workflow.rst.jinja"
_QUESTIONS_PAGE = "docs/questions.md"
#: The library, and the picture of its packages.
LIBRARY, PICTURE = "workflow/scripts/jfb", "docs/architecture.svg"
_NOTHING = "nothing, none has been made"


def written(sources: templates.Sources) -> dict[str, str]:
    """The pages as the templates and the numbers give them, by their paths."""
    made = {page: templates.page(path, sources) for page, path in _PAGES.items()}
    landing = templates.part(_LANDING_TEMPLATE, sources)
    return made | {_LANDING: landing, _QUESTIONS_PAGE: questions.page(sources.questions)}


def differing(
    found: Mapping[str, Any], project: Project, texts: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """What was compared, and what does not agree with the numbers, with the command that mends it.

    Args:
        found: the numbers, see `jfb.output.numbers.write`.
        project: the configuration.
        texts: the pages, see `written`.
    """
    again = numbers.collect_again(found)
    compared = [f"compared with the results: {', '.join(again) or _NOTHING}"]
    if others := numbers.left_out(found, again):
        compared.append(f"not compared, their evidence is from other tables: {', '.join(others)}")
    of_numbers = [
        *drift.of_figures(found, texts),
        *drift.of_settings(found, project),
        *drift.of_results(found["tables"], again),
    ]
    of_pages = [line for page, text in texts.items() for line in drift.of_page(page, text)]
    shown = Path(PICTURE).read_text(encoding="utf-8") if Path(PICTURE).exists() else ""
    is_current = architecture.described(architecture.read(LIBRARY)) in html.unescape(shown)
    hints = {
        "Edit the templates in workflow/report, not the pages; `make docs` writes them.": of_pages,
        "`make docs` draws it.": [] if is_current else [f"{PICTURE} shows another library"],
        f"`snakemake findings` makes {templates.NUMBERS}, the figures and the pages again; "
        "`make numbers` takes the results that are there.": of_numbers,
    }
    return compared, [line for hint, lines in hints.items() if lines for line in (*lines, hint)]


def taken(
    found: Mapping[str, Any], asked: Iterable[str], project: Project, commit: str | None
) -> tuple[str, dict[str, Any]]:
    """What was taken from results that are there, and the numbers with it; figures are copied.

    Args:
        found: the numbers, see `jfb.output.numbers.write`.
        asked: the questions; one that is answered and that the numbers do not know is taken too.
        project: the configuration.
        commit: whose code made the results.
    """
    found = _with_answers(found, asked)
    collected = drift.with_times_of(found["tables"], numbers.collect_again(found))
    again = numbers.made_at(collected, commit)
    copies = {copy: figure["file"] for copy, figure in found["figures"].items()}
    numbers.copy_figures(
        {
            copy: file
            for copy, file in copies.items()
            if Path(file).exists() and not drift.is_of_times(file, found["tables"])
        }
    )
    told = f"taken from the results: {', '.join(again) or _NOTHING}"
    return told, numbers.taken(found, again, project)


def _with_answers(found: Mapping[str, Any], asked: Iterable[str]) -> dict[str, Any]:
    """The numbers, with the places of questions that are answered and that they do not know yet."""
    unknown = [name for name in asked if f"answer_{name}" not in found["tables"]]
    answers = {name: f"results/further/{name}.csv" for name in unknown}
    new = {name: answer for name, answer in answers.items() if Path(answer).exists()}
    tables = {f"answer_{n}": {"kind": "answers", "files": [answer]} for n, answer in new.items()}
    figures = {f"docs/figures/{n}.png": {"file": f"results/figures/{n}.png"} for n in new}
    return dict(found) | {
        "tables": found["tables"] | tables,
        "figures": found["figures"] | figures,
    }
