"""A whole fused training job: seconds from the start of its process to the log on disk.

    .venv/bin/python benchmarks/job.py [--batch-sizes 2400 32] [--repeats 7] [--record]

The job is the workflow's own script, started as Snakemake starts it: a new process that imports
snakemake.script and then runs workflow/scripts/train.py. It has been compiled by an uncounted first
job. `training` is the part of it that the log counts as training.
"""

import argparse
import functools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

JOB = """
import json, runpy, sys
from types import SimpleNamespace
from snakemake import script
given = json.loads(sys.argv[1])
snakemake = SimpleNamespace(
    input=SimpleNamespace(data=given["data"]),
    output=SimpleNamespace(**given["output"]),
    params=SimpleNamespace(run=given["run"]),
    log=given["log"],
)
sys.path.insert(0, given["scripts"])
runpy.run_path(given["scripts"] + "/train.py", init_globals={"snakemake": snakemake})
"""


def prepare(folder):
    """Write the dataset; the path of its file."""
    from jfb.records import dataset

    _, data = common.seed_run(32, 1)
    dataset.write(folder / "data.parquet", *data)
    return str(folder / "data.parquet")


def run_job(folder, data, batch_size, epochs):
    """Seconds of one job until its log is on disk."""
    import conftest

    run = conftest.load_project().studies["seeds"].runs[batch_size, 0]
    log = folder / f"{batch_size}/log.parquet"
    log.unlink(missing_ok=True)
    given = {
        "data": data,
        "output": {
            "log": str(log),
            "best": str(folder / f"{batch_size}/_best.safetensors"),
            "final": str(folder / f"{batch_size}/_final.safetensors"),
            "snapshots": str(folder / f"{batch_size}/_snapshots.safetensors"),
        },
        "run": run.to_dict() | {"epochs": epochs},
        "log": [str(folder / "job.log")],
        "scripts": str(common.ROOT / "workflow/scripts"),
    }
    command = [sys.executable, "-c", JOB, json.dumps(given)]
    start = time.time()
    subprocess.run(command, check=True)
    return log.stat().st_mtime - start


def main():
    """Measure, a line per batch size."""
    from jfb.records import runlog
    from jfb.storage import parquet

    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=common.BATCH_SIZES)
    parser.add_argument("--epochs", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--record", action="store_true", help="write benchmarks/records")
    options = parser.parse_args()
    load, rows = common.load(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = common.alone(prepare, folder)
        run_job(folder, data, options.batch_sizes[0], options.epochs)
        contenders = {
            size: functools.partial(run_job, folder, data, size, options.epochs)
            for size in options.batch_sizes
        }
        seconds = common.medians(contenders, options.repeats)
        print("batch size  job (s)  training (s)")
        for size, each in seconds.items():
            log = runlog.read(folder / f"{size}/log.parquet")
            training = parquet.to_numbers(log["train_seconds"]).sum()
            print(f"{size:10}  {each:7.2f}  {training:12.2f}")
            rows.append({"batch_size": size, "job_seconds": each, "training_seconds": training})
    if options.record:
        common.record("job", load, rows, epochs=options.epochs, repeats=options.repeats)


if __name__ == "__main__":
    main()
