"""Training as one compiled function: fixed points, JFB gradient, Adam, scores, epoch by epoch.

Arrays are float32 unless told otherwise; n is the latent dimension, m the input dimension, p the
number of parameters in the order of `jfb.layout`. The dimensions come as tuples of n and of m
items whose values mean nothing: their lengths are part of the compiled code's type, so that loops
over components have constant bounds. Samples stand in columns, `WIDTH` of them in a vector; the
last vector of a batch is filled up with copies of its last sample.
"""

from typing import NamedTuple

import numba
import numpy as np

from jfb.engines.fused.cache import compiled
from jfb.engines.fused.lanes import (
    WIDTH,
    absolute,
    all_below,
    broadcast,
    get,
    load,
    multiply_add,
    put,
    registers,
    relu,
    seconds,
    square_root,
    store,
    sum_lanes,
    where_at_most,
    where_positive,
)

_inlined = numba.njit(forceinline=True, error_model="numpy")
_float32 = np.float32


class Settings(NamedTuple):
    """The numbers of a run, with the meaning that they have in `jfb.settings`."""

    batch_size: int
    tolerance: float
    max_iterations: int
    accuracy_threshold: float
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float
    clock: int


class Batch(NamedTuple):
    """Samples in columns: inputs (m, slots), target (slots,), and weight (slots,), 0 for a copy."""

    inputs: np.ndarray
    target: np.ndarray
    weight: np.ndarray


class FixedPoint(NamedTuple):
    """What a solve leaves, (n, slots): injection(d), u, and its image T(u; d).

    `iterations` (slots / WIDTH,) int64 counts the applications of T by vector of samples.
    """

    injected: np.ndarray
    u: np.ndarray
    image: np.ndarray
    iterations: np.ndarray


class Scratch(NamedTuple):
    """Room for one batch: sums (p, WIDTH) of the gradient's terms by lane, gradient as in State."""

    batch: Batch
    fixed: FixedPoint
    sums: np.ndarray
    gradient: np.ndarray


class State(NamedTuple):
    """What training carries on: vectors of p numbers, filled up with 0 to a multiple of WIDTH.

    `powers` (2,) float64 are beta1 and beta2 to the number of steps; `lowest` (1,) float64 is the
    lowest training loss so far, and `best` the parameters at the end of its epoch.
    """

    parameters: np.ndarray
    mean: np.ndarray
    square: np.ndarray
    powers: np.ndarray
    best: np.ndarray
    lowest: np.ndarray


class Columns(NamedTuple):
    """Columns of `jfb.runlog`, a row per epoch: float64, counts int64, latent weights (., n, n)."""

    train_loss: np.ndarray
    val_loss: np.ndarray
    train_accuracy: np.ndarray
    val_accuracy: np.ndarray
    train_seconds: np.ndarray
    iterations_mean: np.ndarray
    iterations_max: np.ndarray
    unconverged: np.ndarray
    latent_weight: np.ndarray


class Places(NamedTuple):
    """Where each layer begins in the vector of parameters."""

    latent_bias: int
    injection_weight: int
    injection_bias: int
    output_weight: int
    output_bias: int


@_inlined
def places(latent, inputs):
    """Where each layer begins; the latent weight begins at 0."""
    n, m = len(latent), len(inputs)
    weights = n * n + n
    bias = weights + n * m
    return Places(n * n, weights, bias, bias + n, bias + 2 * n)


@_inlined
def slots_of(size):
    """Columns that `size` samples take."""
    return (size + WIDTH - 1) // WIDTH * WIDTH


@_inlined
def fill(inputs, points, target, order, start, size, batch):
    """Put the samples order[start : start + size] of points (N, m) and target (N,) in columns."""
    for slot in range(slots_of(size)):
        # Unsigned, for an index that is never counted from the end.
        row = np.uint64(order[start + min(slot, size - 1)])
        for j in range(len(inputs)):
            batch.inputs[j, slot] = points[row, j]
        batch.target[slot] = target[row]
        batch.weight[slot] = slot < size


