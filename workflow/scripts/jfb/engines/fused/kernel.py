"""Training as one compiled function: batches, steps, scores and validation, epoch by epoch.

Arrays and dimensions are described in `arrays` and `batch`.
"""

import numpy as np

from jfb.engines.fused.batch import backward, error_of, fill, score, slots_of, solve
from jfb.engines.fused.cache import compiled, inlined
from jfb.engines.fused.lanes import WIDTH, broadcast, load, seconds, sum_lanes
from jfb.engines.fused.optimisers import take_step
from jfb.engines.fused.projection import project

_float32 = np.float32


@inlined
def validate(latent, inputs, parameters, batch, fixed, settings):
    """Sum of squared errors, number of accurate predictions, iterations, whether they converged."""
    slots = len(batch.target)
    iterations, converged = solve(latent, inputs, parameters, batch, slots, fixed, settings)
    squares = accurate = broadcast(_float32(0))
    bound = broadcast(_float32(settings.accuracy_threshold))
    for slot in range(0, slots, WIDTH):
        error = error_of(latent, inputs, parameters, batch, fixed, slot)
        squares, accurate = score(error, load(batch.weight, (slot,)), bound, squares, accurate)
    return sum_lanes(squares), sum_lanes(accurate), iterations, converged


@inlined
def copy(parameters, kept):
    """Write (p,) parameters to (p,) `kept`; the assignment of a slice takes seconds to compile."""
    for i in range(len(kept)):
        kept[i] = parameters[i]


@compiled
def step_gradient(latent, inputs, settings, parameters, batch, size, work):
    """Write the gradient of one batch to `work`.

    Returns:
        Mean squared error, iterations, and whether they converged.
    """
    iterations, converged = solve(
        latent, inputs, parameters, batch, slots_of(size), work.fixed, settings
    )
    squares, _ = backward(latent, inputs, parameters, batch, size, settings, work)
    return squares / size, iterations, converged


@compiled
def keep_contractive(latent, inputs, settings, parameters, work):
    """Project the parameters that training starts from."""
    project(latent, parameters, settings.ceiling, work.rotated, work.rotation)


@compiled
def train_epochs(
    latent,
    inputs,
    optimiser,
    settings,
    points,
    target,
    orders,
    validation,
    validation_size,
    state,
    work,
    log,
):
    """Train for as many epochs as there are orders, or until the training loss is not finite.

    Args:
        latent, inputs: tuples of n and m items.
        optimiser: of `optimisers`, where the run has come to; changed in place.
        settings: of the run.
        points, target: the training points, (N, m) and (N,).
        orders: (epochs, N) int64, the order of the points in each epoch.
        validation: the validation points as one batch.
        validation_size: their number.
        state: changed in place.
        work: scratch, wide enough for a training batch and for `validation`.
        log: where a row is written for each epoch.

    Returns:
        Number of epochs that were carried out.
    """
    count = len(target)
    parameters, batch, fixed = state.parameters, work.batch, work.fixed
    for epoch in range(len(orders)):
        begin = seconds(settings.clock)
        loss, accuracy, batches, iterations, longest, unconverged = 0.0, 0.0, 0, 0, 0, 0
        for start in range(0, count, settings.batch_size):
            size = min(settings.batch_size, count - start)
            fill(inputs, points, target, orders[epoch], start, size, batch)
            needed, converged = solve(
                latent, inputs, parameters, batch, slots_of(size), fixed, settings
            )
            squares, accurate = backward(latent, inputs, parameters, batch, size, settings, work)
            take_step(optimiser, work.gradient, parameters)
            if settings.ceiling < np.inf:
                project(latent, parameters, settings.ceiling, work.rotated, work.rotation)
            loss += squares
            accuracy += accurate / size
            batches += 1
            iterations += needed
            longest = max(longest, needed)
            unconverged += not converged
        loss /= count
        log.train_seconds[epoch] = seconds(settings.clock) - begin
        squares, accurate, needed, converged = validate(
            latent, inputs, parameters, validation, fixed, settings
        )
        log.train_loss[epoch] = loss
        log.val_loss[epoch] = squares / validation_size
        log.train_accuracy[epoch] = accuracy / batches
        log.val_accuracy[epoch] = accurate / validation_size
        log.iterations_mean[epoch] = (iterations + needed) / (batches + 1)
        log.iterations_max[epoch] = max(longest, needed)
        log.unconverged[epoch] = unconverged + (not converged)
        for i in range(len(latent)):
            for j in range(len(latent)):
                log.latent_weight[epoch, i, j] = parameters[i * len(latent) + j]
        if log.snapshot[epoch] >= 0:
            copy(parameters, state.snapshots[log.snapshot[epoch]])
        if loss < state.lowest[0]:
            state.lowest[0] = loss
            copy(parameters, state.best)
        if not np.isfinite(loss):
            return epoch + 1
    return len(orders)
