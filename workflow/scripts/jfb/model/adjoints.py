"""What a change of the fixed point costs: ways to w with (I - J^T) w = v, or near it.

With v = dL/da for a = T(u*; d) and J = dT/du, the implicit function theorem gives the gradient of
the loss with respect to the parameters as w^T dT/dtheta, the partial derivative at u = u* (Bai,
Kolter and Koltun 2019, theorem 1). An adjoint is a class with the signature of `Identity`.

`Direct`, `Patterns`, `Picard` and `Anderson` solve the same system, and differ in what they cost.
"""

import math

import torch
from torch import Tensor

from jfb.config import choices
from jfb.config.gradient_choices import DIRECT
from jfb.model import solvers

#: Relative residual of an adjoint that is iterated, unless the gradient names another.
TOLERANCE = 1e-6
# Five are faster where J contracts, but too few where it expands.
MEMORY = 10
MOST_ITERATIONS = 1000


class Adjoint:
    """What they have in common."""

    #: Products with J^T that the last call took, for each point, and whether it found w.
    applications = 0
    converged = True


class Identity(Adjoint):
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


class Neumann(Adjoint):
    """w = sum of (J^T)^i v for i = 0, ..., k: the Neumann series of the inverse, cut at order k."""

    def __init__(self, order: int) -> None:
        self.applications = order

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch, see `Identity`."""
        w = v
        for _ in range(self.applications):
            w = v + (w * slope) @ latent_weight
        return w


class Direct(Adjoint):
    """w from the (n, n) system of each point, solved in float64 by elimination."""

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch, see `Identity`; not finite where I - J is singular."""
        # Those that would form the system.
        self.applications = len(latent_weight)
        system = latent_weight.double().T * -slope.double()[:, None, :]
        system.diagonal(dim1=-2, dim2=-1).add_(1)
        w, _ = torch.linalg.solve_ex(system, v.double()[..., None])
        return w[..., 0].to(v.dtype)


class Patterns(Adjoint):
    """w from one system per activation pattern, solved in float64 by elimination: for relu.

    With D = diag(slope), points of one pattern have the same I - J^T = I - W^T D. Only the active
    units A are unknowns: (I - W_AA^T) w_A = v_A, and then w = v + (W^T)_A w_A, with the columns A
    of W^T.
    """

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch, see `Identity`; not finite where I - J is singular.

        Raises:
            ValueError: the slope is not that of relu, 0 or 1, as a tensor of bool.
        """
        if slope.dtype is not torch.bool:
            raise ValueError("patterns: must be of relu, whose slope is 0 or 1")
        # As by elimination for each point.
        self.applications = len(latent_weight)
        groups = _groups(slope)
        order = torch.cat(groups)
        # Points in columns, those of a pattern side by side: a group is then a view.
        w, weight = v.T[:, order], latent_weight.double()
        for points, columns in zip(groups, w.split([len(g) for g in groups], dim=1), strict=True):
            active = slope[points[0]].nonzero()[:, 0]
            rows = weight[active]
            system = (-rows[:, active]).T
            system.diagonal().add_(1)
            solved, _ = torch.linalg.solve_ex(system, columns[active].double())
            columns.add_(rows.T @ solved)
        v.T[:, order] = w
        return v


def _groups(slope: Tensor) -> tuple[Tensor, ...]:
    """The indices of the points of each activation pattern, of (size, n) bool."""
    patterns = torch.zeros(len(slope), dtype=torch.int64)
    # Exact: sums of powers of two below 2^31, beside the number of the pattern so far.
    for units in slope.split(31, dim=1):
        powers = 2.0 ** torch.arange(units.shape[1], dtype=torch.float64)
        bits = (units.double() @ powers).long()
        _, patterns, counts = torch.unique(
            patterns * 2**31 + bits, return_inverse=True, return_counts=True
        )
    return patterns.argsort().split(counts.tolist())


class Picard(Adjoint):
    """w by plain iteration, w <- v + J^T w from w = v, in the type of v.

    The k-th iterate is the Neumann series cut at order k, whose residual is its next term: the
    terms are added up until one is small. It converges where the products of J^T go to 0.

    Args:
        tolerance: on the infinity norm of the residual over the batch, relative to that of v.
    """

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch, see `Identity`; NaN where the iteration did not converge."""
        # Points in columns, as in `jfb.model.network.Transformation`.
        w, weight = v.T.contiguous(), latent_weight.T
        # Once: a product with booleans would convert them each time.
        slope = slope.T.to(v.dtype)
        term, product = w.clone(), torch.empty_like(w)
        allowed = self._tolerance * largest(term)
        for self.applications in range(1, MOST_ITERATIONS + 1):
            torch.mul(term, slope, out=product)
            torch.mm(weight, product, out=term)
            residual = largest(term)
            self.converged = residual <= allowed
            if self.converged:
                return w.T
            if not math.isfinite(residual):
                break
            w.add_(term)
        return torch.full_like(v, torch.nan)


def largest(x: Tensor) -> float:
    """The largest absolute value; nothing of the size of x is allocated for it."""
    low, high = torch.aminmax(x)
    return max(-low.item(), high.item())


class Anderson(Adjoint):
    """w as the fixed point of w -> v + J^T w, by Anderson's iteration on products with J^T only.

    In float64: where J expands, rounding to float32 would keep the residual above the tolerance.

    Args:
        tolerance: on the infinity norm of the residual over the batch, relative to that of v.
    """

    def __init__(self, tolerance: float) -> None:
        self._options = choices.Anderson(
            tolerance=tolerance, max_iterations=MOST_ITERATIONS, memory=MEMORY
        )

    def __call__(self, v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        """The adjoint for a batch, see `Identity`; NaN where the iteration did not converge."""
        scale = v.abs().max().double().clamp_min(torch.finfo(torch.float64).tiny)
        start, slope, weight = v.double().T / scale, slope.T, latent_weight.double().T

        def transform(w: Tensor, out: Tensor) -> Tensor:
            return torch.mm(weight, w * slope, out=out).add_(start)

        solve = solvers.Anderson(self._options, *v.shape, torch.float64)(transform)
        self.applications, self.converged = solve.iterations, solve.converged
        if not solve.converged:
            return torch.full_like(v, torch.nan)
        return (solve.point.T * scale).to(v.dtype)


def adjoint_of(gradient: choices.Gradient, latent_dim: int) -> str | None:
    """How an implicit gradient is solved: the one that it names, or that of the dimension."""
    if gradient.name != "implicit":
        return None
    return gradient.adjoint or ("direct" if latent_dim <= DIRECT else "anderson")


def open_adjoint(gradient: choices.Gradient, latent_dim: int):
    """The adjoint of a gradient that needs no more than one application of T."""
    if gradient.name == "jfb":
        return Identity()
    if gradient.name == "neumann":
        return Neumann(gradient.order)
    match adjoint_of(gradient, latent_dim):
        case "direct":
            return Direct()
        case "patterns":
            return Patterns()
        case "picard":
            return Picard(gradient.tolerance or TOLERANCE)
        case "anderson":
            return Anderson(gradient.tolerance or TOLERANCE)
        case other:
            raise ValueError(f"adjoint {other}: must be one of those of the engine reference")
