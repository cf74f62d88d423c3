"""Where each layer lies in the flat vector of a network's parameters."""

import math
from collections.abc import Iterator

from jfb.config import settings


def shapes(network: settings.Network) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter, by its name in a PyTorch state dict, in order of creation."""
    n, m = network.latent_dim, network.input_dim
    affine = {
        "latent.weight": (n, n),
        "latent.bias": (n,),
        "injection.weight": (n, m),
        "injection.bias": (n,),
        "output.weight": (1, n),
        "output.bias": (1,),
    }
    return affine | _MORE[network.cell.name](network)


def _hidden(network: settings.Network) -> dict[str, tuple[int, ...]]:
    """Those of the other latent layers of an MLP."""
    n = network.latent_dim
    layers = range(network.cell.depth - 1)
    return {
        f"hidden.{k}.{part}": shape
        for k in layers
        for part, shape in (("weight", (n, n)), ("bias", (n,)))
    }


_MORE = {"report": lambda network: {}, "mlp": _hidden}


def size(network: settings.Network) -> int:
    """Number of parameters p."""
    return sum(math.prod(shape) for shape in shapes(network).values())


def fan_in(network: settings.Network) -> Iterator[tuple[str, int]]:
    """Name of each parameter and the number of inputs of its layer, in order of creation."""
    by_name = shapes(network)
    for name in by_name:
        yield name, by_name[name.rpartition(".")[0] + ".weight"][1]


def views(flat, network: settings.Network) -> dict:
    """Split a flat vector into named views that share its memory.

    Args:
        flat: (p,) NumPy array or PyTorch tensor.

    Returns:
        Each parameter by name, in its shape.
    """
    start, parts = 0, {}
    for name, shape in shapes(network).items():
        parts[name] = flat[start : start + math.prod(shape)].reshape(shape)
        start += math.prod(shape)
    return parts
