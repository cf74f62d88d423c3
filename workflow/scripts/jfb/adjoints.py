"""What a change of the fixed point costs: ways to w with (I - J^T) w = v, or near it.

With v = dL/da for a = T(u*; d) and J = dT/du, the implicit function theorem gives the gradient of
the loss with respect to the parameters as w^T dT/dtheta, the partial derivative at u = u* (Bai,
Kolter and Koltun 2019, theorem 1). An adjoint is a class with the signature of `Identity`.
"""

import torch
from torch import Tensor

from jfb import settings
from jfb.solvers import Anderson

#: Largest latent dimension at which the implicit gradient is solved directly.
DIRECT = 32
#: Relative residual of the implicit gradient's iteration, unless the gradient names another.
TOLERANCE = 1e-6
# Five are faster where J contracts, but too few where it expands.
_MEMORY = 10
_MOST_ITERATIONS = 1000


class Identity:
    """w = v: the inverse of I - J^T replaced by the identity (Wu Fung et al. 2021)."""

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch.

        Args:
            v: (size, n) dL/da, a point per row; may be changed.
            slope: (size, n) derivative of the activation, so that J = diag(slope) W.
            latent_weight: (n, n) W.

        Returns:
            (size, n) w.
        """
        return v


class Neumann:
    """w = sum of (J^T)^i v for i = 0, ..., k: the Neumann series of the inverse, cut at order k."""

    def __init__(self, order: int) -> None:
        self._order = order

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch, see `Identity`."""
        w = v
        for _ in range(self._order):
            w = v + (w * slope) @ latent_weight
        return w


class Direct:
    """w from the (n, n) system of each point, solved in float64 by elimination."""

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch, see `Identity`; not finite where I - J is singular."""
        system = latent_weight.double().T * -slope.double()[:, None, :]
        system.diagonal(dim1=-2, dim2=-1).add_(1)
        w, _ = torch.linalg.solve_ex(system, v.double()[..., None])
        return w[..., 0].to(v.dtype)


class Iterative:
    """w as the fixed point of w -> v + J^T w, by Anderson's iteration on products with J^T only.

    In float64: where J expands, rounding to float32 would keep the residual above the tolerance.

    Args:
        tolerance: on the infinity norm of the residual over the batch, relative to that of v.
    """

    def __init__(self, tolerance: float) -> None:
        self._options = settings.Solver("anderson", tolerance, _MOST_ITERATIONS, _MEMORY)

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch, see `Identity`; NaN where the iteration did not converge."""
        scale = v.abs().max().double().clamp_min(torch.finfo(torch.float64).tiny)
        start, slope, weight = v.double().T / scale, slope.T, latent_weight.double().T

        def transform(w: Tensor, out: Tensor) -> Tensor:
            return torch.mm(weight, w * slope, out=out).add_(start)

        solve = Anderson(self._options, *v.shape, torch.float64)(transform)
        if not solve.converged:
            return torch.full_like(v, torch.nan)
        return (solve.point.T * scale).to(v.dtype)


def open_adjoint(gradient: settings.Gradient, latent_dim: int):
    """The adjoint of a gradient that needs no more than one application of T."""
    if gradient.name == "jfb":
        return Identity()
    if gradient.name == "neumann":
        return Neumann(gradient.order)
    if latent_dim <= DIRECT:
        return Direct()
    return Iterative(gradient.tolerance or TOLERANCE)
