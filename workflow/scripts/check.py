"""Tell which published cells of Table 1 are reproduced; exit status 1 unless all are.

Usage: check.py TABLE1_CSV CONFIG_YAML
"""

import sys
from pathlib import Path

import pandas as pd
import yaml

from jfb.analysis import table1

csv, config = sys.argv[1:]
if not Path(csv).exists():
    sys.exit(f"{csv} is not there yet; `make` makes it")
study = yaml.safe_load(Path(config).read_text(encoding="utf-8"))["replay"]
cells = table1.matches(pd.read_csv(csv), study)
for row in cells.itertuples():
    verdict = "matches" if row.equal else f"DIFFERS: {study} has {row.reproduced:g}"
    print(f"batch size {row.batch_size:>4}  {row.cell:<20}  {row.published:<8g}  {verdict}")
if not cells["equal"].all():
    print("With config.yaml as it came, cells differ only where the processor rounds")
    print("otherwise: docs/speed.md, Exactness.")
print(f"{cells['equal'].sum()} of {len(cells)} published cells match")
sys.exit(not cells["equal"].all())
