"""Training batch by batch: what the engines that compute in PyTorch have in common."""

import math
import time
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from jfb.config import settings
from jfb.engines.bookkeeping import Record
from jfb.engines.interface import Outcome
from jfb.engines.scores import Scores, open_scores
from jfb.model import learning_rates, numerics
from jfb.model.contraction import CONTRACTIONS
from jfb.model.optimisers import OPTIMISERS
from jfb.model.solvers import Solve
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.runlog import Epoch
from jfb.streams.interface import Stream


class Gradient(Protocol):
    """The gradient of the loss of the batch that was passed last."""

    #: Products with J^T for each point that the last call took, and whether it found its adjoint.
    applications: int
    converged: bool

    def __call__(self, d: Tensor, error: Tensor) -> Tensor:
        """The flat gradient, (p,), of the loss; d is (m, size), error as in `Forward`."""


class Forward(Protocol):
    """Forward passes for batches of one size."""

    gradient: Gradient

    def __call__(
        self, d: Tensor, target: Tensor, error: Tensor, start: Tensor | None = None
    ) -> Solve:
        """Predict, and write to `error` what `jfb.engines.scores` keeps of the predictions.

        Args:
            d: (m, size).
            target: (1, size).
            error: (k, size).
            start: (n, size), from which the solver starts, where it takes one.
        """


class Parameters(Protocol):
    """A network on one vector."""

    #: Of its parameters by name.
    shapes: layout.Shapes
    #: (p,), and (n, n) as a view of it; NaN where a network has none.
    parameters: Tensor
    latent_weight: Tensor


class Memory:
    """The last fixed point of each sample, for a solver that starts from it; 0 before any.

    Args:
        run: its solver.
        size: number of samples.
    """

    def __init__(self, run: settings.Run, size: int) -> None:
        self._is_kept = getattr(run.solver, "start", "zero") == "previous"
        self._size = size
        self._points: Tensor | None = None

    def of(self, samples: Tensor) -> Tensor | None:
        """The points of some samples, (n, size); None where none are kept yet."""
        return None if self._points is None else self._points[:, samples]

    def keep(self, samples: Tensor, solve: Solve) -> None:
        """Keep the points of some samples, if any are kept."""
        if not self._is_kept:
            return
        if self._points is None:
            self._points = torch.zeros(len(solve.point), self._size)
        self._points[:, samples] = solve.point


class Work(NamedTuple):
    """What an epoch takes, as in `jfb.records.runlog.Epoch`."""

    applications: float
    adjoint_applications: float
    unconverged_adjoints: int


class Trainer:
    """A network in training.

    Args:
        run: the settings.
        stream: of its random numbers.
        training: the training points.
        network: at its start.
        open_forward: the passes of the network for batches of a size.
    """

    def __init__(
        self,
        run: settings.Run,
        stream: Stream,
        training: Part,
        network: Parameters,
        open_forward: Callable[[int], Forward],
    ) -> None:
        self._run = run
        self._stream = stream
        self._contraction = CONTRACTIONS[run.contraction.name](network, run.contraction)
        sizes = [math.prod(shape) for shape in network.shapes.values()]
        self._optimiser = OPTIMISERS[run.optimiser.name](
            run.optimiser, self._contraction.trained, sizes
        )
        self._inputs, self._target = tensors(training)
        self._memory = Memory(run, len(training))
        self._done = 0
        self._scores = {
            batch_size: open_scores(run, len(training), batch_size) for _, batch_size in run.phases
        }
        sizes = {b.shape[1] for scores in self._scores.values() for b in scores.batches}
        self._forward = {size: open_forward(size) for size in sizes}

    def epoch(self) -> tuple[list[Solve], Scores, Work]:
        """Train on every point once, in a fresh random order.

        Returns:
            The solve of each batch, their scores, and what they cost.
        """
        order = torch.from_numpy(self._stream.orders(1)[0])
        rates = learning_rates.of_epochs(self._run, self._done, self._done + 1)
        batch_size = self._run.batch_size_of(self._done)
        scores = self._scores[batch_size]
        batches = zip(
            order.split(batch_size),
            self._inputs[:, order].split(batch_size, dim=1),
            self._target[:, order].split(batch_size, dim=1),
            scores.batches,
            rates.tolist(),
            strict=True,
        )
        solves, applications, adjoint_applications, unconverged = [], 0, 0, 0
        for samples, d, target, error, rate in batches:
            forward = self._forward[len(samples)]
            solve = forward(d, target, error, self._memory.of(samples))
            self._memory.keep(samples, solve)
            # Without the points, of which an epoch would be as many as there are samples.
            solves.append(solve._replace(point=None))
            applications += solve.iterations * len(samples)
            gradient = self._contraction.pull_back(forward.gradient(d, error))
            adjoint_applications += forward.gradient.applications * len(samples)
            if not forward.gradient.converged:
                unconverged += 1
                if self._run.gradient.skip_failed:
                    continue
            self._optimiser.step(gradient, rate)
            self._contraction.apply()
        self._done += 1
        work = Work(applications / len(order), adjoint_applications / len(order), unconverged)
        return solves, scores, work


def carry_out(
    run: settings.Run,
    stream: Stream,
    training: Part,
    validation: Part,
    after_epoch: Callable[[Epoch], None],
    network: Parameters,
    open_forward: Callable[[int], Forward],
    *libraries: ModuleType,
) -> Outcome:
    """Carry out `run`, validating after each epoch.

    Args:
        run, stream, training, validation, after_epoch: see `jfb.engines.interface`.
        network: at its start.
        open_forward: the passes of the network for batches of a size.
        libraries: those that compute them, besides NumPy.
    """
    trainer = Trainer(run, stream, training, network, open_forward)
    validate = open_forward(len(validation))
    validation_scores = open_scores(run, len(validation), len(validation))
    validation_inputs, validation_target = tensors(validation)
    memory, all_of_them = Memory(run, len(validation)), torch.arange(len(validation))

    record = Record(run, network.parameters.cpu().numpy(), after_epoch)
    while record.unfinished:
        start = time.perf_counter()
        solves, scores, work = trainer.epoch()
        train_loss, train_accuracy = scores.loss(), scores.accuracy()
        seconds = time.perf_counter() - start
        (errors,) = validation_scores.batches
        points = memory.of(all_of_them)
        with torch.no_grad():
            solves.append(validate(validation_inputs, validation_target, errors, points))
        memory.keep(all_of_them, solves[-1])
        record.add(
            network.parameters.cpu().numpy(),
            network.latent_weight.cpu().numpy(),
            [(solve.iterations, solve.converged) for solve in solves],
            train_loss=train_loss,
            val_loss=validation_scores.loss(),
            train_accuracy=train_accuracy,
            val_accuracy=validation_scores.accuracy(),
            train_seconds=seconds,
            **work._asdict(),
        )
    final = network.parameters.cpu().numpy()
    return record.outcome(final, *libraries, shapes=network.shapes)


def tensors(part: Part) -> tuple[Tensor, Tensor]:
    """Inputs (m, size) and target (1, size) of a part of the data, a point per column."""
    return numerics.placed(part.inputs).T.contiguous(), numerics.placed(part.target)[None]
