"""The reference engine against the plain loop: the same runs on one core, seconds of training.

    .venv/bin/python benchmarks/reference_engine.py [--batch-sizes 2400 32] [--epochs 3000]

The plain loop is that of the tests: DataLoader, nn.Module, autograd and optim.Adam, untouched. Each
plain run stands between two runs of the engine, whose mean it is compared with, so that a machine
whose speed drifts slows both. The last column tells whether the logs are bit-identical over all
epochs; for that the engine runs once more, untimed, with PyTorch's square root in place of the
correctly rounded one, the only operation in which it differs from optim.Adam.
"""

import argparse
import dataclasses
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / part) for part in ("workflow/scripts", "tests")]


def plain_loop(batch_size, epochs):
    """Losses and accuracies per epoch, and seconds of training, of the plain loop."""
    import conftest  # noqa: F401  pins the arithmetic before PyTorch computes
    import plain

    return plain.train(batch_size, epochs)


def engine(batch_size, epochs, native_root=False):
    """The same of the reference engine."""
    import pandas as pd
    import torch

    import conftest
    import plain
    from jfb import optimisers
    from jfb.config import load
    from jfb.engines import reference

    if native_root:
        optimisers.square_root = lambda x, out: torch.sqrt(x, out=out)
    schema = conftest.read_yaml("workflow/schemas/config.schema.yaml")
    run = load(conftest.read_yaml("config.yaml"), schema).studies["replay"].runs[batch_size, 42]
    stream = reference.open_stream(run)
    reference.open_stream = lambda _: stream
    outcome = reference.train(
        dataclasses.replace(run, epochs=epochs), *conftest.make_data(run.dataset), lambda row: None
    )
    log = pd.DataFrame(outcome.log)
    return log[list(plain.COLUMNS)].to_numpy(), log["train_seconds"].sum()


def alone(function, *arguments):
    """Call a function in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def main():
    """Compare, a line per batch size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[2400, 32])
    parser.add_argument("--epochs", type=int, default=3000)
    options = parser.parse_args()
    print("batch size  plain (s)  engine (s)  ratio  bit-identical", flush=True)
    for size in options.batch_sizes:
        _, before = alone(engine, size, options.epochs)
        expected, plain_seconds = alone(plain_loop, size, options.epochs)
        _, after = alone(engine, size, options.epochs)
        seconds = (before + after) / 2
        found, _ = alone(engine, size, options.epochs, True)
        same = "yes" if (found == expected).all() else "NO"
        ratio = plain_seconds / seconds
        print(
            f"{size:10}  {plain_seconds:9.1f}  {seconds:10.2f}  {ratio:4.1f}x  {same}", flush=True
        )


if __name__ == "__main__":
    main()
