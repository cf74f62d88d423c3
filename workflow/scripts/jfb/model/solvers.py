"""Ways to the fixed point u = T(u; d). A solver is a class with the signature of `Picard`."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from jfb.config import choices

#: Called as `transform(u, out)`, both (n, size): writes T(u; d) to `out`.
Map = Callable[[Tensor, Tensor], Tensor]


class Solve(NamedTuple):
    """What a solver found.

    `point` is (n, size) and valid until the solver's next call; `iterations` counts the
    applications of T; `residual` is the infinity norm of u - T(u; d) over the whole batch for
    the last u that was tried (by anderson and broyden, for the best where none passes);
    `converged` says that it is below the tolerance.
    """

    point: Tensor
    iterations: int
    residual: float
    converged: bool


class Picard:
    """u <- T(u; d), until the infinity norm of u - T(u; d) is below the tolerance.

    From u = 0, or from where a call says.

    As in the report, the u that passes is kept, not its image. The rule is checked for several
    iterations at a time, which changes no result: iterates after the first that passes are
    dropped. The first check comes after as many iterations as the last solve needed, since the
    next batch, one small step later, needs about as many.

    Where the iterates alternate between two points, the limit stops at one of them by its parity,
    and neither is a fixed point. A relu unit alone whose own weight is below -1 goes from 0 to h
    and back: an even limit keeps u = 0, and the output is that of a network of one layer, T(0; d).
    The JFB gradient of the latent weight, which is proportional to u, is then exactly 0.

    Args:
        options: tolerance and iteration limit.
        size, latent_dim: shape of the batches to be solved, for the preallocated iterates.
        dtype: of the iterates.
    """

    _later_checks = 4
    _longest_check = 64

    def __init__(
        self,
        options: choices.Picard,
        size: int,
        latent_dim: int,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._options = options
        length = min(self._longest_check, options.max_iterations)
        self._iterates = torch.zeros(length + 1, latent_dim, size, dtype=dtype)
        self._slots = self._iterates.unbind()
        self._changes = torch.empty(length, latent_dim, size, dtype=dtype)
        self._first_check = min(self._later_checks, length)

    def __call__(self, transform: Map, start: Tensor | None = None) -> Solve:
        """Solve u = transform(u) for one batch.

        Args:
            transform: the map.
            start: (n, size) the first u; None for 0.

        Returns:
            The first u that passes; where the limit stops the search, the last image T(u; d).
        """
        slots, tolerance = self._slots, self._options.tolerance
        slots[0].zero_() if start is None else slots[0].copy_(start)
        done, check = 0, self._first_check
        while True:
            for k in range(check):
                transform(slots[k], slots[k + 1])
            residuals = self._residuals(check)
            for k, residual in enumerate(residuals):
                if residual < tolerance:
                    iterations = done + k + 1
                    self._first_check = min(iterations, self._longest_check)
                    return Solve(slots[k], iterations, residual, True)
            done += check
            if done == self._options.max_iterations:
                return Solve(slots[check], done, residuals[-1], False)
            slots[0].copy_(slots[check])
            check = min(self._later_checks, self._options.max_iterations - done)

    def _residuals(self, count: int) -> list[float]:
        """Infinity norm of each of the first `count` changes from one iterate to the next."""
        changes = self._changes[:count]
        torch.sub(self._iterates[1 : count + 1], self._iterates[:count], out=changes)
        return changes.abs_().amax(dim=(1, 2)).tolist()


class _Accelerated:
    """Solvers that make the next u out of earlier ones, point by point of the batch.

    As with `Picard`, the u whose residual is below the tolerance is returned. Where the limit stops
    the search, or a residual is not finite, it is for each point the u with its smallest residual.
    These solvers can find a fixed point from which the iteration of T itself would run away; they
    have then converged.

    Args:
        options: tolerance, iteration limit and memory.
        size, latent_dim: shape of the batches to be solved.
        dtype: of the iterates.
    """

    def __init__(
        self,
        options: choices.Anderson | choices.Broyden,
        size: int,
        latent_dim: int,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._options = options
        self._point, self._image, self._best = (
            torch.zeros(latent_dim, size, dtype=dtype) for _ in range(3)
        )

    def __call__(self, transform: Map, start: Tensor | None = None) -> Solve:
        """Solve u = transform(u) for one batch, from `start`, (n, size), or from u = 0."""
        u, best = self._point.zero_(), self._best.zero_()
        if start is not None:
            u.copy_(start)
        lowest = torch.full_like(u[0], math.inf)
        self._forget()
        for iterations in range(1, self._options.max_iterations + 1):
            change = transform(u, self._image).sub_(u)
            residuals = change.abs().amax(dim=0)
            residual = residuals.max().item()
            if residual < self._options.tolerance:
                return Solve(u, iterations, residual, True)
            torch.where(residuals < lowest, u, best, out=best)
            lowest = torch.fmin(lowest, residuals)
            if not math.isfinite(residual):
                break
            if iterations < self._options.max_iterations:
                u.add_(self._step(u, change))
        return Solve(best, iterations, lowest.max().item(), False)

    def _forget(self) -> None:
        """Start a new search."""
        raise NotImplementedError

    def _step(self, u: Tensor, change: Tensor) -> Tensor:
        """The step from u, (n, size), with T(u; d) - u = change."""
        raise NotImplementedError


class Anderson(_Accelerated):
    """Anderson's iteration (Walker and Ni 2011, algorithm AA, with mixing parameter 1).

    With f = T(u) - u, and dU and dF the differences of the last `memory` iterates and their f, the
    next u is u + f - (dU + dF) g, where g minimises |f - dF g|. More differences than components
    would not determine g; a little Tikhonov regularisation takes care of those that coincide.
    """

    def _forget(self) -> None:
        self._iterates: list[Tensor] = []
        self._changes: list[Tensor] = []

    def _step(self, u: Tensor, change: Tensor) -> Tensor:
        length = min(self._options.memory, len(u)) + 1
        self._iterates = [*self._iterates, u.clone()][-length:]
        self._changes = [*self._changes, change.clone()][-length:]
        if len(self._iterates) == 1:
            return change
        # (size, differences, n), in float64: the products of small differences must not vanish.
        moved, changed = (
            torch.stack(history).double().diff(dim=0).permute(2, 0, 1)
            for history in (self._iterates, self._changes)
        )
        gram = changed @ changed.mT
        diagonal = gram.diagonal(dim1=-2, dim2=-1)
        rounding = 10 * torch.finfo(u.dtype).eps
        diagonal.add_(rounding * diagonal.sum(dim=-1, keepdim=True) + _TINY)
        weights, _ = torch.linalg.solve_ex(gram, changed @ change.double().T[..., None])
        correction = ((moved + changed) * weights).sum(dim=1)
        return change - correction.T.to(u.dtype)


class Broyden(_Accelerated):
    """Broyden's method for g(u) = T(u) - u = 0 (Broyden 1965, the first of the two updates).

    The inverse of the Jacobian of g is kept for each point as -I + sum of x y^T, and starts as -I
    again after `memory` updates; the first step is Picard's.
    """

    def _forget(self) -> None:
        self._updates: list[tuple[Tensor, Tensor]] = []
        self._taken: Tensor | None = None

    def _step(self, u: Tensor, change: Tensor) -> Tensor:
        if self._taken is not None:
            if len(self._updates) == self._options.memory:
                self._updates = []
            self._update(self._taken, change - self._before)
        step = self._times(change).neg_()
        self._taken, self._before = step.clone(), change.clone()
        return step

    def _update(self, step: Tensor, difference: Tensor) -> None:
        """Let the inverse take `difference`, of g, to the `step`, of u, that made it."""
        row = self._times_transposed(step)
        divisor = (row * difference).sum(dim=0)
        # A point that stands still has nothing to tell.
        divisor = torch.where(divisor.abs() > _TINY, divisor, torch.inf)
        self._updates.append(((step - self._times(difference)) / divisor, row))

    def _times(self, x: Tensor) -> Tensor:
        product = -x
        for left, right in self._updates:
            product = product + left * (right * x).sum(dim=0)
        return product

    def _times_transposed(self, x: Tensor) -> Tensor:
        product = -x
        for left, right in self._updates:
            product = product + right * (left * x).sum(dim=0)
        return product


class Explicit:
    """T applied a fixed number of times to u = 0: no fixed point, but a feedforward network.

    Its layers are as many as there are applications, the last of them being the one that is read
    out, and share their weights.

    Args:
        options: the number of applications.
        size, latent_dim: shape of the batches.
        dtype: of the states.
    """

    def __init__(
        self,
        options: choices.Explicit,
        size: int,
        latent_dim: int,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._options = options
        self._states = tuple(torch.zeros(latent_dim, size, dtype=dtype) for _ in range(2))

    def __call__(self, transform: Map) -> Solve:
        """Apply `transform`; the point is the state before the last application.

        It counts as converged, since there is nothing that it could fail to reach.
        """
        state, image = self._states
        state.zero_()
        for _ in range(self._options.applications - 1):
            state, image = transform(state, image), state
        transform(state, image)
        residual = (image - state).abs().max().item()
        return Solve(state, self._options.applications, residual, True)


_TINY = 1e-30

SOLVERS = {"picard": Picard, "anderson": Anderson, "broyden": Broyden, "explicit": Explicit}
