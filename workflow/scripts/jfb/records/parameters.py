"""Parameters of a network on disk: safetensors, with the names of a PyTorch state dict."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from jfb.config import settings
from jfb.records import layout
from jfb.storage import files


def write(path: str | Path, flat: np.ndarray, shapes: layout.Shapes, epoch: int) -> None:
    """Write a flat vector (p,) as named tensors to `path`, and its `epoch` to the metadata."""
    tensors = {name: np.array(part) for name, part in layout.split(flat, shapes).items()}
    with files.whole(path) as temporary:
        temporary.write_bytes(save(tensors, metadata={"epoch": str(epoch)}))


def read(path: str | Path, network: settings.Network) -> np.ndarray:
    """The flat vector (p,) float32 that `write` wrote.

    Raises:
        jfb.storage.files.Unreadable: the file holds no such tensors; the message names it.
    """
    found = load(path)
    shapes = layout.shapes(network)
    if {name: tensor.shape for name, tensor in found.items()} != shapes:
        raise files.Unreadable(path, f"not parameters of a network with layers {shapes}")
    return np.concatenate([found[name].astype(np.float32).ravel() for name in shapes])


def load(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a safetensors file, by name.

    Raises:
        jfb.storage.files.Unreadable: it is none, or damaged; the message names it.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise files.Unreadable(path, f"not readable as safetensors ({error})") from error
