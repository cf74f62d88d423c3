"""Training as one compiled function: batches, steps, scores and validation, epoch by epoch.

Arrays and dimensions are described in `arrays` and `batch`.
"""

import numpy as np

from jfb.engines.fused.arrays import CAPPED, FREE
from jfb.engines.fused.batch import (
    compare,
    fill,
    keep_in_memory,
    score,
    slots_of,
    solve,
    start_from_memory,
    start_from_zero,
)
from jfb.engines.fused.contraction import contract, pull_back
from jfb.engines.fused.gradient import backward
from jfb.engines.fused.lanes import seconds
from jfb.engines.fused.optimisers import take_step
from jfb.engines.fused.sums import sum_contiguous
from jfb.storage.machine_code import compiled, inlined


@inlined
def validate(latent, inputs, parameters, batch, size, settings, memory, work):
    """Mean squared error, share of accurate predictions, iterations, whether they converged."""
    fixed, errors = work.fixed, work.errors
    if settings.remembers:
        start_from_memory(latent, memory.validation, memory.places, 0, size, fixed)
    else:
        start_from_zero(latent, slots_of(size), fixed)
    iterations, converged = solve(
        latent, inputs, parameters, batch, slots_of(size), fixed, settings
    )
    if settings.remembers:
        keep_in_memory(latent, memory.validation, memory.places, 0, size, fixed)
    compare(latent, inputs, parameters, batch, fixed, size, errors)
    # Of both rows, so that the sum is compiled once.
    sum_contiguous((None, None), errors.terms, size, errors.sums, 0, work.backward.partial)
    loss, accuracy = score(errors, size, settings)
    return loss, accuracy, iterations, converged


@inlined
def copy(parameters, kept):
    """Write (p,) parameters to (p,) `kept`; the assignment of a slice takes seconds to compile."""
    for i in range(len(kept)):
        kept[i] = parameters[i]


@inlined
def differentiate(latent, inputs, settings, parameters, size, work):
    """Write the gradient of `work.batch`, of `size` samples, solved from where `work.fixed` says.

    Returns:
        Mean squared error, share of accurate predictions, iterations, whether they converged.
    """
    batch, fixed, errors = work.batch, work.fixed, work.errors
    iterations, converged = solve(
        latent, inputs, parameters, batch, slots_of(size), fixed, settings
    )
    compare(latent, inputs, parameters, batch, fixed, size, errors)
    backward(latent, inputs, parameters, size, settings, work)
    loss, accuracy = score(errors, size, settings)
    return loss, accuracy, iterations, converged


@compiled
def step_gradient(latent, inputs, settings, parameters, points, target, order, work):
    """Write the gradient of the points (size, m) with target (size,), in an order, to `work`.

    Returns:
        Mean squared error, iterations, and whether they converged.
    """
    size = len(target)
    fill(inputs, points, target, order, 0, size, work.batch)
    start_from_zero(latent, slots_of(size), work.fixed)
    loss, _, iterations, converged = differentiate(latent, inputs, settings, parameters, size, work)
    return loss, iterations, converged


@compiled
def keep_contractive(latent, inputs, settings, trained, parameters, work):
    """Let the parameters that training starts from be contractive."""
    contract(latent, trained, parameters, settings, work.rotated, work.rotation)


@compiled
def train_epochs(
    latent,
    inputs,
    optimiser,
    settings,
    points,
    target,
    orders,
    rates,
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
        rates: (updates,) float64, the learning rate of each update.
        validation: the validation points as one batch.
        validation_size: their number.
        state: changed in place.
        work: scratch, wide enough for a training batch and for `validation`.
        log: where a row is written for each epoch.

    Returns:
        Number of epochs that were carried out.
    """
    count = len(target)
    trained, parameters, memory, update = state.trained, state.parameters, state.memory, 0
    for epoch in range(len(orders)):
        begin = seconds(settings.clock)
        loss, accuracy, batches, iterations, longest, unconverged = 0.0, 0.0, 0, 0, 0, 0
        applications = 0
        for start in range(0, count, settings.batch_size):
            size = min(settings.batch_size, count - start)
            fill(inputs, points, target, orders[epoch], start, size, work.batch)
            if settings.remembers:
                start_from_memory(latent, memory.training, orders[epoch], start, size, work.fixed)
            else:
                start_from_zero(latent, slots_of(size), work.fixed)
            mean, share, needed, converged = differentiate(
                latent, inputs, settings, parameters, size, work
            )
            if settings.remembers:
                keep_in_memory(latent, memory.training, orders[epoch], start, size, work.fixed)
            if settings.contraction == CAPPED:
                pull_back(
                    latent, trained, work.gradient, settings.ceiling, work.rotated, work.rotation
                )
            take_step(optimiser, work.gradient, trained, rates[update])
            update += 1
            if settings.contraction != FREE:
                contract(latent, trained, parameters, settings, work.rotated, work.rotation)
            loss += mean * size
            accuracy += share
            batches += 1
            iterations += needed
            applications += needed * size
            longest = max(longest, needed)
            unconverged += not converged
        loss /= count
        log.train_seconds[epoch] = seconds(settings.clock) - begin
        mean, share, needed, converged = validate(
            latent, inputs, parameters, validation, validation_size, settings, memory, work
        )
        log.train_loss[epoch] = loss
        log.val_loss[epoch] = mean * validation_size / validation_size
        log.train_accuracy[epoch] = accuracy / batches
        log.val_accuracy[epoch] = share
        log.iterations_mean[epoch] = (iterations + needed) / (batches + 1)
        log.iterations_max[epoch] = max(longest, needed)
        log.unconverged[epoch] = unconverged + (not converged)
        log.applications[epoch] = applications / count
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
