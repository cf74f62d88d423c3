"""Picard's iteration to several tolerances at the cost of one."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from jfb.model.solvers import Map, Solve

# Applications of T between two looks for a cycle.
_LOOK = 100


class Prefixes:
    """u <- T(u; d) from u = 0, and the first u whose residual is below each of some tolerances.

    What `jfb.model.solvers.Picard` returns for a loose tolerance is an earlier iterate of what it
    goes through for a tight one, so one pass finds them all. An iterate that two applications of T
    bring back bit for bit comes back for ever: there the search ends without a fixed point.

    Args:
        tolerances: on the infinity norm of u - T(u; d) over the batch, from loose to tight.
        most: applications of T after which the search ends.
        size, latent_dim: shape of the batches.
    """

    def __init__(self, tolerances: Sequence[float], most: int, size: int, latent_dim: int) -> None:
        self._tolerances, self._most = tolerances, most
        self._buffers = tuple(torch.zeros(latent_dim, size, dtype=torch.float64) for _ in range(3))

    def __call__(self, transform: Map) -> list[Solve]:
        """Solve u = transform(u) for one batch, to each tolerance in turn.

        Returns:
            A solve per tolerance; of those that were not reached the point is the last u.
        """
        u, image, change = self._buffers
        u.zero_()
        found: list[Solve] = []
        for iterations in range(1, self._most + 1):
            transform(u, image)
            residual = torch.sub(image, u, out=change).abs_().max().item()
            while residual < self._tolerances[len(found)]:
                found.append(Solve(u.clone(), iterations, residual, True))
                if len(found) == len(self._tolerances):
                    return found
            if not math.isfinite(residual):
                break
            u, image = image, u
            if iterations % _LOOK == 0 and _returns(transform, u, image, change):
                break
        missing = Solve(u.clone(), iterations, residual, False)
        return found + [missing] * (len(self._tolerances) - len(found))


def _returns(transform: Map, u: Tensor, image: Tensor, again: Tensor) -> bool:
    """Whether T(T(u)) is u; writes to `image` and `again`."""
    return torch.equal(transform(transform(u, image), again), u)
