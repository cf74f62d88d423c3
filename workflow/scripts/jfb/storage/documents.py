"""Tables that people read, as files: CSV with its metadata, text, and HTML pages."""

import html
import json
from pathlib import Path

import pandas as pd

from jfb.storage import files

#: On phones each cell stands below the one before, after the heading of its column, if it has it.
STACKED = """
@media (max-width: 44rem) {
  .table:has(td[data-label]) thead { display: none; }
  .table table:has(td[data-label]), .table tbody:has(td[data-label]), .table tr:has(td[data-label]),
  .table td[data-label] { display: block; width: 100%; }
  .table tr:has(td[data-label]) { border-bottom: 2px solid var(--line); padding: 0.4rem 0; }
  .table td[data-label] { border: 0; min-width: 0; padding: 0.15rem 0;
    text-align: left !important; }
  .table td[data-label]::before { content: attr(data-label) ": "; color: var(--soft);
    font-weight: 400; }
}"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ --text: #1b1f24; --soft: #57606a; --back: #fff; --line: #d0d7de; --band: #f3f5f7;
  --link: #0550ae; --good: #116329; --bad: #a40e26; --open: #7d4e00; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #e2e6ea; --soft: #a0a9b3; --back: #14171b; --line: #3a424b; --band: #20252b;
    --link: #79b8ff; --good: #6fdd8b; --bad: #ff9a94; --open: #ecb557; }}
}}
* {{ box-sizing: border-box; }}
body {{ font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
  max-width: 78rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; overflow-wrap: break-word; }}
h1, h2, h3 {{ line-height: 1.25; text-wrap: balance; }}
h1 {{ font-size: 1.75rem; margin: 0.5rem 0 1rem; }}
h2 {{ font-size: 1.35rem; margin: 2.5rem 0 0.75rem; }}
h3 {{ font-size: 1.1rem; margin: 2rem 0 0.5rem; }}
p, ul {{ max-width: 46rem; margin: 0.6rem 0; }}
a {{ color: var(--link); }}
code {{ font-size: 0.9em; background: var(--band); padding: 0.1em 0.3em; border-radius: 3px; }}
table {{ border-collapse: collapse; margin: 0.75rem 0; font-size: 0.92rem; }}
th, td {{ padding: 0.4rem 0.7rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }}
thead th {{ border-bottom: 2px solid var(--soft); }}
.table {{ overflow-x: auto; }}
.whole {{ white-space: nowrap; }}
.good, .bad, .open {{ font-weight: 600; min-width: 6rem; }}
.good {{ color: var(--good); }}
.bad {{ color: var(--bad); }}
.open {{ color: var(--open); }}
@media (min-width: 60rem) {{ td[data-label="why"] {{ min-width: 26rem; }} }}
summary {{ cursor: pointer; color: var(--link); }}
details[open] > summary {{ margin-bottom: 0.5rem; }}
:target {{ scroll-margin-top: 1rem; }}
{stacked}
</style>
</head>
<body>
<h1>{title}</h1>
{content}
</body>
</html>
"""


def write_csv(path: str | Path, table: pd.DataFrame, origin: str) -> None:
    """Write a table as CSV with six digits, and its metadata beside it.

    Args:
        path: where to.
        table: the table, without its index.
        origin: see `jfb.storage.provenance.of`; it goes to `<path>-metadata.json`, the name that
            the W3C's recommendation "Metadata Vocabulary for Tabular Data" gives such a file.
    """
    path = Path(path)
    described = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": path.name,
        "tableSchema": {"columns": [{"name": name} for name in table]},
        "notes": [json.loads(origin)],
    }
    with files.whole(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    with files.whole(f"{path}-metadata.json") as temporary:
        temporary.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def write_text(path: str | Path, text: str, origin: str) -> None:
    """Write a page whose format is told by its ending (md, html, tex), with `origin` in a comment.

    Args:
        path: where to.
        text: the page.
        origin: see `jfb.storage.provenance.of`.
    """
    path = Path(path)
    comment = f"% {origin}" if path.suffix == ".tex" else f"<!-- {origin} -->"
    with files.whole(path) as temporary:
        temporary.write_text(f"{text.rstrip()}\n\n{comment}\n", encoding="utf-8")


def to_html(content: str, title: str, note: str = "") -> str:
    """An HTML page with a content, which is HTML already, and a note below it.

    It needs no script, and is dark where the reader's system is.
    """
    below = f"\n<p>{html.escape(note)}</p>" if note else ""
    return _PAGE.format(title=html.escape(title), content=content + below, stacked=STACKED)
