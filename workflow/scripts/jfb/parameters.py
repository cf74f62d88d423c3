"""Parameters of a network on disk: safetensors, with the names of a PyTorch state dict."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from jfb import files, layout, settings


def write(path: str | Path, flat: np.ndarray, network: settings.Network, epoch: int) -> None:
    """Write a flat vector (p,) as named tensors to `path`, and its `epoch` to the metadata."""
    tensors = {name: np.array(part) for name, part in layout.views(flat, network).items()}
    with files.whole(path) as temporary:
        save_file(tensors, temporary, metadata={"epoch": str(epoch)})


def read(path: str | Path, network: settings.Network) -> np.ndarray:
    """The flat vector (p,) float32 that `write` wrote."""
    flat = np.empty(layout.size(network), dtype=np.float32)
    parts = layout.views(flat, network)
    for name, tensor in load_file(path).items():
        parts[name][...] = tensor
    return flat
