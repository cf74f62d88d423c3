"""Objects that each epoch leaves to Python's full garbage collections, by batch size.

    .venv/bin/python benchmarks/collector.py [--batch-sizes 2400 32] [--epochs 40] [--record]

Trains as the report's program does, with DataLoader, and counts the objects that outlive the
collector's young passes. A full collection comes once they are a quarter of the old objects
(CPython 3.11), so that the last column is old objects / 4 / objects that become old per epoch.
Counts do not depend on how busy the machine is.
"""

import argparse
import dataclasses
import gc

import common

_MIDDLE, _OLDEST = 1, 2


class Aging:
    """Counts the objects that middle passes move to the oldest generation, inside its block."""

    def __init__(self):
        self.count = 0
        self._before = 0

    def __enter__(self):
        # What was there before is left out of the generations, so that they are short to count.
        gc.freeze()
        gc.callbacks.append(self._called)
        return self

    def __exit__(self, *exception):
        gc.callbacks.remove(self._called)
        gc.unfreeze()

    def _called(self, phase, info):
        if info["generation"] != _MIDDLE:
            return
        old = len(gc.get_objects(generation=_OLDEST))
        if phase == "start":
            self._before = old
        else:
            self.count += old - self._before


def aging(batch_size, epochs):
    """Objects that become old in an epoch, and the old objects that a full collection walks."""
    from jfb.engines.interface import open_engine
    from jfb.streams.interface import open_stream

    run, (training, validation) = common.seed_run(batch_size, epochs)
    run = dataclasses.replace(run, engine="dataloader")

    def train(run):
        open_engine(run)(run, open_stream(run), training, validation, lambda row: None)

    # The first steps import parts of PyTorch.
    train(dataclasses.replace(run, epochs=2))
    gc.collect()
    old = len(gc.get_objects())
    with Aging() as aged:
        train(run)
    return aged.count / epochs, old


def main():
    """Count, a line per batch size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=common.BATCH_SIZES)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--record", action="store_true", help="write benchmarks/records")
    options = parser.parse_args()
    load, rows = common.load(), []
    print("batch size  become old per epoch  old objects  epochs to a full collection", flush=True)
    for size in options.batch_sizes:
        aged, old = common.alone(aging, size, options.epochs)
        expected = old / 4 / aged if aged else None
        shown = f"{expected:.1f}" if aged else "none"
        print(f"{size:10}  {aged:20.1f}  {old:11}  {shown:>27}", flush=True)
        rows.append(
            {"batch_size": size, "become_old": aged, "old": old, "epochs_to_full": expected}
        )
    if options.record:
        common.record("collector", load, rows, epochs=options.epochs)


if __name__ == "__main__":
    main()
