"""Seconds per run of the fused engine against seeds in a block, samples, and latent dimension.

    .venv/bin/python benchmarks/scaling.py [--batch-size 600] [--epochs 500] [--repeats 5]

Each line also gives the ratio to the line of the report's size. The lines of a table take turns and
medians are shown. Iterations to the fixed point depend on the latent dimension, so those are shown
too, and seconds per billion of sample-iterations.
"""

import argparse
import dataclasses
import functools
import time

import common

SEEDS = (1, 2, 5, 10)
SAMPLES = (750, 3000, 12000, 48000)
LATENT = (1, 2, 3, 4, 8, 16, 32, 64)


def block(run, data, seeds):
    """Seconds per run of a block of seeds on one thread."""
    from jfb.config import settings
    from jfb.engines import blocks

    some = settings.Block((run,), tuple(range(seeds)))
    start = time.perf_counter()
    blocks.train(some, *data, lambda done: None)
    return (time.perf_counter() - start) / seeds


def single(run, data, log):
    """Seconds of one run, whose log is left in `log`."""
    from jfb.engines.fused import engine as fused
    from jfb.streams.interface import open_stream

    start = time.perf_counter()
    log |= fused.train(run, open_stream(run), *data, lambda row: None).log
    return time.perf_counter() - start


def table(heading, contenders, repeats, base, notes=None):
    """Time contenders by size and print a line for each."""
    for contender in contenders.values():
        contender()
    seconds = common.medians(contenders, repeats)
    print(f"\n{heading:>17}  seconds per run  ratio", flush=True)
    for size, each in seconds.items():
        note = notes(size, each) if notes else ""
        print(f"{size:17}  {each:15.4f}  {each / seconds[base]:5.2f}  {note}", flush=True)


def main():
    """Print the three tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    run, data = common.seed_run(options.batch_size, options.epochs)

    contenders = {seeds: functools.partial(block, run, data, seeds) for seeds in SEEDS}
    table("seeds in a block", contenders, options.repeats, 1)

    import conftest

    contenders = {}
    for samples in SAMPLES:
        larger = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, points=samples))
        points = conftest.make_data(larger.dataset)
        contenders[samples] = functools.partial(single, larger, points, {})
    table("samples", contenders, options.repeats, 3000)

    contenders, logs = {}, {dimension: {} for dimension in LATENT}
    for dimension in LATENT:
        network = dataclasses.replace(run.network, latent_dim=dimension)
        other = dataclasses.replace(run, network=network)
        contenders[dimension] = functools.partial(single, other, data, logs[dimension])

    def iterations(dimension, seconds):
        mean = logs[dimension]["iterations_mean"].mean()
        billions = mean * run.dataset.points * options.epochs / 1e9
        return f"{mean:5.1f} iterations, {seconds / billions:.2f} s per 10^9 sample-iterations"

    table("latent dimension", contenders, options.repeats, 3, iterations)


if __name__ == "__main__":
    main()
