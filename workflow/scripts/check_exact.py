"""Tell whether two studies of the same runs are equal bit by bit; exit status 1 unless they are.

Usage: check_exact.py RESULTS ONE OTHER

Compared are the columns of their logs but train_seconds, and their best and final parameters.
"""

import sys
from pathlib import Path

import numpy as np

from jfb.records import runlog

results, one, other = sys.argv[1:]
folders = [Path(results, "runs", study) for study in (one, other)]
logs = [
    sorted(path.relative_to(folder) for path in folder.rglob("log.parquet")) for folder in folders
]
if not logs[0] or logs[0] != logs[1]:
    sys.exit(f"{one} and {other} have other runs; `make check-exact` makes both")
different = 0
for log in logs[0]:
    tables = [runlog.read(folder / log) for folder in folders]
    columns = [name for name in tables[0].column_names if name != "train_seconds"]
    apart = [
        name
        for name in columns
        if not np.array_equal(*(table[name].to_numpy() for table in tables), equal_nan=True)
    ]
    for kind in ("best", "final"):
        file = log.with_name(f"_{kind}.safetensors")
        both = [(folder / file).read_bytes() for folder in folders]
        apart += [f"{kind} parameters"] * (both[0] != both[1])
    different += bool(apart)
    said = f"differ in {', '.join(apart)}" if apart else "equal to the last bit"
    print(f"{log.parent}: {len(tables[0])} epochs, {len(columns)} columns, parameters: {said}")
print(f"{len(logs[0]) - different} of {len(logs[0])} runs of {one} are those of {other}")
sys.exit(bool(different))
