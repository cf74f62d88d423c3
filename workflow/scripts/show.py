"""Show what was made, in a terminal of 80 columns: the published cells, the verdicts, what to open.

Usage: show.py TABLE1_CSV CLAIMS_CSV CONFIG_YAML SECONDS
"""

import sys
from pathlib import Path

import pandas as pd

from jfb.analysis import table1
from jfb.output.table1 import to_text
from jfb.storage import declared

PUBLISHED = "about the published runs only"

csv, claims, config = map(Path, sys.argv[1:4])
seconds = sys.argv[4]
study = declared.read(config)["replay"]
print(f"\n{to_text(table1.matches(pd.read_csv(csv), study), study)}\n")
verdicts = pd.read_csv(claims).drop_duplicates("id")["general"].fillna(PUBLISHED).value_counts()
print(f"The {verdicts.sum()} claims of the report, in general")
print("".join(f"{count:5d}  {verdict}\n" for verdict, count in verdicts.items()))
results = csv.parent
print("What to open")
for path, what in {
    csv.with_suffix(".md"): "Table 1 with times and many seeds; .csv, .tex, .html",
    claims.with_suffix(".md"): "each claim, what holds, and the evidence",
    f"{results / 'figures'}/": "the figures; svg, pdf, png",
    "docs/findings.md": "what was found with every study, in words",
}.items():
    print(f"  {path!s:22}  {what}")
print(f"\n`make` took {seconds} s.")
