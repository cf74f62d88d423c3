"""Parts of an HTML page that fold: closed, a part is one line that says its answer.

A part is a `details`: a link to a place within it, and search in the page, open it (page.js, and
the browser). Those of the class `wide` are open in wide windows, and folded by page.js in narrow.
"""

import re

WIDE = "wide"
#: How parts look, on all pages that have them.
STYLE = """
.part { border-top: 1px solid var(--line); }
.part > summary { padding: 0.5rem 0; }
.part > summary :is(h2, h3, h4, h5) { display: inline; margin: 0; font-size: 1.02rem;
  line-height: 1.35; }
.part .part { margin-left: 1rem; }
.part > :last-child { margin-bottom: 1.2rem; }
.lead { display: block; margin-left: 1.1rem; color: var(--text); max-width: 50rem; }
.lead strong { font-weight: 400; }
.part[open] > summary .lead strong { font-weight: 600; }
@media (max-width: 44rem) { .part .part { margin-left: 0.5rem; } }
"""
#: A link opens the folded parts that hold what it leads to; not all browsers do that themselves.
SCRIPT = """
function unfold() {
  const name = decodeURIComponent(location.hash.slice(1));
  const target = name && document.getElementById(name);
  if (!target) return;
  for (let part = target; part; part = part.parentElement) {
    if (part.tagName === "DETAILS") part.open = true;
  }
  const go = () => target.scrollIntoView({ behavior: "instant" });
  go();
  // What grows above it meanwhile, such as a frame, would leave it elsewhere.
  const grown = new ResizeObserver(go);
  grown.observe(document.body);
  const stop = () => grown.disconnect();
  for (const input of ["wheel", "touchstart", "pointerdown", "keydown", "hashchange"]) {
    addEventListener(input, stop, { once: true, passive: true });
  }
  setTimeout(stop, 2000);
}
addEventListener("hashchange", unfold);
addEventListener("load", unfold);
// A second click on it changes no address.
addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) unfold();
});
"""
#: Rows of a table that is folded where it stands before the parts of a page.
LONG = 8
#: Anchors in front of a heading belong to it.
_HEADED = r'(?P<anchors>(?:<p><a id="[^"]*"></a></p>\s*)*)(?P<heading><{tag}\b.*?</{tag}>)'
#: The answer in bold that begins the first paragraph, or the second.
_LEAD = re.compile(
    r"(?P<before>\s*(?:<p>(?!<strong>|<button)(?:(?!</p>).)*</p>\s*)?)"
    r"<p><strong>(?P<lead>.*?)</strong>\s*",
    re.DOTALL,
)
#: Up to the end of a sentence; tags are passed over.
_SAID = re.compile(r"(?:<(?!/p>)[^>]*>|[^<>])*?\.(?:\s+|(?=</p>)|$)")
#: Characters of an answer that says too little alone.
SHORT = 20
_ENTRY = re.compile(
    r"<li>\s*(?:<p>)?((?:(?!<strong>|</li>).)*\?)\s*(<strong>.*?</strong>)\s*(.*?)(?:</p>)?\s*</li>",
    re.DOTALL,
)
_TABLE = re.compile(r'<div class="table">.*?</table></div>', re.DOTALL)
#: A table with a heading of its own before the parts.
_GROUP = re.compile(rf"(<h5\b[^>]*>(?:(?!</h5>).)*</h5>)\s*({_TABLE.pattern})", re.DOTALL)
#: A sentence ends before a space and a capital, not after a letter alone (K. Raitz).
_SENTENCE = re.compile(r"<p>((?:(?!</p>).)*?(?<!\b[A-Z])[.!?])\s+(?=[A-Z])", re.DOTALL)


def folded(summary: str, body: str, *, name: str = "", is_wide: bool = False) -> str:
    """A part that folds.

    Args:
        summary: what is read while it is closed, in HTML.
        body: the rest.
        name: its class.
        is_wide: whether it is open in wide windows.
    """
    classes = " ".join(filter(None, (name, WIDE if is_wide else "")))
    attributes = f' class="{classes}"' * bool(classes) + " open" * is_wide
    return f"<details{attributes}><summary>{summary}</summary>\n{body.strip()}\n</details>\n"


def parts(made: str, tag: str, below: str = "", *, is_wide: bool = False) -> tuple[str, str]:
    """A page up to its first heading of a level, and the parts below such headings, folded.

    A part's line is its heading, and the answer that its text begins with.

    Args:
        made: the page in HTML.
        tag: of these headings.
        below: of headings within such a part, whose parts are open in wide windows.
        is_wide: whether the parts are open in wide windows.
    """
    heads = list(re.finditer(_HEADED.format(tag=tag), made, flags=re.DOTALL))
    if not heads:
        return made, ""
    ends = [head.start() for head in heads[1:]] + [len(made)]
    told = []
    for head, end in zip(heads, ends, strict=True):
        anchors = re.sub("</?p>", "", head["anchors"]).strip()
        lead, body = answer_of(made[head.end() : end])
        if below:
            body = "".join(parts(body, below, is_wide=True))
        summary = f"{anchors}{head['heading']}{lead}"
        told.append(folded(summary, body, name="part", is_wide=is_wide))
    return made[: heads[0].start()], "".join(told)


def answer_of(body: str) -> tuple[str, str]:
    """The answer in bold that a text begins with, and the text without it."""
    found = _LEAD.match(body)
    if not found:
        return "", body
    more, rest = _said(found["lead"], body[found.end() :])
    rest = re.sub(r"^<p>\s*</p>\s*", "", f"<p>{rest}")
    lead = f'<span class="lead"><strong>{found["lead"]}</strong>{more}</span>'
    return lead, found["before"] + rest


def _said(answer: str, rest: str) -> tuple[str, str]:
    """What an answer needs of its rest to say something, with a space before it, and what is left.

    An answer that ends with a colon needs it, and one of a word or two.
    """
    found = _SAID.match(rest) if answer.endswith(":") or len(answer) < SHORT else None
    return (f" {found[0].rstrip()}", rest[found.end() :]) if found else ("", rest)


def page(made: str) -> str:
    """A page of docs: its long tables, its parts and the parts of these fold."""
    first, below = parts(made, "h4", "h5")
    first = _GROUP.sub(lambda found: folded(found[1], found[2], name="part", is_wide=True), first)
    return _TABLE.sub(lambda found: _long(found[0]), first) + below


def _long(table: str) -> str:
    """A table, folded if it is long: what the parts below say in short."""
    rows = table.count("<tr>") - 1
    if rows <= LONG:
        return table
    headings = ", ".join(re.findall("<th[^>]*>(.*?)</th>", table))
    return folded(f"As one table: {headings} ({rows} rows)", table)


def answers(made: str) -> str:
    """A list of questions and answers, in which what follows an answer folds."""

    def entry(found: re.Match[str]) -> str:
        question, answer, rest = found.groups()
        more, rest = _said(re.sub("<.*?>", "", answer), rest)
        summary = f"{question} {answer}{more}"
        return f"<li>{folded(summary, f'<p>{rest}</p>', is_wide=True)}</li>"

    return _ENTRY.sub(entry, made)


def caption(made: str) -> tuple[str, str]:
    """The first sentence of a caption as a paragraph, and the rest, which may be empty."""
    found = _SENTENCE.match(made.lstrip())
    if not found:
        first, end, rest = made.partition("</p>")
        return first + end, rest.strip()
    return f"<p>{found[1]}</p>", f"<p>{made.lstrip()[found.end() :]}"
