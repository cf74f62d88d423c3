"""Templates of pages in Markdown, in Jinja."""

from pathlib import Path

import jinja2


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


def _cell(text: str) -> str:
    return text.replace("|", "/")
