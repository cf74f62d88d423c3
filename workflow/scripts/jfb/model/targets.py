"""The points of the room, and the heat-like target that the network learns."""

import torch
from torch import Tensor

from jfb.config import settings
from jfb.records.dataset import Part


def diagonal(points: int, length: float, width: float, height: float) -> Tensor:
    """Points on the room's diagonal, from the origin to the opposite corner.

    Args:
        points: number of points n.
        length, width, height: the room's dimensions in metres.

    Returns:
        (3, n) float32 coordinates x, y and z, in metres. They are collinear, as in the
        report's program.
    """
    return torch.stack([torch.linspace(0, side, points) for side in (length, width, height)])


def code(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Target of the report's program: tanh(x / (1 + e^-y)) + y / (1 + x^2 + z^2).

    Args:
        x, y, z: (n,) coordinates in metres.

    Returns:
        (n,), dimensionless.
    """
    return torch.tanh(x / (1 + torch.exp(-y))) + y / (1 + x**2 + z**2)


def printed(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Target as the report prints it: tanh(x / (1 + e^-y) + y / (1 + x^2 + z^2)).

    Args:
        x, y, z: (n,) coordinates in metres.

    Returns:
        (n,), dimensionless.
    """
    return torch.tanh(x / (1 + torch.exp(-y)) + y / (1 + x**2 + z**2))


GEOMETRIES = {"diagonal": diagonal}
FORMULAS = {"code": code, "printed": printed}


def make(options: settings.Dataset, noise: Tensor, order: Tensor) -> tuple[Part, Part]:
    """The training part and the validation part of a dataset.

    Args:
        options: geometry, formula, noise and split.
        noise: (3, n) standard normal noise for x, y and z; it shifts the points before the
            target is computed.
        order: (n,) permutation of the points; its first `training_size` are for training.
    """
    lengths = options.length, options.width, options.height
    position = GEOMETRIES[options.geometry](options.points, *lengths)
    position = position + options.noise_std * noise
    target = FORMULAS[options.formula](*position)[order].numpy()
    inputs = position.T[order].contiguous().numpy()
    size = options.training_size
    return Part(inputs[:size], target[:size]), Part(inputs[size:], target[size:])
