"""Derivatives of each sample by itself: of T by u, and of the scores by the parameters."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vjp, vmap

from jfb.model.autograd.cells import Cell
from jfb.storage.errors import Refused

#: Samples whose Jacobians are computed together.
_TOGETHER = 64


class _Whole(nn.Module):
    """T(u; d), and what is read out of it, of one sample."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, u: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        a = self.cell(u[None], self.cell.inject(d[None]))
        return a[0], self.cell.read_out(a)[0]


class PerSample:
    """A network whose samples do not depend on one another, in float64.

    Args:
        cell: of the network.

    Raises:
        Refused: T couples the samples.
    """

    def __init__(self, cell: Cell) -> None:
        if cell.coupled:
            raise Refused("T couples the samples of a batch: there is no derivative of one sample")
        self._whole = _Whole(cell.double())
        self._parameters = {f"cell.{name}": part.detach() for name, part in cell.named_parameters()}

    def _apply(self, parameters: dict[str, Tensor], u: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        return functional_call(self._whole, parameters, (u, d))

    def jacobians(self, u: Tensor, d: Tensor) -> Tensor:
        """dT/du at points u (size, *latent_shape) of inputs d (size, *shape): (size, n, n)."""

        def of_one(u: Tensor, d: Tensor) -> Tensor:
            found = jacrev(lambda at: self._apply(self._parameters, at, d)[0].flatten())(u)
            return found.flatten(1)

        return vmap(of_one, chunk_size=_TOGETHER)(u, d)

    def of_scores(self, u: Tensor, d: Tensor, reduce: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """What `reduce` makes of each sample's scores, (k,), and their derivatives, (k, p).

        Derivatives are by the parameters, at the fixed point, and through it: dy/du (I - dT/du)^-1
        is the adjoint of each score.

        Args:
            u: (size, *latent_shape) fixed points.
            d: (size, *shape) inputs.
            reduce: of one sample.
        """

        def of_one(u: Tensor, d: Tensor) -> Tensor:
            at_u = jacrev(lambda at: self._apply(self._parameters, at, d))(u)
            to_image, to_scores = (part.reshape(-1, u.numel()) for part in at_u)
            system = torch.eye(u.numel(), dtype=u.dtype) - to_image
            adjoints = torch.linalg.solve(system.T, to_scores.T).T
            (_, scores), pull = vjp(lambda own: self._apply(own, u, d), self._parameters)
            units = torch.eye(len(scores), dtype=u.dtype)

            def of_score(unit: Tensor, adjoint: Tensor) -> Tensor:
                (parts,) = pull((adjoint.reshape(u.shape), unit))
                return torch.cat([part.flatten() for part in parts.values()])

            return reduce(scores, vmap(of_score)(units, adjoints))

        return vmap(of_one, chunk_size=_TOGETHER)(u, d)
