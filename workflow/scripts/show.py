"""Show what was made, in a terminal of 80 columns: Table 1, the verdicts, and where they are.

Usage: show.py TABLE1_CSV CLAIMS_CSV CONFIG_YAML
"""

import sys
from pathlib import Path

import pandas as pd
import yaml

from jfb.output import table1

csv, claims, config = map(Path, sys.argv[1:])
study = yaml.safe_load(config.read_text(encoding="utf-8"))["replay"]
table = pd.read_csv(csv).astype({"runs": "Int64", "reached": "Int64"})
print(f"{table1.to_text(table, study)}\n")
verdicts = pd.read_csv(claims).drop_duplicates("id")["verdict"].value_counts()
print("The report's claims:")
print("".join(f"{count:5d}  {verdict}\n" for verdict, count in verdicts.items()))
results = csv.parent
print(f"Table 1:   {csv}, .md, .tex, .html")
print(f"Claims:    {claims.with_suffix('.md')}, each with its evidence")
print(f"Figures:   {results / 'figures'} (svg, pdf, png)\n")
