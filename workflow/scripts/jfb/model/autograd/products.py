"""The adjoint of any cell, by products with J^T alone; J = dT/du at the fixed point.

As in `jfb.model.adjoints`, w solves (I - J^T) w = v, or stands in for the solution, and the
gradient of the loss is w^T dT/dtheta. Here J is not known, only w -> J^T w, which autograd gives.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from jfb.config import choices, gradient_choices
from jfb.model.adjoints import MEMORY, MOST_ITERATIONS, TOLERANCE, Adjoint, largest
from jfb.model.autograd import rows
from jfb.storage import own

#: A linear map of a batch, (size, *shape) to the same.
Product = Callable[[Tensor], Tensor]


class Jacobian(NamedTuple):
    """J by its products: `pull` is w -> J^T w, and `push` x -> J x."""

    pull: Product
    push: Product


class Identity(Adjoint):
    """w = v (Wu Fung et al. 2021)."""

    def __call__(self, jacobian: Jacobian, v: Tensor) -> Tensor:
        """The adjoint of v = dL/da for a batch, (size, *shape)."""
        return v


class Neumann(Adjoint):
    """w = v + J^T v + ... + (J^T)^k v.

    Args:
        order: k.
    """

    def __init__(self, order: int) -> None:
        self.applications = order

    def __call__(self, jacobian: Jacobian, v: Tensor) -> Tensor:
        """See `Identity`."""
        w = v
        for _ in range(self.applications):
            w = v + jacobian.pull(w)
        return w


class FixedPoint(Adjoint):
    """w as the fixed point of w -> v + J^T w, by a solver of `jfb.model.solvers`.

    NaN where it is not found, so that a run stops there and does not go on with a wrong one.

    Args:
        solver: its tolerance is on the infinity norm of the residual, relative to that of v.
        coupled: see `jfb.model.autograd.rows.solve`.
    """

    def __init__(self, solver: choices.Solver, coupled: bool) -> None:
        self._solver, self._coupled = solver, coupled

    def __call__(self, jacobian: Jacobian, v: Tensor) -> Tensor:
        """See `Identity`."""
        scale = largest(v)
        if not scale:
            self.applications, self.converged = 0, True
            return v
        right = v / scale
        w, solve = rows.solve(
            self._solver, lambda w: right + jacobian.pull(w), right, self._coupled
        )
        self.applications, self.converged = solve.iterations, solve.converged
        return scale * w if solve.converged else torch.full_like(v, torch.nan)


class GMRES(Adjoint):
    """w by GMRES (Saad and Schultz 1986), SciPy's, for the samples of a batch as one system.

    Args:
        tolerance: on the norm of the residual over the batch, relative to that of v.
    """

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance

    def __call__(self, jacobian: Jacobian, v: Tensor) -> Tensor:
        """See `Identity`; NaN where it is not found."""
        # Here, so that a job that does without need not import it.
        from scipy.sparse.linalg import LinearOperator, gmres

        self.applications = 0

        def system(x):
            self.applications += 1
            w = torch.from_numpy(x).to(v).view_as(v)
            return (w - jacobian.pull(w)).double().flatten().cpu().numpy()

        right = v.double().flatten().cpu().numpy()
        operator = LinearOperator((right.size, right.size), matvec=system, dtype=right.dtype)
        found, failed = gmres(
            operator,
            right,
            rtol=self._tolerance,
            restart=min(50, right.size),
            maxiter=MOST_ITERATIONS // 50,
        )
        self.converged = not failed
        w = torch.from_numpy(found).to(v).view_as(v)
        return torch.full_like(v, torch.nan) if failed else w


class CGNormal(Adjoint):
    """w by conjugate gradients on (I - J)(I - J^T) w = (I - J) v, as in Wu Fung et al.'s code.

    They start at the right side and take at least one step. Each sample has steps of its own,
    unless T couples them, and all have as many. Where a residual is still above the tolerance after
    the last step, w is what it is then.

    Args:
        tolerance: absolute, on the norm of the residual of the normal equations for each sample.
        most: steps.
        coupled: whether T couples the samples of a batch.
    """

    def __init__(self, tolerance: float, most: int, coupled: bool) -> None:
        self._tolerance, self._most, self._coupled = tolerance, most, coupled

    def __call__(self, jacobian: Jacobian, v: Tensor) -> Tensor:
        """See `Identity`; counted are products with J^T and with J, three to start, two a step."""
        over = tuple(range(v.dim())) if self._coupled else tuple(range(1, v.dim()))

        def inner(x: Tensor, y: Tensor) -> Tensor:
            return (x * y).sum(dim=over, keepdim=True)

        def normal(x: Tensor) -> Tensor:
            pulled = x - jacobian.pull(x)
            return pulled - jacobian.push(pulled)

        w = v - jacobian.push(v)
        residual = w - normal(w)
        direction, square = residual, inner(residual, residual)
        self.applications, self.converged = 3, False
        for _ in range(self._most):
            self.applications += 2
            image = normal(direction)
            length = _over(square, inner(direction, image))
            w, residual = w + length * direction, residual - length * image
            self.converged = bool((residual.flatten(1).norm(dim=1) <= self._tolerance).all())
            if self.converged:
                break
            square, before = inner(residual, residual), square
            direction = residual + _over(square, before) * direction
        return w


def _over(one: Tensor, other: Tensor) -> Tensor:
    """The quotient; 0 where the divisor is, of a sample that is solved to the last bit."""
    return torch.where(other > 0, one / other, 0)


class Own(Adjoint):
    """w by a user's function of v and of the product w -> J^T w.

    Args:
        options: file and function.
    """

    def __init__(self, options: gradient_choices.OwnGradient) -> None:
        self._file = options.file
        self._function = own.load(options.file, options.function)
        own.require_takes(options.file, self._function, "v", "pull")

    def __call__(self, jacobian: Jacobian, v: Tensor) -> Tensor:
        """See `Identity`; counted are the products that the function takes."""
        self.applications = 0

        def pull(w: Tensor) -> Tensor:
            self.applications += 1
            return jacobian.pull(w)

        w = self._function(v, pull)
        shape, what = tuple(v.shape), "w must have the shape of v,"
        own.require_shape(self._file, self._function, w, Tensor, shape, what)
        self.converged = bool(w.isfinite().all())
        return w


def open_adjoint(
    gradient: choices.Gradient, solver: choices.Solver, coupled: bool = False
) -> Adjoint:
    """The adjoint of a gradient, of those that take one application of T with autograd.

    Args:
        gradient: jfb, neumann, implicit, cg_normal or own.
        solver: of the fixed point, whose tolerance and limit are those of cg_normal.
        coupled: whether T couples the samples of a batch.

    Raises:
        ValueError: an implicit gradient is to be solved by elimination.
    """
    if gradient.name == "jfb":
        return Identity()
    if gradient.name == "neumann":
        return Neumann(gradient.order)
    if gradient.name == "own":
        return Own(gradient)
    if gradient.name == "cg_normal":
        return CGNormal(solver.tolerance, solver.max_iterations, coupled)
    tolerance = gradient.tolerance or TOLERANCE
    options = {"tolerance": tolerance, "max_iterations": MOST_ITERATIONS}
    match gradient.adjoint or "anderson":
        case "picard":
            return FixedPoint(choices.Picard(**options), coupled)
        case "anderson":
            return FixedPoint(choices.Anderson(**options, memory=MEMORY), coupled)
        case "broyden":
            return FixedPoint(choices.Broyden(**options, memory=MEMORY), coupled)
        case "gmres":
            return GMRES(tolerance)
        case other:
            raise ValueError(f"adjoint {other}: J is not known, only its products")
