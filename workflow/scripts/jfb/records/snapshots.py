"""Snapshots: the epochs of a run at which its parameters are kept, and their file."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import save

from jfb.config import settings
from jfb.records import layout, parameters
from jfb.storage import files


class Snapshots(NamedTuple):
    """Parameters along a run: `epochs` (k,) int64, 0 before training, and (k, p) float32."""

    epochs: np.ndarray
    parameters: np.ndarray


def epochs_of(run: settings.Run) -> np.ndarray:
    """The epochs to keep: 0, and `run.snapshots` from 1 to the last, evenly spaced in log epoch.

    Where rounding would make two of them one, the later one moves up: all are different.
    """
    count = min(run.snapshots, run.epochs)
    ideal = np.geomspace(1, run.epochs, count)
    steps = np.arange(count)
    # At least one epoch after the one before, and room for those that follow.
    kept = np.maximum.accumulate(np.round(ideal).astype(np.int64) - steps) + steps
    return np.concatenate([[0], np.minimum(kept, run.epochs - steps[::-1])])


def write(path: str | Path, snapshots: Snapshots, shapes: layout.Shapes) -> None:
    """Write snapshots as tensors (k, ...), by the names of a state dict, and `epoch` (k,)."""
    tensors = {"epoch": snapshots.epochs}
    for name, shape in shapes.items():
        tensors[name] = np.empty((len(snapshots.epochs), *shape), np.float32)
    for place, flat in enumerate(snapshots.parameters):
        for name, part in layout.split(flat, shapes).items():
            tensors[name][place] = part
    with files.whole(path) as temporary:
        temporary.write_bytes(save(tensors))


def read(path: str | Path, run: settings.Run, shapes: layout.Shapes | None = None) -> Snapshots:
    """Read the snapshots of a run.

    Args:
        path: where from.
        run: whose they must be.
        shapes: of its parameters; those of `jfb.records.layout` unless they are given.

    Raises:
        jfb.storage.files.Unreadable: the file holds no snapshots of such a run; the message names
        it.
    """
    shapes = shapes or layout.shapes(run.network)
    tensors = parameters.load(path)
    epochs = tensors.pop("epoch", np.empty(0, np.int64))
    kept = len(epochs)
    wanted = {name: (kept, *shape) for name, shape in shapes.items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != wanted or not kept:
        raise files.Unreadable(path, f"not snapshots of a network with layers {wanted}")
    if not np.array_equal(epochs, epochs_of(run)[:kept]):
        raise files.Unreadable(path, "snapshots of other epochs than this run keeps")
    flat = np.concatenate([tensors[name].reshape(kept, -1) for name in wanted], axis=1)
    return Snapshots(epochs, flat)
