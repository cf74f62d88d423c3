"""Training with all of the data in each step, in float64: for optimisers of second order.

Fixed points are searched for, and gradients taken, as in the reference engine. A step of the
optimiser is an epoch of the log, with the loss after it: the loss at the parameters that are kept
as best, where the engines that step batch by batch have the loss along the epoch.
"""

import time
from collections.abc import Callable

import numpy as np
import scipy
import torch

from jfb.config import settings
from jfb.engines.bookkeeping import Record
from jfb.engines.interface import Outcome
from jfb.engines.reference import Forward
from jfb.engines.stepping import tensors
from jfb.model import numerics
from jfb.model.minimisers import MINIMISERS
from jfb.model.network import Network
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.runlog import Epoch
from jfb.streams.interface import Stream


class Points:
    """One part of the data, and the loss of the run's network on it: a `minimisers.Problem`.

    Args:
        run: its network, solver and gradient.
        part: the points.
    """

    def __init__(self, run: settings.Run, part: Part) -> None:
        self._inputs, self._target = (tensor.double() for tensor in tensors(part))
        #: Number of points.
        self.size = len(part)
        self._threshold = run.accuracy_threshold
        self._network = Network(
            torch.zeros(layout.size(run.network), dtype=torch.float64), run.network
        )
        self._forward = Forward(self._network, run, len(part))
        self._error = torch.empty_like(self._target)
        self.forget_work()

    def forget_work(self) -> None:
        """Count from here."""
        #: Iterations of each search for fixed points, and whether it found them.
        self.searches: list[tuple[int, bool]] = []
        #: Products with J^T for each point.
        self.adjoint_applications = 0

    @property
    def at(self) -> np.ndarray:
        """(p,) float64: where the loss was asked for last; changes with the next call."""
        return self._network.parameters.numpy()

    @property
    def mean_squared_error(self) -> float:
        """Of the predictions there, whether fixed points were found or not."""
        return self._error.square().mean().item()

    @property
    def accuracy(self) -> float:
        """Share of accurate predictions there."""
        return (self._error.abs() <= self._threshold).double().mean().item()

    @property
    def latent_weight(self) -> np.ndarray:
        """(n, n) there."""
        return self._network.latent_weight.numpy()

    def loss(self, parameters: np.ndarray) -> float:
        """See `Problem`."""
        self._network.parameters.copy_(torch.from_numpy(parameters))
        solve = self._forward(self._inputs, self._target, self._error)
        self.searches.append((solve.iterations, solve.converged))
        loss = self.mean_squared_error
        return loss if solve.converged and np.isfinite(loss) else np.inf

    def gradient(self) -> np.ndarray:
        """See `Problem`."""
        gradient = self._forward.gradient(self._inputs, self._error).numpy().copy()
        self.adjoint_applications += self._forward.gradient.applications
        return gradient

    def residuals(self) -> tuple[np.ndarray, np.ndarray]:
        """See `Problem`."""
        scale = self.size**-0.5
        jacobian = scale * self._forward.gradient.jacobian(self._inputs).numpy()
        self.adjoint_applications += self._forward.gradient.applications
        return scale * self._error[0].numpy(), jacobian


class _Log:
    """Makes an epoch of each step."""

    def __init__(
        self,
        run: settings.Run,
        start: np.ndarray,
        training: Points,
        validation: Points,
        after_epoch: Callable[[Epoch], None],
    ) -> None:
        self.record = Record(run, start.astype(np.float32), after_epoch)
        self._training, self._validation = training, validation
        #: (p,) float64: after the last step.
        self.final = np.full_like(start, np.nan)
        self._since = time.perf_counter()

    def __call__(self, parameters: np.ndarray, loss: float) -> bool:
        """See `minimisers.AfterStep`."""
        training, validation = self._training, self._validation
        seconds = time.perf_counter() - self._since
        searches, adjoint_applications = [*training.searches], training.adjoint_applications
        if not np.array_equal(parameters, self.final):
            self.final = parameters.copy()
            if not np.array_equal(parameters, training.at):
                training.loss(parameters)
            self._train_accuracy = training.accuracy
            validation.forget_work()
            validation.loss(parameters)
            self._val_loss, self._val_accuracy = (
                validation.mean_squared_error,
                validation.accuracy,
            )
            self._weight = validation.latent_weight.copy()
        self.record.add(
            parameters.astype(np.float32),
            self._weight,
            [*searches, *validation.searches],
            train_loss=loss,
            val_loss=self._val_loss,
            train_accuracy=self._train_accuracy,
            val_accuracy=self._val_accuracy,
            train_seconds=seconds,
            applications=float(sum(count for count, _ in searches)),
            adjoint_applications=float(adjoint_applications),
        )
        training.forget_work()
        self._since = time.perf_counter()
        return self.record.unfinished

    def end(self) -> None:
        """Charge the last step with what was tried after it."""
        last, log = self.record.done - 1, self.record.log
        log["applications"][last] += sum(count for count, _ in self._training.searches)
        log["adjoint_applications"][last] += self._training.adjoint_applications


@torch.inference_mode()
def train(
    run: settings.Run,
    stream: Stream,
    training: Part,
    validation: Part,
    after_epoch: Callable[[Epoch], None],
) -> Outcome:
    """Carry out `run`: a step of its optimiser is an epoch.

    Args:
        run: the settings.
        stream: of which the start is used.
        training, validation: the two parts of the data.
        after_epoch: called with each row as it comes.

    Returns:
        The rows, and the parameters rounded to float32.
    """
    numerics.pin()
    start = stream.initial_parameters().astype(np.float64)
    points = Points(run, training)
    log = _Log(run, start, points, Points(run, validation), after_epoch)
    minimise = MINIMISERS[run.optimiser.name]
    ended = minimise(run.optimiser, points, start, log)
    if not log.record.done:
        log(start, points.mean_squared_error)
    log.end()
    final = log.final.astype(np.float32)
    return log.record.outcome(final, torch, scipy, ended=ended)
