"""What training adds to the passes of a network, or to its loss; a validation is without it."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from jfb.config import choices
from jfb.model.autograd.equilibrium import DEQ


class Regulariser:
    """None, of which others differ.

    Args:
        options: see the class of its name in `jfb.config.choices`.
        seed: of what is drawn.
    """

    #: Products with J^T for each point that the last penalty took.
    products = 0

    def __init__(self, options: choices.Regulariser, seed: int) -> None:
        self._options = options
        # The start and the orders are drawn by the children 0 and 1 of the seed.
        (state,) = np.random.SeedSequence(seed, spawn_key=(2,)).generate_state(1, np.uint64)
        self._generator = torch.Generator().manual_seed(int(state))

    def change(self, injected: Tensor) -> Tensor:
        """What T takes of the inputs of a batch, in place of what it would."""
        return injected

    def penalty(self, deq: DEQ) -> Tensor | None:
        """What is added to the loss of the batch that was passed last; None if nothing is."""
        return None

    def _drawn(self, distribution: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        """On the processor, whatever the device is: the numbers are the same on each."""
        return distribution(shape, generator=self._generator, device="cpu")


class Jacobian(Regulariser):
    """Weight times the mean square of the entries of v^T J, v Gaussian (Bai et al. 2021).

    J = dT/du at the fixed point, which is held: the gradient is that of J in the parameters. The
    mean is over samples, components of u and vectors v, as in their code. Where T couples samples,
    J is of the whole batch.
    """

    def penalty(self, deq: DEQ) -> Tensor | None:
        """See `Regulariser.penalty`."""
        o = self._options
        self.products = 0
        if o.frequency < 1 and self._drawn(torch.rand, ()) >= o.frequency:
            return None
        u = deq.point.detach().requires_grad_()
        image = deq.cell(u, deq.injected)
        squares = []
        for _ in range(o.vectors):
            v = self._drawn(torch.randn, u.shape).to(u)
            (product,) = torch.autograd.grad(image, u, v, create_graph=True)
            squares.append(product.square().mean())
        self.products = o.vectors
        return o.weight * torch.stack(squares).mean()


class InjectionDropout(Regulariser):
    """A share of the injection is 0, one draw for all iterations."""

    def change(self, injected: Tensor) -> Tensor:
        """See `Regulariser.change`."""
        share = self._options.share
        kept = self._drawn(torch.rand, injected.shape) >= share
        return injected * kept.to(injected) / (1 - share)


REGULARISERS: dict[str, type[Regulariser]] = {
    "none": Regulariser,
    "jacobian": Jacobian,
    "injection_dropout": InjectionDropout,
}
