"""A page in Markdown as HTML."""

import itertools
import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from jfb.analysis.decisions import Outcome, Verdict

#: The class of a cell that says nothing else.
_CLASSES = {
    **dict.fromkeys((Outcome.HOLDS, Verdict.HOLDS, Verdict.HOLDS_IN_PUBLISHED), "good"),
    **dict.fromkeys((Outcome.FAILS, Verdict.FAILS, Verdict.FAILS_IN_PUBLISHED), "bad"),
    Verdict.HOLDS_IN_PUBLISHED_ONLY: "bad",
    **dict.fromkeys((Outcome.OPEN, Verdict.UNDECIDED), "open"),
}


def to_html(markdown: str) -> str:
    """The content of a page, with tables that can be scrolled or, on a telephone, stacked.

    Each cell carries the heading of its column, and those of outcomes and verdicts a class: good,
    bad, open. HTML in the Markdown stays as it is.
    """
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = parser.parse(markdown)
    _mark_cells(tokens)
    html = parser.renderer.render(tokens, parser.options, {})
    html = html.replace("<table>", '<div class="wide"><table>')
    html = html.replace("</table>", "</table></div>")
    # An interval stays on its line.
    return re.sub(r"\[([-+.\d]+), ([-+.\d]+)\]", r"[\1,&nbsp;\2]", html)


def _mark_cells(tokens: Sequence[Token]) -> None:
    headings: list[str] = []
    column = 0
    for token, content in itertools.pairwise(tokens):
        if token.type == "table_open":
            headings = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            headings.append(content.content)
        elif token.type == "td_open":
            token.attrSet("data-label", headings[column])
            if content.content in _CLASSES:
                token.attrSet("class", _CLASSES[content.content])
            column += 1
