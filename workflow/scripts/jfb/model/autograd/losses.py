"""Losses of a batch of predictions, for autograd; each also tells what is kept of them."""

import torch
from torch import Tensor
from torch.nn import functional


def mean_squared_error(y: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The mean squared error, and y - target, (1, size).

    Args:
        y: (size, 1) predictions.
        target: (size,).
    """
    error = y[:, 0] - target
    return error.square().mean(), error.detach()[None]


def cross_entropy(y: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The mean cross-entropy; of each sample its own, and 1 where the class is right, (2, size).

    Args:
        y: (size, classes) scores.
        target: (size,) the numbers of the classes.
    """
    each = functional.cross_entropy(y, target.long(), reduction="none")
    # Of scores that are not finite none is the largest.
    right = (y.detach().argmax(dim=1) == target) & each.detach().isfinite()
    return each.mean(), torch.stack([each.detach(), right.to(y.dtype)])


LOSSES = {"mse": mean_squared_error, "cross_entropy": cross_entropy}
