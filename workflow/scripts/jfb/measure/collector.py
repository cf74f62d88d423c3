"""Python's garbage collector while something is timed: as it is, switched off, or frozen.

CPython 3.11 looks for cycles among young objects whenever 700 more have been made than freed. What
outlives two such passes is old; a full collection walks all old objects once those that became old
since the last one are more than a quarter of them (Python's developer guide, garbage collector).
Importing PyTorch leaves a few hundred thousand old objects.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from jfb.records.timing import Collector

_OLDEST = 2


@contextmanager
def set_to(collector: Collector) -> Iterator[None]:
    """Set the collector for a block, which starts just after a full collection."""
    gc.collect()
    if collector is Collector.DISABLED:
        gc.disable()
    elif collector is Collector.FROZEN:
        gc.freeze()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


class FullCollections:
    """Counts full collections and their seconds, from the start of its block to the end."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self._start = 0.0

    def __enter__(self) -> "FullCollections":
        gc.callbacks.append(self._called)
        return self

    def __exit__(self, *exception: object) -> None:
        gc.callbacks.remove(self._called)

    def _called(self, phase: str, info: dict[str, int]) -> None:
        if info["generation"] != _OLDEST:
            return
        if phase == "start":
            self._start = time.perf_counter()
        else:
            self.count += 1
            self.seconds += time.perf_counter() - self._start
