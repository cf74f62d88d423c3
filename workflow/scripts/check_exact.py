"""Tell whether two studies of the same runs are equal bit by bit; exit status 1 unless they are.

Usage: check_exact.py RESULTS ONE OTHER

Compared are the columns of their logs but train_seconds, and their best and final parameters.
"""

import sys
from pathlib import Path

from jfb.analysis import same_runs

results, *studies = sys.argv[1:]
folders = [Path(results, "runs", study) for study in studies]
logs, others = (
    sorted(path.relative_to(folder) for path in folder.rglob("log.parquet")) for folder in folders
)
if not logs or logs != others:
    sys.exit(f"{' and '.join(studies)} have other runs; `make check-exact` makes both")
equal = 0
for log in logs:
    apart = same_runs.differing(*(folder / log for folder in folders))
    equal += not apart
    said = f"differ in {', '.join(apart)}" if apart else "equal to the last bit"
    print(f"{log.parent}: {said}")
print(f"{equal} of {len(logs)} runs of {' are those of '.join(studies)}")
sys.exit(equal < len(logs))
