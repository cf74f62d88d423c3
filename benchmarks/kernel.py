"""The fused kernel against the same algorithm in C++ (-O3 -march=native), seconds per run.

    taskset -c 0 .venv/bin/python benchmarks/kernel.py [--batch-sizes 2400 32] [--epochs 3000]
        [--repeats 7] [--record]

Both train from the same parameters with the same orders of samples, drawn beforehand and not
counted; the runs take turns and the medians are compared. Seconds are those of the processor, and
numba's include what the engine does beside the kernel: it keeps the best parameters and computes
spectral norms. The last column is the largest relative difference between any of their numbers:
losses, accuracies and iterations of all epochs, and the final parameters. It is 0 where the two
compute the same bits, as they are to. Needs g++.
"""

import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common
import numpy as np

#: Products and sums are not to be contracted.
FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffp-contract=off")
#: The columns of the C++ function's log.
COLUMNS = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "iterations_mean")


def compiled(folder):
    """The C++ function."""
    library = Path(folder, "kernel.so")
    source = common.ROOT / "benchmarks/kernel.cpp"
    subprocess.run(["g++", *FLAGS, "-shared", "-fPIC", source, "-o", library], check=True)
    function = ctypes.CDLL(str(library)).train_epochs
    function.restype = ctypes.c_long
    return function


def address(array):
    """Pointer to an array's data."""
    return ctypes.c_void_p(array.ctypes.data)


def contenders(function, batch_size, epochs):
    """Functions that train once and return seconds, and dictionary of the numbers they found."""
    from jfb.engines.fused import engine as fused
    from jfb.streams.interface import open_stream

    run, (training, validation) = common.seed_run(batch_size, epochs)
    stream = common.Drawn(open_stream(run), epochs)
    found = {}

    def in_numba():
        seconds, outcome = common.train_fused(run, stream, (training, validation))
        columns = [outcome.log[name] for name in COLUMNS]
        found["numba"] = np.concatenate([*columns, outcome.final])
        return seconds

    def in_cpp():
        stream.start_again()
        whole, settings = fused._batch(validation), fused._kernel_settings(run)
        parameters = stream.initial_parameters()
        state, powers = np.zeros((3, len(parameters)), np.float32), np.ones(2)
        state[0] = parameters
        log = np.empty((epochs, len(COLUMNS)))
        orders = stream.orders(epochs)
        number = ctypes.c_double
        start = time.process_time()
        done = function(
            *(address(array) for array in (training.inputs, training.target)),
            ctypes.c_long(len(training)),
            address(orders),
            ctypes.c_long(epochs),
            *(address(array) for array in whole),
            ctypes.c_long(len(validation)),
            ctypes.c_long(batch_size),
            ctypes.c_float(settings.tolerance),
            ctypes.c_long(settings.max_iterations),
            ctypes.c_float(settings.accuracy_threshold),
            number(run.optimiser.learning_rate),
            number(run.optimiser.beta1),
            number(run.optimiser.beta2),
            number(run.optimiser.epsilon),
            *(address(array) for array in (state, powers, log)),
        )
        seconds = time.process_time() - start
        found["cpp"] = np.concatenate([*log[:done].T, state[0]])
        return seconds

    return {"numba": in_numba, "cpp": in_cpp}, found


def main():
    """Compare, a line per batch size."""
    options = common.parse(common.parser(repeats=7))
    load, rows = common.load(), []
    with tempfile.TemporaryDirectory() as folder:
        try:
            function = compiled(folder)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"no C++ to compare with: {error}")
        print("batch size  numba (s)  C++ (s)  numba/C++  difference", flush=True)
        for size in options.batch_sizes:
            pair, found = contenders(function, size, options.epochs)
            # The first runs load code and touch what was drawn.
            for train in pair.values():
                train()
            seconds = common.medians(pair, options.repeats)
            difference = common.difference(found["numba"], found["cpp"])
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
