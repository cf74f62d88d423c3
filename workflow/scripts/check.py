"""Tell which published cells of Table 1 are reproduced; exit status 1 unless all are.

Usage: check.py TABLE1_CSV CONFIG_YAML
"""

import sys
from pathlib import Path

import pandas as pd

from jfb.analysis import table1
from jfb.output.table1 import to_text
from jfb.storage import declared

csv, config = sys.argv[1:]
if not Path(csv).exists():
    sys.exit(f"{csv} is not there yet; `make` makes it")
study = declared.read(config)["replay"]
cells = table1.matches(pd.read_csv(csv), study)
print(to_text(cells, study))
sys.exit(not cells["equal"].all())
