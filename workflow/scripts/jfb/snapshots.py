"""Snapshots: the epochs of a run at which its parameters are kept, and their file."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from jfb import files, layout, settings


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


def write(path: str | Path, snapshots: Snapshots, network: settings.Network) -> None:
    """Write snapshots as tensors (k, ...), by the names of a state dict, and `epoch` (k,)."""
    tensors = {"epoch": snapshots.epochs}
    for name, shape in layout.shapes(network).items():
        tensors[name] = np.empty((len(snapshots.epochs), *shape), np.float32)
    for place, flat in enumerate(snapshots.parameters):
        for name, part in layout.views(flat, network).items():
            tensors[name][place] = part
    with files.whole(path) as temporary:
        save_file(tensors, temporary)


def read(path: str | Path, network: settings.Network) -> Snapshots:
    """Read snapshots.

    Raises:
        ValueError: the file holds no snapshots of such a network; the message names it.
    """
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: not readable as snapshots ({error})") from error
    shapes = layout.shapes(network)
    count = len(tensors.get("epoch", ()))
    if {name: tensor.shape for name, tensor in tensors.items()} != {"epoch": (count,)} | {
        name: (count, *shape) for name, shape in shapes.items()
    }:
        raise ValueError(f"{path}: not the snapshots of a network with layers {shapes}")
    flat = np.concatenate([tensors[name].reshape(count, -1) for name in shapes], axis=1)
    return Snapshots(tensors["epoch"], flat)
