"""Ways to the fixed point u = T(u; d). A solver is a class with the signature of `Picard`."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from jfb import settings

#: Called as `transform(u, out)`, both (n, size): writes T(u; d) to `out`.
Map = Callable[[Tensor, Tensor], Tensor]


class Solve(NamedTuple):
    """What a solver found.

    `point` is (n, size) and valid until the solver's next call; `iterations` counts the
    applications of T; `residual` is the infinity norm of u - T(u; d) over the whole batch for
    the last u that was tried; `converged` says that it is below the tolerance.
    """

    point: Tensor
    iterations: int
    residual: float
    converged: bool


class Picard:
    """u <- T(u; d) from u = 0, until the infinity norm of u - T(u; d) is below the tolerance.

    As in the report, the u that passes is kept, not its image. The rule is checked for several
    iterations at a time, which changes no result: iterates after the first that passes are
    dropped. The first check comes after as many iterations as the last solve needed, since the
    next batch, one small step later, needs about as many.

    Args:
        options: tolerance and iteration limit.
        size, latent_dim: shape of the batches to be solved, for the preallocated iterates.
        dtype: of the iterates.
    """

    _later_checks = 4
    _longest_check = 64

    def __init__(
        self,
        options: settings.Solver,
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

    def __call__(self, transform: Map) -> Solve:
        """Solve u = transform(u) for one batch.

        Returns:
            The first u that passes; where the limit stops the search, the last image T(u; d).
        """
        slots, tolerance = self._slots, self._options.tolerance
        slots[0].zero_()
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


SOLVERS = {"picard": Picard}
