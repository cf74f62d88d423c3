"""Solvers of `jfb.model.solvers` for samples of any shape, in rows."""

from collections.abc import Callable

from torch import Tensor

from jfb.config import choices
from jfb.model.solvers import SOLVERS, Picard, Solve


class _Picard(Picard):
    """The same, checked after each iteration: it keeps two iterates, however large they are."""

    _later_checks = 1
    _longest_check = 1


def solve(
    options: choices.Solver,
    function: Callable[[Tensor], Tensor],
    start: Tensor,
    coupled: bool = False,
) -> tuple[Tensor, Solve]:
    """Solve u = function(u) for samples of any shape.

    Args:
        options: the solver.
        function: from (size, *shape) to the same.
        start: (size, *shape) the first u.
        coupled: whether the function of a sample depends on the others: then the batch is solved as
            one system, where anderson and broyden else make steps sample by sample.

    Returns:
        The point, (size, *shape), and what the solver tells of it.
    """
    kind = _Picard if options.name == "picard" else SOLVERS[options.name]
    size, n = (1, start.numel()) if coupled else (len(start), start[0].numel())

    def transform(u: Tensor, out: Tensor) -> Tensor:
        return out.copy_(function(u.T.reshape(start.shape)).reshape(size, n).T)

    first = [] if options.name == "explicit" else [start.reshape(size, n).T]
    solve = kind(options, size, n, start.dtype)(transform, *first)
    return solve.point.T.reshape(start.shape).contiguous(), solve
