"""Nonlinearities of the latent map, each with its derivative in terms of a, from 0 to 1."""

import torch
from torch import Tensor


class Relu:
    """a = max(h, 0); its derivative is 1 where a > 0, and 0 elsewhere."""

    #: a of h as PyTorch differentiates it.
    function = staticmethod(torch.relu)
    #: Type of the derivative, None for that of a.
    slope_dtype = torch.bool

    @staticmethod
    def apply_(h: Tensor) -> Tensor:
        """Change h into a, any shape, by an operation that autograd can go through."""
        return h.relu_()

    @staticmethod
    def slope(a: Tensor, out: Tensor) -> Tensor:
        """Write da/dh to `out`, in terms of a, any shape."""
        return torch.gt(a, 0, out=out)


class Tanh:
    """a = tanh h; its derivative is 1 - a^2."""

    function = staticmethod(torch.tanh)
    slope_dtype = None

    @staticmethod
    def apply_(h: Tensor) -> Tensor:
        """Change h into a, see `Relu`."""
        return h.tanh_()

    @staticmethod
    def slope(a: Tensor, out: Tensor) -> Tensor:
        """Write da/dh to `out`, in terms of a, any shape."""
        return torch.mul(a, a, out=out).neg_().add_(1)


ACTIVATIONS = {"relu": Relu, "tanh": Tanh}
