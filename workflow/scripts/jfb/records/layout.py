"""Where each layer lies in the flat vector of a network's parameters."""

import math
from collections.abc import Iterator, Mapping

from jfb.config import settings

#: Of parameters by name, in their order.
Shapes = Mapping[str, tuple[int, ...]]


def shapes(network: settings.Network) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter, by its name in a PyTorch state dict, in order of creation.

    Those of a network `own` are known to its module alone (`jfb.engines.interface.Outcome`).
    """
    return _SHAPES[network.cell.name](network)


def _affine(network: settings.Network) -> dict[str, tuple[int, ...]]:
    """Those of the report's network."""
    n, m, outputs = network.latent_dim, network.input_dim, network.outputs
    return {
        "latent.weight": (n, n),
        "latent.bias": (n,),
        "injection.weight": (n, m),
        "injection.bias": (n,),
        "output.weight": (outputs, n),
        "output.bias": (outputs,),
    }


def _mlp(network: settings.Network) -> dict[str, tuple[int, ...]]:
    """The same, and the latent layers before the last."""
    n, found = network.latent_dim, _affine(network)
    for k in range(network.cell.depth - 1):
        found |= {f"hidden.{k}.weight": (n, n), f"hidden.{k}.bias": (n,)}
    return found


def _fpn(network: settings.Network) -> dict[str, tuple[int, ...]]:
    """Convolutions of the blocks, the injection and the readout, and its affine layer."""
    channels, height, width = network.cell.latent_shape(network.image)
    half = network.cell.half
    of_blocks = [
        (f"blocks.{block}.{k}", channels, channels)
        for block in range(network.cell.blocks)
        for k in range(2)
    ]
    convolutions = [
        *of_blocks,
        ("injection.0", network.image[0], half),
        ("injection.1", half, channels),
        ("convolution", channels, half),
    ]
    found: dict[str, tuple[int, ...]] = {}
    for name, before, after in convolutions:
        found |= {f"{name}.weight": (after, before, 3, 3), f"{name}.bias": (after,)}
    found["output.weight"] = network.outputs, half * height * width
    found["output.bias"] = (network.outputs,)
    return found


_SHAPES = {"report": _affine, "mlp": _mlp, "fpn": _fpn}


def size(network: settings.Network) -> int:
    """Number of parameters p."""
    return sum(math.prod(shape) for shape in shapes(network).values())


def fan_in(network: settings.Network) -> Iterator[tuple[str, int]]:
    """Name of each parameter and the number of inputs of its layer, in order of creation."""
    by_name = shapes(network)
    for name in by_name:
        yield name, math.prod(by_name[name.rpartition(".")[0] + ".weight"][1:])


def views(flat, network: settings.Network) -> dict:
    """Split a flat vector into named views, see `split`."""
    return split(flat, shapes(network))


def split(flat, shapes: Shapes) -> dict:
    """Split a flat vector into named views that share its memory.

    Args:
        flat: (p,) NumPy array or PyTorch tensor.
        shapes: of the parameters by name, in their order.

    Returns:
        Each parameter by name, in its shape.
    """
    start, parts = 0, {}
    for name, shape in shapes.items():
        parts[name] = flat[start : start + math.prod(shape)].reshape(shape)
        start += math.prod(shape)
    return parts
