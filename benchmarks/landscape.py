"""Throughput of a study in blocks against cores and seeds: the workflow itself, start included.

    .venv/bin/python benchmarks/landscape.py [--cores 1 2] [--seeds 50 200] [--repeats 3]

Each measurement runs `snakemake --cores N landscape` with fewer seeds in a copy of the project,
whose kernel has been compiled; numbers of cores and seeds take turns. The last column is the
largest memory of any of the jobs.
"""

import argparse
import csv
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common
import yaml


def make_landscape(copy, cores, seeds):
    """Make the study from nothing; seconds, and the largest resident memory of a job in MB."""
    config = yaml.safe_load((common.ROOT / "config.yaml").read_text())
    config["studies"]["landscape"]["seeds"] = {"first": 0, "last": seeds - 1}
    (copy / "config.yaml").write_text(yaml.safe_dump(config))
    shutil.rmtree(copy / "results", ignore_errors=True)
    snakemake = [sys.executable, "-m", "snakemake", "--quiet", "all", "--cores", str(cores)]
    start = time.perf_counter()
    subprocess.run([*snakemake, "--", "landscape"], cwd=copy, check=True)
    seconds = time.perf_counter() - start
    memory = [
        float(row["max_rss"])
        for path in (copy / "results/benchmarks/blocks").rglob("*.tsv")
        for row in csv.DictReader(path.read_text().splitlines(), delimiter="\t")
    ]
    return seconds, max(memory)


def main():
    """Compare, a line per number of seeds and of cores."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cores", type=int, nargs="+", default=[1, os.cpu_count()])
    parser.add_argument("--seeds", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    cases = list(itertools.product(options.seeds, options.cores))
    found = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(common.ROOT / "workflow", copy / "workflow")
        for name in ("Snakefile", "environment.yml"):
            shutil.copy(common.ROOT / name, copy)
        make_landscape(copy, 1, 1)
        for _ in range(options.repeats):
            for seeds, cores in cases:
                found[seeds, cores].append(make_landscape(copy, cores, seeds))
    print("seeds  cores  seconds  runs per second  ratio to fewest cores  memory of a job (MB)")
    for (seeds, cores), each in found.items():
        seconds, base = (
            statistics.median(seconds for seconds, _ in found[seeds, number])
            for number in (cores, options.cores[0])
        )
        rate = seeds * len(common.BATCH_SIZES) / seconds
        memory = max(memory for _, memory in each)
        print(f"{seeds:5}  {cores:5}  {seconds:7.1f}  {rate:15.1f}", end="")
        print(f"  {base / seconds:21.2f}  {memory:20.0f}")


if __name__ == "__main__":
    main()
