"""The fused kernel against the same algorithm in C++ (-O3 -march=native), seconds per run.

    .venv/bin/python benchmarks/kernel.py [--batch-sizes 2400 32] [--epochs 3000] [--repeats 7]
        [--record]

Both train from the same parameters with the same orders of samples, drawn beforehand and not
counted; the runs take turns and the medians are compared. The last column is the largest relative
difference between their training losses over the first 20 epochs. Needs g++.
"""

import argparse
import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common
import numpy as np


def compiled(folder):
    """The C++ function."""
    library = Path(folder, "kernel.so")
    source = common.ROOT / "benchmarks/kernel.cpp"
    command = ["g++", "-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", source]
    subprocess.run([*command, "-o", library], check=True)
    function = ctypes.CDLL(str(library)).train_epochs
    function.restype = None
    return function


def address(array):
    """Pointer to an array's data."""
    return ctypes.c_void_p(array.ctypes.data)


class Drawn:
    """A stream whose orders were drawn beforehand."""

    def __init__(self, stream, epochs):
        self._initial = stream.initial_parameters()
        self._orders = stream.orders(epochs)
        self._next = 0

    def initial_parameters(self):
        """Start again."""
        self._next = 0
        return self._initial.copy()

    def orders(self, epochs):
        """The next ones."""
        self._next += epochs
        return self._orders[self._next - epochs : self._next]


def contenders(function, batch_size, epochs):
    """Functions that train once and return seconds, and dictionary of the losses they found."""
    from jfb.engines.fused import engine as fused
    from jfb.streams.interface import open_stream

    run, (training, validation) = common.seed_run(batch_size, epochs)
    stream = Drawn(open_stream(run), epochs)
    losses = {}

    def in_numba():
        start = time.perf_counter()
        log = fused.train(run, stream, training, validation, lambda row: None).log
        seconds = time.perf_counter() - start
        losses["numba"] = log["train_loss"]
        return seconds

    def in_cpp():
        whole = fused._batch(validation)
        parameters = stream.initial_parameters()
        state, powers = np.zeros((3, len(parameters)), np.float32), np.ones(2)
        state[0] = parameters
        log = np.empty((epochs, 5))
        orders = stream.orders(epochs)
        number = ctypes.c_double
        start = time.perf_counter()
        function(
            *(address(array) for array in (training.inputs, training.target)),
            ctypes.c_long(len(training)),
            address(orders),
            ctypes.c_long(epochs),
            *(address(array) for array in whole),
            ctypes.c_long(len(validation)),
            ctypes.c_long(batch_size),
            number(run.solver.tolerance),
            ctypes.c_long(run.solver.max_iterations),
            number(run.accuracy_threshold),
            number(run.optimiser.learning_rate),
            number(run.optimiser.beta1),
            number(run.optimiser.beta2),
            number(run.optimiser.epsilon),
            *(address(array) for array in (state, powers, log)),
        )
        seconds = time.perf_counter() - start
        losses["cpp"] = log[:, 0]
        return seconds

    return {"numba": in_numba, "cpp": in_cpp}, losses


def main():
    """Compare, a line per batch size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=common.BATCH_SIZES)
    parser.add_argument("--epochs", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--record", action="store_true", help="write benchmarks/records")
    options = parser.parse_args()
    load, rows = common.load(), []
    with tempfile.TemporaryDirectory() as folder:
        try:
            function = compiled(folder)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"no C++ to compare with: {error}")
        print("batch size  numba (s)  C++ (s)  numba/C++  difference", flush=True)
        for size in options.batch_sizes:
            pair, losses = contenders(function, size, options.epochs)
            seconds = common.medians(pair, options.repeats)
            first = slice(0, 20)
            difference = np.abs(losses["numba"][first] / losses["cpp"][first] - 1).max()
            ratio = seconds["numba"] / seconds["cpp"]
            print(
                f"{size:10}  {seconds['numba']:9.3f}  {seconds['cpp']:7.3f}  {ratio:9.2f}  "
                f"{difference:10.1e}",
                flush=True,
            )
            row = {"batch_size": size, "difference": difference}
            rows.append(row | {f"{name}_seconds": each for name, each in seconds.items()})
    if options.record:
        common.record("kernel", load, rows, epochs=options.epochs, repeats=options.repeats)


if __name__ == "__main__":
    main()
