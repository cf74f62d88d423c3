"""The fused engine against the same training in JAX (jit, scan, while_loop), seconds per run.

    python3 -m venv JAX && JAX/bin/pip install jax
    .venv/bin/python benchmarks/jax_training.py --jax-python JAX/bin/python
        [--batch-sizes 2400 32] [--epochs 3000] [--repeats 5] [--record]

JAX is no dependency of the project; it may also be installed beside the others, and is then found
without --jax-python. jax_program.py is what it runs, in a process of its own that waits for its
turn. Both train in float32 from the same parameters with the same orders of samples, on one core
and one thread; seconds are those of the processor. Drawing of orders and compilation are not
counted. The difference is the largest relative one between their training losses over the first
20 epochs: the two add in different orders, so that it is that of rounding.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import common
import numpy as np

#: Above this, it is not the same training.
LARGEST_DIFFERENCE = 1e-4
FLAGS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def write(folder, run, stream, training, validation):
    """Write what the JAX process reads."""
    stream.start_again()
    np.savez(
        folder / "data.npz",
        inputs=training.inputs,
        target=training.target,
        val_inputs=validation.inputs,
        val_target=validation.target,
        orders=stream.orders(run.epochs).astype(np.int32),
        parameters=stream.initial_parameters(),
    )
    settings = {
        "batch_size": run.batch_size,
        "tolerance": run.solver.tolerance,
        "max_iterations": run.solver.max_iterations,
        "accuracy_threshold": run.accuracy_threshold,
        "learning_rate": run.optimiser.learning_rate,
        "beta1": run.optimiser.beta1,
        "beta2": run.optimiser.beta2,
        "epsilon": run.optimiser.epsilon,
    }
    (folder / "settings.json").write_text(json.dumps(settings))


@contextlib.contextmanager
def in_jax(python, folder):
    """A function that trains once and returns seconds, and what the process says of itself."""
    process = subprocess.Popen(
        [python, common.ROOT / "benchmarks/jax_program.py", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"XLA_FLAGS": FLAGS, "JAX_PLATFORMS": "cpu"},
    )

    def train():
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    with process:
        first = process.stdout.readline()
        if not first:
            sys.exit("the JAX process ended early: see above")
        yield train, json.loads(first)


def compare(python, batch_size, epochs, repeats):
    """A row of the table."""
    from jfb.streams.interface import open_stream

    run, data = common.seed_run(batch_size, epochs)
    stream = common.Drawn(open_stream(run), epochs)
    log = {}

    def fused():
        seconds, outcome = common.train_fused(run, stream, data)
        log["fused"] = outcome.log["train_loss"]
        return seconds

    fused()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, run, stream, *data)
        with in_jax(python, folder) as (train, about):
            seconds = common.medians({"jax": train, "fused": fused}, repeats)
            log["jax"] = np.load(folder / "found.npz")["log"][0]
    first = slice(0, 20)
    difference = common.difference(log["jax"][first], log["fused"][first])
    row = {"batch_size": batch_size, "difference": difference, **about}
    return row | {f"{name}_seconds": each for name, each in seconds.items()}


def main():
    """Compare, a line per batch size."""
    parser = common.parser(repeats=5)
    parser.add_argument("--jax-python", default=sys.executable, help="an interpreter with jax")
    options = common.parse(parser)
    if subprocess.run([options.jax_python, "-c", "import jax"], capture_output=True).returncode:
        sys.exit(f"{options.jax_python} has no jax: pip install jax, or name another interpreter")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    load, rows = common.load(), []
    print("one core, one thread; JAX with the fastest of the ways to write it")
    print("batch size  JAX (s)  fused (s)  JAX/fused  difference  forward   gradient  jax")
    for size in options.batch_sizes:
        row = compare(options.jax_python, size, options.epochs, options.repeats)
        print(
            f"{size:10}  {row['jax_seconds']:7.3f}  {row['fused_seconds']:9.3f}  "
            f"{row['jax_seconds'] / row['fused_seconds']:9.2f}  {row['difference']:10.1e}  "
            f"{row['forward']:8}  {row['gradient']:8}  {row['jax']}",
            flush=True,
        )
        if not row["difference"] < LARGEST_DIFFERENCE:
            sys.exit("the losses differ by more than rounding")
        rows.append(row)
    if options.record:
        common.record("jax", load, rows, epochs=options.epochs, repeats=options.repeats)


if __name__ == "__main__":
    main()
