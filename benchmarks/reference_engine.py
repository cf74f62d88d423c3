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

import common


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
    from jfb.engines import reference
    from jfb.model import optimisers
    from jfb.streams.interface import open_stream

    if native_root:
        optimisers.square_root = lambda x, out: torch.sqrt(x, out=out)
    run = conftest.load_project().studies["replay"].runs[batch_size, 42]
    data = conftest.make_data(run.dataset)
    shorter = dataclasses.replace(run, epochs=epochs)
    outcome = reference.train(shorter, open_stream(run), *data, lambda row: None)
    log = pd.DataFrame(outcome.log)
    return log[list(plain.COLUMNS)].to_numpy(), log["train_seconds"].sum()


def main():
    """Compare, a line per batch size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[2400, 32])
    parser.add_argument("--epochs", type=int, default=3000)
    options = parser.parse_args()
    print("batch size  plain (s)  engine (s)  ratio  bit-identical", flush=True)
    for size in options.batch_sizes:
        _, before = common.alone(engine, size, options.epochs)
        expected, plain_seconds = common.alone(plain_loop, size, options.epochs)
        _, after = common.alone(engine, size, options.epochs)
        seconds = (before + after) / 2
        found, _ = common.alone(engine, size, options.epochs, True)
        same = "yes" if (found == expected).all() else "NO"
        ratio = plain_seconds / seconds
        print(
            f"{size:10}  {plain_seconds:9.1f}  {seconds:10.2f}  {ratio:4.1f}x  {same}", flush=True
        )


if __name__ == "__main__":
    main()
