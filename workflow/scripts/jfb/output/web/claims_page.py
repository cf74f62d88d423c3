"""The page of claims in HTML: claims and what follows fold, and links open what they lead to."""

import re

from jfb.output import markdown, stacked
from jfb.output.web import folding
from jfb.storage import documents

_STYLE = f"""
{folding.STYLE}
body {{ scroll-padding-top: 0.5rem; }}
td.bad, td.good, td.open {{ white-space: normal; }}
:focus-visible {{ outline: 3px solid var(--link); outline-offset: 2px; }}
/* Beside the text, which is not as wide as the window. */
@media (min-width: 75rem) {{
  .beside {{ display: grid; grid-template-columns: minmax(0, 1fr) 29rem; gap: 2rem; }}
  {stacked.COUNTS} :is(th, td) {{ padding: 0.3rem 0.4rem; font-size: 0.85rem; }}
}}
@media (max-width: 44rem) {{
  body {{ padding: 0.5rem 1rem 3rem; }}
  h1 {{ font-size: 1.45rem; margin: 0.3rem 0 0.6rem; }}
  h2 {{ margin: 1.8rem 0 0.5rem; }}
  h3 {{ margin: 1.4rem 0 0.3rem; }}
}}
{stacked.style_of_claims()}"""
#: What is printed is unfolded.
_SCRIPT = """
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const part of folded) part.open = true;
});
addEventListener("afterprint", () => { for (const part of folded) part.open = false; });
"""


def to_html(text: str) -> str:
    """The page in HTML from that in Markdown, whose first line is its title."""
    title, _, below = text.partition("\n")
    made = f"<style>{_STYLE}</style>\n{_folded(_beside(markdown.content(below)))}"
    return documents.to_html(
        f"{made}\n<script>{folding.SCRIPT}{_SCRIPT}</script>", title.lstrip("# ")
    )


def _beside(made: str) -> str:
    """The page whose first table stands beside the paragraph above it, where there is room."""
    both = r"<p>(?:(?!</p>).)*</p>\s*<div class=\"table\">.*?</div>"
    return re.sub(both, r'<div class="beside">\g<0></div>', made, count=1, flags=re.DOTALL)


def _folded(made: str) -> str:
    """The page whose parts fold, but for the list of claims, in which each claim folds."""
    first, *others = re.split(r"(?=(?:<p><a id=\"[^\"]*\"></a></p>\s*)?<h2\b)", _named(made))
    told = [first]
    for part in others:
        is_list = part.count("<h3") > 1
        told += folding.parts(part, "h3") if is_list else folding.parts(part, "h2", "h3")
    return "".join(told)


def _named(made: str) -> str:
    """Headings by the names that links call them by, as GitHub makes them."""

    def named(found: re.Match[str]) -> str:
        told = re.sub("<[^>]*>", "", found[2]).replace("&nbsp;", " ")
        return f'<{found[1]} id="{markdown.anchor(told)}">{found[2]}</{found[1]}>'

    return re.sub(r"<(h[23])>(.*?)</\1>", named, made, flags=re.DOTALL)
