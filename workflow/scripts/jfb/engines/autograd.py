"""Training by PyTorch's autograd, for any network.

The loop over epochs and batches, the optimisers and what is kept of a run are those of the engine
reference; here the network is a module, and gradients are what autograd makes of it.
"""

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from jfb.config import settings
from jfb.engines import stepping
from jfb.engines.interface import Outcome
from jfb.model import numerics
from jfb.model.autograd.equilibrium import DEQ
from jfb.model.autograd.losses import LOSSES
from jfb.model.autograd.networks import input_shape, open_cell
from jfb.model.autograd.regularisers import REGULARISERS
from jfb.model.solvers import Solve
from jfb.records.dataset import Part
from jfb.records.runlog import Epoch
from jfb.streams.interface import Stream


class OnOneVector:
    """The parameters of a module, and their gradients, as views of two vectors.

    Args:
        module: whose parameters move there.
        start: (p,) their values.
    """

    def __init__(self, module: nn.Module, start: Tensor) -> None:
        self.parameters, self.gradient = start, torch.zeros_like(start)
        self.shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
        sizes = [p.numel() for p in module.parameters()]
        parts = zip(start.split(sizes), self.gradient.split(sizes), strict=True)
        for parameter, (values, gradient) in zip(module.parameters(), parts, strict=True):
            parameter.data = values.view_as(parameter)
            parameter.grad = gradient.view_as(parameter)
        self.latent_weight = torch.full((1, 1), torch.nan)


class _Network(OnOneVector):
    """A network, its cell, and the passes for batches of any size."""

    def __init__(self, run: settings.Run, stream: Stream) -> None:
        cell = open_cell(run.network, run.seed)
        if run.network.cell.draws_itself:
            # From the seed alone, so that a start is the same at every batch size.
            start = nn.utils.parameters_to_vector(cell.parameters()).detach()
        else:
            start = numerics.placed(stream.initial_parameters())
        super().__init__(cell, start)
        self.input_shape = input_shape(run.network)
        if run.network.cell.affine:
            self.latent_weight = cell.latent.weight.detach()
        self.deq = DEQ(cell, run.solver, run.gradient)
        self.loss = LOSSES[run.loss]
        self.regulariser = REGULARISERS[run.regulariser.name](run.regulariser, run.seed)


class Forward:
    """Forward passes for batches, and the gradient of their loss; see `stepping.Forward`.

    Args:
        network: the network.
        size: number of points of a batch.
    """

    def __init__(self, network: _Network, size: int) -> None:
        self._network = network
        self._latent_shape = size, *network.deq.cell.latent_shape
        self.gradient = _Gradient(network)

    def __call__(
        self, d: Tensor, target: Tensor, error: Tensor, start: Tensor | None = None
    ) -> Solve:
        """See `stepping.Forward`."""
        if start is not None:
            start = start.T.reshape(self._latent_shape)
        inputs = d.T.reshape(-1, *self._network.input_shape)
        deq, regulariser = self._network.deq, self._network.regulariser
        in_training = torch.is_grad_enabled()
        y = deq(inputs, start, regulariser.change) if in_training else deq(inputs, start)
        loss, kept = self._network.loss(y, target[0])
        penalty = regulariser.penalty(deq) if in_training else None
        self.gradient.loss = loss if penalty is None else loss + penalty
        error.copy_(kept)
        return deq.solve._replace(point=deq.point.flatten(1).T)


class _Gradient:
    """See `stepping.Gradient`."""

    def __init__(self, network: _Network) -> None:
        self._network = network
        #: Of the last batch, with its graph.
        self.loss: Tensor | None = None

    @property
    def applications(self) -> int:
        """Products with J^T that the last batch took, for each point, its penalty's among them."""
        return self._network.deq.adjoint.applications + self._network.regulariser.products

    @property
    def converged(self) -> bool:
        """Whether the last call found its adjoint."""
        return self._network.deq.adjoint.converged

    def __call__(self, d: Tensor, error: Tensor) -> Tensor:
        """The gradient for the batch that was passed last, (p,)."""
        gradient = self._network.gradient.zero_()
        self.loss.backward()
        # With it goes the graph.
        self.loss = None
        return gradient


def train(
    run: settings.Run,
    stream: Stream,
    training: Part,
    validation: Part,
    after_epoch: Callable[[Epoch], None],
) -> Outcome:
    """Carry out `run`, validating after each epoch; see `jfb.engines.interface`."""
    numerics.pin(run.threads)
    numerics.use(run.device)
    network = _Network(run, stream)
    open_forward = functools.partial(Forward, network)
    return stepping.carry_out(
        run, stream, training, validation, after_epoch, network, open_forward, torch
    )
