"""Tables that people read, as files: CSV with its metadata, text, and HTML pages."""

import html
import json
from pathlib import Path

import pandas as pd

from jfb.storage import files

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 14px sans-serif; margin: 1.5em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.3em 0.7em; border-bottom: 1px solid #ccc; text-align: left; }}
th {{ border-bottom: 2px solid #666; }}
p {{ max-width: 60em; }}
</style>
</head>
<body>
<h1>{title}</h1>
{table}
<p>{note}</p>
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


def to_html(table: str, title: str, note: str) -> str:
    """An HTML page with a table, which is HTML already, and a note below it."""
    return _PAGE.format(title=html.escape(title), table=table, note=html.escape(note))
