"""How long a run is: the epochs of its phases, and those that make its updates."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def phases(entry: Mapping[str, Any], training_size: int) -> tuple[tuple[int, int], ...]:
    """Epochs and batch size of each part of the batch schedule."""
    return tuple(
        (
            phase.get("epochs") or _epochs_of(phase["updates"], phase["batch_size"], training_size),
            phase["batch_size"],
        )
        for phase in entry.get("batch_schedule", ())
    )


def _epochs_of(updates: int, batch_size: int, training_size: int) -> int:
    """The fewest epochs that make so many updates."""
    return math.ceil(updates / math.ceil(training_size / batch_size))


def epochs(
    entry: Mapping[str, Any], batch_size: int, training_size: int, phases: Sequence[tuple[int, int]]
) -> int:
    """The epochs of a run: those named, or the fewest that make the updates that are named."""
    if "updates" not in entry:
        return entry["epochs"]
    before = sum(epochs for epochs, _ in phases)
    made = sum(epochs * math.ceil(training_size / size) for epochs, size in phases)
    return before + _epochs_of(max(0, entry["updates"] - made), batch_size, training_size)
