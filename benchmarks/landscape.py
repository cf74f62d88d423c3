"""Throughput of a study in blocks against cores: the workflow itself, start of Snakemake included.

    .venv/bin/python benchmarks/landscape.py [--cores 1 2] [--seeds 100] [--repeats 3]

Each measurement runs `snakemake --cores N landscape` with fewer seeds in a fresh copy of the
project; numbers of cores take turns. The last column is the largest memory of any of its jobs.
"""

import argparse
import csv
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


def measure(cores, seeds):
    """Seconds of one such run, and the largest resident memory of a job in MB."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(common.ROOT / "workflow", copy / "workflow")
        for name in ("Snakefile", "environment.yml"):
            shutil.copy(common.ROOT / name, copy)
        config = yaml.safe_load((common.ROOT / "config.yaml").read_text())
        config["studies"]["landscape"]["seeds"] = {"first": 0, "last": seeds - 1}
        (copy / "config.yaml").write_text(yaml.safe_dump(config))
        snakemake = [sys.executable, "-m", "snakemake", "--quiet", "all", "--cores", str(cores)]
        start = time.perf_counter()
        # Compiled code is kept by path; a copy compiles anew, which the first job is charged for.
        subprocess.run([*snakemake, "--", "landscape"], cwd=copy, check=True)
        seconds = time.perf_counter() - start
        jobs = [
            float(row["max_rss"])
            for path in (copy / "results/benchmarks/blocks").rglob("*.tsv")
            for row in csv.DictReader(path.read_text().splitlines(), delimiter="\t")
        ]
        return seconds, max(jobs)


def main():
    """Compare, a line per number of cores."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cores", type=int, nargs="+", default=[1, os.cpu_count()])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    found = {cores: [] for cores in options.cores}
    for _ in range(options.repeats):
        for cores in options.cores:
            found[cores].append(measure(cores, options.seeds))
    runs = options.seeds * len(common.BATCH_SIZES)
    base = statistics.median(seconds for seconds, _ in found[options.cores[0]])
    print(f"{runs} runs\ncores  seconds  runs per second  ratio  memory of a job (MB)")
    for cores, each in found.items():
        seconds = statistics.median(seconds for seconds, _ in each)
        memory = max(memory for _, memory in each)
        rate, ratio = runs / seconds, base / seconds
        print(f"{cores:5}  {seconds:7.1f}  {rate:15.1f}  {ratio:5.2f}  {memory:.0f}")


if __name__ == "__main__":
    main()
