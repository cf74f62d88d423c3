"""Tell which published cells of Table 1 are reproduced; exit status 1 unless all are.

Usage: check.py TABLE1_CSV CONFIG_YAML
"""

import sys
from pathlib import Path

import pandas as pd
import yaml

from jfb.analysis import table1
from jfb.output.table1 import to_text

csv, config = sys.argv[1:]
if not Path(csv).exists():
    sys.exit(f"{csv} is not there yet; `make` makes it")
study = yaml.safe_load(Path(config).read_text(encoding="utf-8"))["replay"]
cells = table1.matches(pd.read_csv(csv), study)
print(to_text(cells, study))
sys.exit(not cells["equal"].all())