@_inlined
def inject(latent, inputs, parameters, d, slots, fixed):
    """Compute injection(d), with both biases of T added to it, and start from u = 0."""
    at = places(latent, inputs)
    zero = broadcast(_float32(0))
    for slot in range(0, slots, WIDTH):
        for i in range(len(latent)):
            value = broadcast(parameters[at.latent_bias + i] + parameters[at.injection_bias + i])
            for j in range(len(inputs)):
                weight = broadcast(parameters[at.injection_weight + i * len(inputs) + j])
                value = multiply_add(weight, load(d, (j, slot)), value)
            store(fixed.injected, (i, slot), value)
            store(fixed.image, (i, slot), zero)
        fixed.iterations[slot // WIDTH] = 0


@_inlined
def iterate(latent, parameters, fixed, slot, least, most, tolerance):
    """Apply T to one vector of samples until they pass, between `least` and `most` times in all.

    Returns:
        Iterations since u = 0, and whether |u - T(u; d)| < tolerance in every component.
    """
    n = len(latent)
    injected, u, image = registers(latent), registers(latent), registers(latent)
    for i in range(n):
        put(injected, i, load(fixed.injected, (i, slot)))
        put(image, i, load(fixed.image, (i, slot)))
    done, passed = fixed.iterations[slot // WIDTH], False
    while done < most and not passed:
        for i in range(n):
            put(u, i, get(image, i))
        for i in range(n):
            value = get(injected, i)
            for j in range(n):
                value = multiply_add(broadcast(parameters[i * n + j]), get(u, j), value)
            put(image, i, relu(value))
        done += 1
        if done >= least:
            passed = True
            for i in range(n):
                passed &= all_below(absolute(get(image, i) - get(u, i)), tolerance)
    for i in range(n):
        store(fixed.u, (i, slot), get(u, i))
        store(fixed.image, (i, slot), get(image, i))
    fixed.iterations[slot // WIDTH] = done
    return done, passed


@_inlined
def solve(latent, inputs, parameters, batch, slots, fixed, settings):
    """Picard's iteration u <- T(u; d) from u = 0 for a batch, with the rule of `jfb.solvers`.

    The rule asks for the first iteration at which every sample passes. Vectors of samples take
    turns: each goes on to the iteration that the search has come to, and if it does not pass
    there, on to the next at which it does, to which all others must then follow. Every iteration
    before has a vector that did not pass, so the search ends at the first at which all do, and
    most iterations of most vectors need no comparison.

    Returns:
        Iterations, and whether they converged. Where the limit stops them, u is the last image.
    """
    inject(latent, inputs, parameters, batch.inputs, slots, fixed)
    vectors, limit = slots // WIDTH, settings.max_iterations
    tolerance = broadcast(_float32(settings.tolerance))
    iterations, agreed, converged, vector = 1, 0, True, 0
    while agreed < vectors:
        done, passed = iterate(
            latent, parameters, fixed, vector * WIDTH, iterations, limit, tolerance
        )
        if done > iterations:
            iterations, agreed, converged = done, 0, True
        converged &= passed
        agreed += 1
        vector = vector + 1 if vector + 1 < vectors else 0
    if not converged:
        for slot in range(0, slots, WIDTH):
            iterate(latent, parameters, fixed, slot, limit + 1, limit + 1, tolerance)
    return iterations, converged


@_inlined
def error_of(latent, inputs, parameters, batch, fixed, slot):
    """The errors output(T(u; d)) - target of one vector of samples, 0 for a copy."""
    at = places(latent, inputs)
    y = broadcast(parameters[at.output_bias])
    for i in range(len(latent)):
        y = multiply_add(
            broadcast(parameters[at.output_weight + i]), load(fixed.image, (i, slot)), y
        )
    return where_positive(load(batch.weight, (slot,)), y - load(batch.target, (slot,)))


@_inlined
def score(error, weight, threshold, squares, accurate):
    """Add one vector of samples to the sum of squared errors and the number of accurate ones."""
    hit = where_at_most(absolute(error), threshold, weight)
    return multiply_add(error, error, squares), accurate + hit


@_inlined
def add(sums, parameter, x):
    """Add a vector x to the sum for a parameter."""
    store(sums, (parameter, 0), load(sums, (parameter, 0)) + x)


@_inlined
def add_product(sums, parameter, x, y):
    """Add x * y to the sum for a parameter."""
    store(sums, (parameter, 0), multiply_add(x, y, load(sums, (parameter, 0))))


@_inlined
def backward(latent, inputs, parameters, batch, size, threshold, work):
    """Write the JFB gradient of a solved batch to `work`, by the formulas of `jfb.gradients.JFB`.

    Returns:
        Sum of squared errors, number of accurate predictions.
    """
    n, m = len(latent), len(inputs)
    at = places(latent, inputs)
    fixed, sums, gradient = work.fixed, work.sums, work.gradient
    squares = accurate = zero = broadcast(_float32(0))
    scale, bound = broadcast(_float32(2) / _float32(size)), broadcast(_float32(threshold))
    for parameter in range(len(sums)):
        store(sums, (parameter, 0), zero)
    for slot in range(0, slots_of(size), WIDTH):
        error = error_of(latent, inputs, parameters, batch, fixed, slot)
        squares, accurate = score(error, load(batch.weight, (slot,)), bound, squares, accurate)
        dy = error * scale
        add(sums, at.output_bias, dy)
        for i in range(n):
            image = load(fixed.image, (i, slot))
            add_product(sums, at.output_weight + i, dy, image)
            dh = where_positive(image, dy * broadcast(parameters[at.output_weight + i]))
            add(sums, at.latent_bias + i, dh)
            for j in range(n):
                add_product(sums, i * n + j, dh, load(fixed.u, (j, slot)))
            for j in range(m):
                parameter = at.injection_weight + i * m + j
                add_product(sums, parameter, dh, load(batch.inputs, (j, slot)))
    for parameter in range(len(sums)):
        gradient[parameter] = sum_lanes(load(sums, (parameter, 0)))
    for i in range(n):
        gradient[at.injection_bias + i] = gradient[at.latent_bias + i]
    return sum_lanes(squares), sum_lanes(accurate)


@_inlined
def adam(settings, gradient, state):
    """One step of Adam (Kingma and Ba 2015, algorithm 1), as `jfb.optimisers.Adam` takes it."""
    state.powers[0] *= settings.beta1
    state.powers[1] *= settings.beta2
    step = broadcast(_float32(-settings.learning_rate / (1 - state.powers[0])))
    correction = broadcast(_float32(1 / np.sqrt(1 - state.powers[1])))
    epsilon = broadcast(_float32(settings.epsilon))
    keep = broadcast(_float32(settings.beta2))
    new_mean, new_square = (
        broadcast(_float32(1 - settings.beta1)),
        broadcast(_float32(1 - settings.beta2)),
    )
    for place in range(0, len(state.parameters), WIDTH):
        g, mean = load(gradient, (place,)), load(state.mean, (place,))
        mean = multiply_add(g - mean, new_mean, mean)
        square = multiply_add(g * g, new_square, load(state.square, (place,)) * keep)
        store(state.mean, (place,), mean)
        store(state.square, (place,), square)
        divisor = multiply_add(square_root(square), correction, epsilon)
        parameters = load(state.parameters, (place,))
        store(state.parameters, (place,), multiply_add(step, mean / divisor, parameters))


@_inlined
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


@compiled
def step_gradient(latent, inputs, settings, parameters, batch, size, work):
    """Write the JFB gradient of one batch to `work`.

    Returns:
        Mean squared error, iterations, and whether they converged.
    """
    iterations, converged = solve(
        latent, inputs, parameters, batch, slots_of(size), work.fixed, settings
    )
    threshold = settings.accuracy_threshold
    squares, _ = backward(latent, inputs, parameters, batch, size, threshold, work)
    return squares / size, iterations, converged


@compiled
def train_epochs(
    latent, inputs, settings, points, target, orders, validation, validation_size, state, work, log
):
    """Train for as many epochs as there are orders, or until the training loss is not finite.

    Args:
        latent, inputs: tuples of n and m items.
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
    count, threshold = len(target), settings.accuracy_threshold
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
            squares, accurate = backward(latent, inputs, parameters, batch, size, threshold, work)
            adam(settings, work.gradient, state)
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
        if loss < state.lowest[0]:
            state.lowest[0] = loss
            state.best[:] = parameters
        if not np.isfinite(loss):
            return epoch + 1
    return len(orders)
