"""Templates of pages in Markdown, in Jinja, and pages as files."""

from pathlib import Path

import jinja2

from jfb.storage import files


def environment(folder: str | Path | None = None) -> jinja2.Environment:
    """What renders templates; its filter `cell` makes a text fit a cell of a table.

    Args:
        folder: of the templates that others include.
    """
    made = jinja2.Environment(
        loader=folder and jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters["cell"] = _cell
    return made


def write(path: str | Path, text: str) -> None:
    """Write a page as it is, whole or not at all."""
    with files.whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _cell(text: str) -> str:
    return text.replace("|", "/")
