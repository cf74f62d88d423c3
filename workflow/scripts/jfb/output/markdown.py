"""Pages in Markdown as HTML: the content of a page, or a part of one with its figures in it.

Tables are in boxes that scroll. Each cell carries the heading of its column, and those of outcomes
and verdicts a class: good, bad, open. HTML in the Markdown stays as it is.
"""

import base64
import html
import itertools
import mimetypes
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Place:
    """Where a page in Markdown lies, and where the page lies that it becomes a part of.

    Attributes:
        folder: that links in Markdown start from.
        parts: the names of all pages that become parts, by their files.
        whole: the folder of the page that they become parts of.
        levels: how much lower headings stand there.
    """

    folder: Path
    parts: Mapping[Path, str]
    whole: Path
    levels: int = 1


def content(text: str) -> str:
    """A page in Markdown as HTML."""
    return _rendered(_PARSER.parse(text))


def part(text: str, name: str, place: Place) -> str:
    """A page as HTML.

    Headings have the ids `<name>--<anchor>`, with anchors as GitHub makes them. Links to
    pages that are parts too lead there, others from the folder of the whole page. Images are in it.

    Args:
        text: in Markdown. Comments are left out.
        name: of the page among the parts.
        place: see `Place`.
    """
    tokens = _PARSER.parse(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open":
            token.attrSet("id", f"{name}--{anchor(after.content)}")
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + place.levels)}"
    for token in _all(tokens):
        if token.type == "link_open":
            token.attrSet("href", _link(str(token.attrGet("href")), name, place))
        elif token.type == "image":
            path = place.folder / str(token.attrGet("src"))
            token.type, token.tag = "html_inline", ""
            token.content = picture(path, token.content)
        elif token.type in ("html_inline", "html_block"):
            token.content = re.sub(r'\bid="', f'id="{name}--', token.content)
    return _rendered(tokens)


def anchor(heading: str) -> str:
    """What GitHub calls a heading in links."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def picture(path: str | Path, told: str) -> str:
    """An image in the page itself, which a click opens at full size.

    Args:
        path: of the file.
        told: what it shows, for those who do not see it.
    """
    name, told = html.escape(Path(path).name), html.escape(told, quote=True)
    return (
        f'<button type="button" class="picture" data-file="{name}" title="open at full size">'
        f'<img src="{data_uri(path)}" alt="{told}"></button>'
    )


def data_uri(path: str | Path) -> str:
    """A file as an address that holds its contents."""
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(Path(path).read_bytes()).decode()}"


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _link(target: str, name: str, place: Place) -> str:
    if re.match(r"\w+:", target):
        return target
    path, _, fragment = target.partition("#")
    file = Path(os.path.normpath(place.folder / path))
    there = place.parts.get(file) if path else name
    if there:
        return f"#{there}--{fragment}" if fragment else f"#{there}"
    return os.path.relpath(file, place.whole) + (f"#{fragment}" if fragment else "")


def _rendered(tokens: Sequence[Token]) -> str:
    _mark_cells(tokens)
    made = _PARSER.renderer.render(tokens, _PARSER.options, {})
    made = made.replace("<table>", '<div class="table"><table>')
    made = made.replace("</table>", "</table></div>")
    # An interval stays on its line.
    return re.sub(r"\[([-+.\d]+), ([-+.\d]+)\]", r"[\1,&nbsp;\2]", made)


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
