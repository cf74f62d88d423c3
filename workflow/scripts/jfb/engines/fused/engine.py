"""The same training as the reference engine's, as one compiled kernel on one thread."""

import itertools
import math
import time
from collections.abc import Callable
from typing import NamedTuple

import llvmlite
import numba
import numpy as np

from jfb.config import choices, gradient_choices, settings
from jfb.engines.bookkeeping import Record
from jfb.engines.fused import arrays, kernel
from jfb.engines.fused.lanes import WIDTH
from jfb.engines.fused.optimisers import OPTIMISERS
from jfb.engines.interface import Outcome
from jfb.model import learning_rates
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.runlog import Epoch
from jfb.streams.interface import Stream

# Orders are drawn for some dozen epochs at a time: half a megabyte, which stays in cache.
_INDICES_PER_CALL = 1 << 16


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
        after_epoch: called with the last row of each call of the kernel.

    Returns:
        The rows and the parameters.
    """
    parameters = _filled_up(stream.initial_parameters())
    largest = max(batch_size for _, batch_size in run.phases)
    work = _scratch(run.network, max(largest, len(validation)))
    whole = _batch(validation)
    dimensions, numbers = _dimensions(run.network), _kernel_settings(run)
    capped = numbers.contraction == arrays.CAPPED
    trained = parameters.copy() if capped else parameters
    if numbers.contraction != arrays.FREE:
        kernel.keep_contractive(*dimensions, numbers, trained, parameters, work)
    optimiser = OPTIMISERS[run.optimiser.name].start(run.optimiser, trained)
    record = Record(run, parameters, after_epoch)
    record.log["adjoint_applications"][:] = _adjoint_applications(run)
    memory = _memory(numbers.remembers, run.network.latent_dim, len(training), len(validation))
    state = arrays.State(trained, parameters, record.best, record.lowest, record.snapshots, memory)
    ends = list(itertools.accumulate(epochs for epochs, _ in run.phases))
    rates = learning_rates.of_epochs(run, 0, run.epochs)
    epochs_per_call = min(max(1, _INDICES_PER_CALL // len(training)), run.epochs)
    latent_weights = np.empty((epochs_per_call, *[run.network.latent_dim] * 2), np.float32)
    while record.unfinished:
        begin = record.done
        # One batch size in a call.
        end = min(begin + epochs_per_call, *(end for end in ends if end > begin))
        start = time.perf_counter()
        orders = stream.orders(end - begin)
        drawing = (time.perf_counter() - start) / (end - begin)
        rows = arrays.Columns(
            *(record.log[name][begin:end] for name in arrays.Columns._fields[:-2]),
            latent_weight=latent_weights,
            snapshot=record.snapshot[begin + 1 : end + 1],
        )
        count = kernel.train_epochs(
            *dimensions,
            optimiser,
            numbers._replace(batch_size=run.batch_size_of(begin)),
            training.inputs,
            training.target,
            orders,
            rates[run.updates_by(begin, run.dataset.training_size) :],
            whole,
            len(validation),
            state,
            work,
            rows,
        )
        rows.train_seconds[:count] += drawing
        record.extend(count, latent_weights[:count])
    return record.outcome(parameters, numba, llvmlite)


class Step(NamedTuple):
    """What a step of training computes: mean squared error, gradient (p,), and of the solve."""

    loss: float
    gradient: np.ndarray
    iterations: int
    converged: bool


def step(run: settings.Run, parameters: np.ndarray, batch: Part) -> Step:
    """Compute what a step of training does before it updates the parameters.

    Args:
        run: whose network, solver and gradient are used.
        parameters: (p,) float32, in the order of `jfb.records.layout`.
        batch: the samples.
    """
    work = _scratch(run.network, len(batch))
    loss, iterations, converged = kernel.step_gradient(
        *_dimensions(run.network),
        _kernel_settings(run),
        _filled_up(parameters),
        batch.inputs,
        batch.target,
        np.arange(len(batch)),
        work,
    )
    return Step(loss, work.gradient[: len(parameters)], iterations, converged)


def _dimensions(network: settings.Network) -> tuple[tuple, tuple]:
    return (None,) * network.latent_dim, (None,) * network.input_dim


def _kernel_settings(run: settings.Run) -> arrays.Settings:
    """The run's numbers, each of the one type for which the kernel is compiled.

    The reference engine compares float32 residuals with the tolerance in float64. Below the next
    float32 that is not smaller are the same ones.
    """
    tolerance = np.float32(run.solver.tolerance)
    if float(tolerance) < run.solver.tolerance:
        tolerance = np.nextafter(tolerance, np.float32(np.inf))
    return arrays.Settings(
        batch_size=run.batch_size,
        tolerance=float(tolerance),
        max_iterations=run.solver.max_iterations,
        accuracy_threshold=float(run.accuracy_threshold),
        clock=time.CLOCK_MONOTONIC,
        order=_order(run.gradient),
        contraction=_kind(run.contraction),
        ceiling=_ceiling(run),
        remembers=run.solver.start == "previous",
    )


def _order(gradient: choices.Gradient) -> int:
    """The order of the adjoint's Neumann series; jfb is the first term of it."""
    if isinstance(gradient, gradient_choices.Neumann):
        return gradient.order
    return arrays.IMPLICIT if isinstance(gradient, gradient_choices.Implicit) else 0


