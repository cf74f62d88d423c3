"""Templates of pages in Markdown, in Jinja."""

import jinja2


def environment() -> jinja2.Environment:
    """What renders templates; its filter `cell` makes a text fit a cell of a table."""
    made = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    made.filters["cell"] = _cell
    return made


def _cell(text: str) -> str:
    return text.replace("|", "/")
