"""What the benchmarks share: the project's runs and data, and fair timing."""

import argparse
import dataclasses
import datetime
import json
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "benchmarks/records"
sys.path[:0] = [str(ROOT / part) for part in ("workflow/scripts", "tests")]

#: Rounds that a record must have.
FEWEST_ROUNDS = 3
BATCH_SIZES = (2400, 1200, 600, 64, 32)


def alone(function, *arguments):
    """Call a function in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def medians(contenders, rounds):
    """Median seconds of each contender; they take turns, so that a machine's drift slows all.

    Args:
        contenders: functions by name that return the seconds to be counted.
        rounds: how often each is called.
    """
    seconds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            seconds[name].append(run())
    return {name: statistics.median(each) for name, each in seconds.items()}


def seed_run(batch_size, epochs, seed=0):
    """A run of the study of many seeds, for some epochs, and its data."""
    import conftest

    run = conftest.load_project().studies["seeds"].runs[batch_size, seed]
    return dataclasses.replace(run, epochs=epochs), conftest.make_data(run.dataset)


class Drawn:
    """A stream whose orders were drawn beforehand."""

    def __init__(self, stream, epochs):
        self._initial = stream.initial_parameters()
        self._orders = stream.orders(epochs)
        self._next = 0

    def start_again(self):
        """Stand where the run starts."""
        self._next = 0

    def initial_parameters(self):
        """A copy of them."""
        return self._initial.copy()

    def orders(self, epochs):
        """The next ones."""
        self._next += epochs
        return self._orders[self._next - epochs : self._next]


def train_fused(run, stream, data):
    """Processor seconds of the fused engine with a stream of `Drawn`, and what the run leaves."""
    from jfb.engines.fused import engine

    stream.start_again()
    start = time.process_time()
    outcome = engine.train(run, stream, *data, lambda row: None)
    return time.process_time() - start, outcome


def difference(one, other):
    """The largest relative difference between two arrays; 0 where they are equal."""
    import numpy as np

    if len(one) != len(other):
        return float("inf")
    size = np.maximum(np.abs(one), np.abs(other))
    return float(np.divide(np.abs(one - other), size, where=size > 0, out=size).max())


def parser(repeats):
    """For the arguments of a benchmark of runs; `parse` reads them.

    Args:
        repeats: rounds, unless others are asked for.
    """
    made = argparse.ArgumentParser()
    made.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES)
    made.add_argument("--epochs", type=int, default=3000)
    made.add_argument("--repeats", type=int, default=repeats)
    made.add_argument("--record", action="store_true", help="write benchmarks/records")
    return made


def parse(made):
    """The arguments; a record needs some rounds."""
    options = made.parse_args()
    if options.record and options.repeats < FEWEST_ROUNDS:
        made.error(f"--record needs --repeats of {FEWEST_ROUNDS} or more")
    return options


def load():
    """The load average of the last minute: what else ran beside what is about to be timed."""
    return round(os.getloadavg()[0], 2)


def record(name, load, rows, **options):
    """Write what a benchmark measured to benchmarks/records, where README has its numbers from.

    Args:
        name: of the benchmark.
        load: the load average when it started.
        rows: an object per line that it prints.
        options: what it was asked for.
    """
    import torch

    from jfb.measure import machine
    from jfb.storage import files

    build = machine.blas_of(torch.__config__.show())
    # Where something lies on this machine is nobody's business.
    arguments = [Path(a).name if Path(a).is_absolute() else a for a in sys.orig_argv[1:]]
    content = {
        "command": " ".join([".venv/bin/python", *arguments]),
        "date": datetime.date.today().isoformat(),
        "machine": dataclasses.asdict(machine.here(str(torch.__version__), build, 1)),
        "load": load,
        **options,
        "rows": rows,
    }
    with files.whole(RECORDS / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