def _adjoint_applications(run: settings.Run) -> int:
    """Products with J^T; an elimination counts as those that would form its system."""
    order = _order(run.gradient)
    return run.network.latent_dim if order == arrays.IMPLICIT else order


def _kind(contraction: choices.Contraction) -> int:
    """Which contraction it is in compiled code."""
    if isinstance(contraction, choices.Projection):
        return {"spectral": arrays.SINGULAR_VALUES, "infinity": arrays.ROWS}[contraction.norm]
    return arrays.CAPPED if isinstance(contraction, choices.Parametrization) else arrays.FREE


def _ceiling(run: settings.Run) -> float:
    if isinstance(run.contraction, choices.Free):
        return math.inf
    return run.contraction.ceiling(run.network.latent_dim)


def _filled_up(vector: np.ndarray) -> np.ndarray:
    """A copy that is followed by zeros up to a multiple of WIDTH."""
    return np.pad(vector, (0, -len(vector) % WIDTH))


def _batch(part: Part) -> arrays.Batch:
    """A part of the data as one batch."""
    size = len(part)
    filler = (0, -size % WIDTH)
    return arrays.Batch(
        inputs=np.ascontiguousarray(np.pad(part.inputs.T, ((0, 0), filler), mode="edge")),
        target=np.pad(part.target, filler, mode="edge"),
    )


def _memory(remembers: bool, n: int, training: int, validation: int) -> arrays.Memory:
    """Zeros for so many samples, or for none."""
    sizes = (training, validation) if remembers else (0, 0)
    points = (np.zeros((size, n), np.float32) for size in sizes)
    return arrays.Memory(*points, places=np.arange(sizes[1]))


def _scratch(network: settings.Network, size: int) -> arrays.Scratch:
    """Room for batches of up to `size` samples."""
    slots = size + -size % WIDTH
    n, m, p = network.latent_dim, network.input_dim, layout.size(network)
    injected, image, dh = (np.empty((n, slots), np.float32) for _ in range(3))
    columns = np.zeros((n + m + -(n + m) % 8, slots), np.float32)
    return arrays.Scratch(
        batch=arrays.Batch(columns[n : n + m], np.empty(slots, np.float32)),
        fixed=arrays.FixedPoint(injected, columns[:n], image, np.empty(slots // WIDTH, np.int64)),
        errors=arrays.Errors(
            np.empty(slots, np.float32), np.zeros((2, slots), np.float32), np.empty(2, np.float32)
        ),
        patterns=_patterns(n, slots),
        backward=arrays.Backward(
            dh=dh,
            columns=columns,
            rows=np.empty((WIDTH, len(columns)), np.float32),
            latent=np.empty((n, len(columns)), np.float32),
            output=np.empty(n, np.float32),
            partial=np.empty((max(n, 2), WIDTH), np.float32),
        ),
        gradient=_filled_up(np.zeros(p, np.float32)),
        rotated=np.empty((n, n)),
        rotation=np.empty((n, n)),
    )


def _patterns(n: int, slots: int) -> arrays.Patterns:
    """Room for as many patterns as the samples in `slots` can have."""
    most = min(slots, 2 ** min(n, 32))
    return arrays.Patterns(
        keys=np.empty(most, np.uint32),
        adjoints=np.empty((most, n), np.float32),
        count=np.zeros(1, np.int64),
        system=np.empty((n, n + 1)),
        active=np.empty(WIDTH, np.uint32),
        lanes=np.empty((n, WIDTH), np.float32),
    )
