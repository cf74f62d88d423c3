"""What short jobs cost beside their training: Snakemake's own process, and a job from start to end.

    .venv/bin/python benchmarks/overhead.py [--jobs 100 200] [--epochs 5] [--cores 2] [--repeats 1]
                                            [--limited]

Each measurement makes the summary of a study of so many runs of the fused engine, a job each, in a
copy of the project whose kernel has been compiled: `snakemake` as users call it. CPU seconds and
threads of Snakemake's process are read while it runs, those of its jobs from what the system counts
for processes that ended. With --limited, Snakemake's limit of jobs per second is left as it is, to
compare (docs/upstream.md); numbers of jobs take turns.
"""

import argparse
import itertools
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import common
import psutil
import yaml

_SECONDS_BETWEEN_LOOKS = 0.1


def write_config(copy, jobs, epochs):
    """A study of some short runs, with the other studies of the configuration as they are."""
    config = yaml.safe_load((common.ROOT / "config.yaml").read_text())
    config["studies"]["short"] = {
        "engine": "fused",
        "batch_sizes": [2400],
        "seeds": {"first": 0, "last": jobs - 1},
        "epochs": epochs,
    }
    (copy / "config.yaml").write_text(yaml.safe_dump(config))


def watch(command, folder):
    """Run a command; CPU seconds of its process alone and of all, threads at most, seconds."""
    before = os.times()
    start = time.perf_counter()
    own = threads = 0
    with psutil.Popen(command, cwd=folder) as process:
        while process.poll() is None:
            try:
                times = process.cpu_times()
                own, threads = times.user + times.system, max(threads, process.num_threads())
            except psutil.Error:
                pass
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    if process.returncode:
        sys.exit(process.returncode)
    seconds, after = time.perf_counter() - start, os.times()
    every = after.children_user + after.children_system
    every -= before.children_user + before.children_system
    return own, every, threads, seconds


def make(copy, jobs, options, limited=False):
    """Make the study from nothing; see `watch`."""
    write_config(copy, jobs, options.epochs)
    shutil.rmtree(copy / "results", ignore_errors=True)
    shutil.rmtree(copy / ".snakemake", ignore_errors=True)
    command = [sys.executable, "-m", "snakemake", "--quiet", "all", "--cores", str(options.cores)]
    # What lifts the limit is a hook.
    command += ["--no-hooks"] if limited else []
    return watch([*command, "results/summaries/short.parquet"], copy)


def main():
    """Measure, a line per number of jobs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, nargs="+", default=[100, 200])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--limited", action="store_true", help="also with the limit")
    options = parser.parse_args()
    cases = list(itertools.product(options.jobs, [False, True] if options.limited else [False]))
    found = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(common.ROOT / "workflow", copy / "workflow")
        for name in ("Snakefile", "environment.yml", "profiles"):
            shutil.copy(common.ROOT / name, copy, follow_symlinks=False)
        make(copy, 1, options)
        for _ in range(options.repeats):
            for jobs, limited in cases:
                found[jobs, limited].append(make(copy, jobs, options, limited))
    print("                   CPU seconds")
    print("jobs  limit  Snakemake  all jobs  a job  with Snakemake  threads  seconds")
    for (jobs, limited), each in found.items():
        own, every, threads, seconds = map(statistics.median, zip(*each, strict=True))
        print(f"{jobs:4}  {'yes' if limited else 'no':>5}  {own:9.1f}  {every - own:8.1f}", end="")
        print(f"  {(every - own) / jobs:5.2f}  {every / jobs:14.2f}  {threads:7.0f}", end="")
        print(f"  {seconds:7.0f}")


if __name__ == "__main__":
    main()
