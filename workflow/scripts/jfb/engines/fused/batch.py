"""One batch: its fixed points, its errors, and its gradient, on vectors of samples.

The dimensions come as tuples of n and of m items whose values mean nothing: their lengths are part
of the compiled code's type, so that loops over components have constant bounds.
"""

from typing import NamedTuple

import numpy as np

from jfb.engines.fused.adjoint import adjoint
from jfb.engines.fused.cache import inlined
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
    store,
    sum_lanes,
    where_at_most,
    where_positive,
)

_float32 = np.float32


class Places(NamedTuple):
    """Where each layer begins in the vector of parameters."""

    latent_bias: int
    injection_weight: int
    injection_bias: int
    output_weight: int
    output_bias: int


@inlined
def places(latent, inputs):
    """Where each layer begins; the latent weight begins at 0."""
    n, m = len(latent), len(inputs)
    weights = n * n + n
    bias = weights + n * m
    return Places(n * n, weights, bias, bias + n, bias + 2 * n)


@inlined
def slots_of(size):
    """Columns that `size` samples take."""
    return (size + WIDTH - 1) // WIDTH * WIDTH


@inlined
def fill(inputs, points, target, order, start, size, batch):
    """Put the samples order[start : start + size] of points (N, m) and target (N,) in columns."""
    for slot in range(slots_of(size)):
        # Unsigned, for an index that is never counted from the end.
        row = np.uint64(order[start + min(slot, size - 1)])
        for j in range(len(inputs)):
            batch.inputs[j, slot] = points[row, j]
        batch.target[slot] = target[row]
        batch.weight[slot] = slot < size


@inlined
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


@inlined
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


@inlined
def solve(latent, inputs, parameters, batch, slots, fixed, settings):
    """Picard's iteration u <- T(u; d) from u = 0 for a batch, with the rule of `jfb.model.solvers`.

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


@inlined
def error_of(latent, inputs, parameters, batch, fixed, slot):
    """The errors output(T(u; d)) - target of one vector of samples, 0 for a copy."""
    at = places(latent, inputs)
    y = broadcast(parameters[at.output_bias])
    for i in range(len(latent)):
        y = multiply_add(
            broadcast(parameters[at.output_weight + i]), load(fixed.image, (i, slot)), y
        )
    return where_positive(load(batch.weight, (slot,)), y - load(batch.target, (slot,)))


@inlined
def score(error, weight, threshold, squares, accurate):
    """Add one vector of samples to the sum of squared errors and the number of accurate ones."""
    hit = where_at_most(absolute(error), threshold, weight)
    return multiply_add(error, error, squares), accurate + hit


@inlined
def add(sums, parameter, x):
    """Add a vector x to the sum for a parameter."""
    store(sums, (parameter, 0), load(sums, (parameter, 0)) + x)


@inlined
def add_product(sums, parameter, x, y):
    """Add x * y to the sum for a parameter."""
    store(sums, (parameter, 0), multiply_add(x, y, load(sums, (parameter, 0))))


@inlined
def backward(latent, inputs, parameters, batch, size, settings, work):
    """Write the gradient of a solved batch to `work`, by the formulas of `jfb.model.gradients`.

    Returns:
        Sum of squared errors, number of accurate predictions.
    """
    n, m = len(latent), len(inputs)
    at = places(latent, inputs)
    fixed, sums, gradient = work.fixed, work.sums, work.gradient
    squares = accurate = zero = broadcast(_float32(0))
    scale = broadcast(_float32(2) / _float32(size))
    bound = broadcast(_float32(settings.accuracy_threshold))
    w = registers(latent)
    work.patterns.count[0] = 0
    for parameter in range(len(sums)):
        store(sums, (parameter, 0), zero)
    for slot in range(0, slots_of(size), WIDTH):
        error = error_of(latent, inputs, parameters, batch, fixed, slot)
        squares, accurate = score(error, load(batch.weight, (slot,)), bound, squares, accurate)
        dy = error * scale
        add(sums, at.output_bias, dy)
        adjoint(
            latent,
            parameters,
            at.output_weight,
            settings.order,
            fixed.image,
            slot,
            work.patterns,
            w,
        )
        for i in range(n):
            image = load(fixed.image, (i, slot))
            add_product(sums, at.output_weight + i, dy, image)
            dh = where_positive(image, dy * get(w, i))
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
