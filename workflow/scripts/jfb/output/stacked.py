"""Tables in HTML whose cells name their columns, and stand below each other in narrow windows."""

import html
import itertools
import re
from collections.abc import Sequence

from jfb.storage import documents

#: The class of a cell that says nothing, which is not shown where cells are below each other.
LACKS = "lacks"
_PHONE = "44rem"
#: The table of how many claims have which outcomes.
COUNTS = '.table:has(td[data-label="claims"]):has(td[data-label^="published: "])'
#: Tables of at least so many columns are wider than pages of less than `_WIDE`.
_MANY = 8
_WIDE = "79.9rem"


def style(width: str = _PHONE) -> str:
    """Styles by which cells of tables are below each other in windows up to a width."""
    # Twice the class, so as to come after what shows the others.
    lacking = f".table td[data-label]:is(:empty, .{LACKS}.{LACKS}) {{ display: none; }}"
    return f"{documents.STACKED}\n@media (max-width: {_PHONE}) {{ {lacking} }}".replace(
        _PHONE, width
    )


def style_of_many() -> str:
    """Styles by which tables of many columns are cards in wider windows too.

    The cells of a card stand beside each other there, below its first.
    """
    many = f".table:has(td[data-label]:nth-child({_MANY}))"
    beside = (
        f"{many} tr:has(td[data-label]) {{ display: grid; gap: 0 1rem;"
        " grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }"
        f"\n{many} td:first-child {{ grid-column: 1 / -1; }}"
    )
    cards = style(_WIDE).replace(".table", many)
    return f"{cards}\n@media (max-width: {_WIDE}) {{ {beside} }}"


def style_of_claims() -> str:
    """Styles by which a table of claims keeps its columns on phones.

    Reasons, which each claim's own part has, are left out there, and where they are is said. How
    much of a claim fails stands below it.
    """
    choices = "had we chosen otherwise"
    claims = f'.table:has(td[data-label="{choices}"])'
    table = f":is({claims}, {COUNTS})"
    return f"""@media (max-width: {_PHONE}) {{
  {table} thead:has(th) {{ display: block; }}
  {table} tr:has(th), {table} tr:has(td[data-label]) {{ display: grid; gap: 0 0.5rem;
    grid-template-columns: minmax(0, 1fr) 5rem 6rem; padding: 0.3rem 0; }}
  {COUNTS} tr:is(:has(th), :has(td[data-label])) {{
    grid-template-columns: minmax(0, 1fr) 2.7rem; grid-auto-columns: 4.5rem;
    grid-auto-flow: column; gap: 0 0.2rem; }}
  {table} :is(th, td[data-label]) {{ min-width: 0; padding: 0; border: 0; font-size: 0.85rem; }}
  {table} th {{ font-size: 0.72rem; text-align: left !important; }}
  {table}:has(td[data-label^="published: "]) th {{ font-size: 0.62rem; }}
  {table}:has(td[data-label^="published: "]) td[data-label] {{ font-size: 0.8rem; }}
  {claims} :is(th:nth-child(4), :nth-child(3)) {{ display: none; }}
  {claims} td:nth-child(4) {{ order: 1; grid-column: 1 / -1; color: var(--soft); }}
  {claims}::before {{ content: "Tap a claim for the reason."; display: block; color: var(--soft);
    font-size: 0.85rem; }}
  {table} td[data-label]::before {{ content: none; }}
  {table}:has(td[data-label="{choices}"]) td[data-label]:nth-child(4)::before {{
    content: attr(data-label) ": "; }}
}}"""


def labelled(table: str, labels: Sequence[str], empty: str = "") -> str:
    """A table as pandas writes it without an index, whose cells name their columns.

    Args:
        table: in HTML.
        labels: of the columns.
        empty: what cells have that say nothing; they, and cells without a text, have the class
            `LACKS`.
    """
    names = itertools.cycle(html.escape(label, quote=True) for label in labels)

    def cell(found: re.Match[str]) -> str:
        lacks = f' class="{LACKS}"' if found[1] in ("", empty) else ""
        return f'<td data-label="{next(names)}"{lacks}>{found[1]}</td>'

    return re.sub("<td>(.*?)</td>", cell, table, flags=re.DOTALL)
