"""Training as in the report, in PyTorch: the engine that the others are checked against."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from jfb.config import settings
from jfb.engines import stepping
from jfb.engines.interface import Outcome
from jfb.model import numerics
from jfb.model.gradients import open_gradient
from jfb.model.network import Network, Transformation
from jfb.model.solvers import SOLVERS, Solve
from jfb.records.dataset import Part
from jfb.records.runlog import Epoch
from jfb.streams.interface import Stream


class Forward:
    """Forward passes for batches of one size, and the gradient of their loss.

    Args:
        network: the network.
        run: its solver and gradient.
        size: number of points of a batch.
    """

    def __init__(self, network: Network, run: settings.Run, size: int) -> None:
        n = network.dimensions.latent_dim
        self._network = network
        self._solve = SOLVERS[run.solver.name](run.solver, size, n, network.parameters.dtype)
        self._transform = Transformation(network, size)
        #: Of the batch that was passed last.
        self.gradient = open_gradient(network, size, run.gradient)

    def __call__(
        self, d: Tensor, target: Tensor, error: Tensor, start: Tensor | None = None
    ) -> Solve:
        """Predict, and write y - target to `error`; d is (m, size), the others (1, size).

        The solver starts from `start`, (n, size), where it takes one.
        """
        self._transform.fix(d)
        solve = self._solve(self._transform, *([] if start is None else [start]))
        activation = self.gradient.follow(self._transform, solve)
        self._network.read_out(activation, error).sub_(target)
        return solve


@torch.inference_mode()
def train(
    run: settings.Run,
    stream: Stream,
    training: Part,
    validation: Part,
    after_epoch: Callable[[Epoch], None],
) -> Outcome:
    """Carry out `run`, validating after each epoch.

    Args:
        run: the settings.
        stream: of random numbers, standing where the run starts.
        training, validation: the two parts of the data.
        after_epoch: called with each row as it comes.

    Returns:
        The rows and the parameters.
    """
    numerics.pin()
    network = Network(torch.from_numpy(stream.initial_parameters()), run.network)
    open_forward = functools.partial(Forward, network, run)
    return stepping.carry_out(
        run, stream, training, validation, after_epoch, network, open_forward, torch
    )
