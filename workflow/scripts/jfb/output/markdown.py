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
CLASSES = {
    **dict.fromkeys((Outcome.HOLDS, Verdict.HOLDS, Verdict.HOLDS_IN_PUBLISHED), "good"),
    **dict.fromkeys((Outcome.FAILS, Verdict.FAILS, Verdict.FAILS_IN_PUBLISHED), "bad"),
    Verdict.HOLDS_IN_PUBLISHED_ONLY: "bad",
    **dict.fromkeys((Outcome.OPEN, Verdict.UNDECIDED), "open"),
}
_PARSER = MarkdownIt("commonmark").enable("table")
# A short word with a hyphen at its start, beside a digit, or after a single letter; tags and
# entities are passed over.
_HYPHENATED = re.compile(
    r"<(?P<raw>style|script|pre)\b.*?</(?P=raw)>|<[^>]*>|&\#?\w+;|(?<![\w.-])(?=[\w.-]{2,24}(?![\w.-]))"
    r"(?P<word>(?:--?(?=\w)|[\w.]*\d-|[\w.]+-(?=\d)|[A-Za-z]-(?=\w))[\w.-]*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Place:
    """Where a page in Markdown lies, and where the page lies that it becomes a part of.

    Attributes:
        folder: that links in Markdown start from.
        parts: the names of all pages that become parts, by their files.
        root: of the repository.
        levels: how much lower headings stand there.
    """

    folder: Path
    parts: Mapping[Path, str]
    root: Path
    levels: int = 1


def content(text: str) -> str:
    """A page in Markdown as HTML."""
    return _rendered(_PARSER.parse(text))


def line(text: str) -> str:
    """A line in Markdown as HTML, as it stands in a cell."""
    return whole(_PARSER.renderInline(text))


def part(text: str, name: str, place: Place) -> str:
    """A page as HTML.

    Headings have the ids `<name>--<anchor>`, with anchors as GitHub makes them. Links to
    pages that are parts too lead there; of links to other files of the repository the names of the
    files stay, since the page may be read without it. Images are in it.

    Args:
        text: in Markdown. Comments are left out.
        name: of the page among the parts.
        place: see `Place`.
    """
    tokens = _PARSER.parse(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open":
            token.attrSet("id", _id(name, after.content))
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + place.levels)}"
    for token in tokens:
        _lead(token.children or [], name, place)
    for token in _all(tokens):
        if token.type == "image":
            path = place.folder / str(token.attrGet("src"))
            token.type, token.tag = "html_inline", ""
            token.content = picture(path, token.content)
        elif token.type in ("html_inline", "html_block"):
            token.content = re.sub(r'\bid="', f'id="{name}--', token.content)
    return _rendered(tokens)


def headings(text: str, name: str, level: int = 2) -> list[tuple[str, str]]:
    """The ids that `part` gives the headings of a level, and their texts."""
    found = itertools.pairwise(_PARSER.parse(text))
    of_level = [b.content for a, b in found if a.type == "heading_open" and a.tag == f"h{level}"]
    return [(_id(name, heading), heading) for heading in of_level]


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


def _id(name: str, heading: str) -> str:
    return f"{name}--{anchor(heading)}"


def _lead(tokens: list[Token], name: str, place: Place) -> None:
    """Make the links of a line lead within the page, and of those that cannot plain text."""
    opened: Token | None = None
    for before, token in itertools.pairwise([Token("", "", 0), *tokens]):
        if token.type == "link_open":
            target = str(token.attrGet("href"))
            there = target if re.match(r"\w+:", target) else _within(target, name, place)
            opened = None if there else token
            token.attrSet("href", there or target)
        elif token.type == "link_close" and opened:
            path = str(opened.attrGet("href")).partition("#")[0]
            file = os.path.relpath(os.path.normpath(place.folder / path), place.root)
            is_said = before.content in (path, file)
            for end, told in ((opened, ""), (token, "" if is_said else f" ({html.escape(file)})")):
                end.type, end.tag, end.nesting, end.content = "html_inline", "", 0, told
            if is_said:
                before.content = file


def _within(target: str, name: str, place: Place) -> str:
    """Where a link leads within the page; empty if the page does not have it."""
    path, _, fragment = target.partition("#")
    there = place.parts.get(Path(os.path.normpath(place.folder / path))) if path else name
    if not there:
        return ""
    return f"#{there}--{fragment}" if fragment else f"#{there}"


def _rendered(tokens: Sequence[Token]) -> str:
    _mark_cells(tokens)
    made = _PARSER.renderer.render(tokens, _PARSER.options, {})
    made = made.replace("<table>", '<div class="table"><table>')
    made = made.replace("</table>", "</table></div>")
    return whole(made)


def whole(made: str) -> str:
    """HTML in which an interval, a number with its %, a date and an option stay on their line."""
    made = re.sub(r"(?<=\d) %", "&nbsp;%", made)
    made = re.sub(r"\[([-+.\d]+), ([-+.\d]+)\]", r"[\1,&nbsp;\2]", made)
    return _HYPHENATED.sub(
        lambda found: f'<span class="whole">{found["word"]}</span>' if found["word"] else found[0],
        made,
    )


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
            # A column without a heading names nothing.
            if headings[column]:
                token.attrSet("data-label", headings[column])
            # An outcome may have words after it.
            verdict = content.content.partition(", ")[0]
            if verdict in CLASSES:
                token.attrSet("class", CLASSES[verdict])
            column += 1
