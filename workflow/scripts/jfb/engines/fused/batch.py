"""One batch: its fixed points and its errors, on vectors of samples.

The dimensions come as tuples of n and of m items whose values mean nothing: their lengths are part
of the compiled code's type, so that loops over components have constant bounds.

Each operation is rounded by itself, in the order of the reference engine: products with a weight
are added one after the other, and then the biases.
"""

from typing import NamedTuple

import numpy as np

from jfb.engines.fused.lanes import (
    WIDTH,
    absolute,
    all_below,
    broadcast,
    get,
    load,
    put,
    registers,
    relu,
    same_bits,
    store,
)
from jfb.storage.machine_code import inlined

_float32 = np.float32

# A solve that takes longer is looked at whether its iterates come back, each time after so many
# more: a multiple of the period of 2 that a relu unit has whose own weight has passed -1.
_SETTLED, _ROUND = 64, 16


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


@inlined
def inject(latent, inputs, parameters, d, slots, fixed):
    """Compute injection(d)."""
    at = places(latent, inputs)
    for slot in range(0, slots, WIDTH):
        for i in range(len(latent)):
            weight = at.injection_weight + i * len(inputs)
            value = broadcast(parameters[weight]) * load(d, (0, slot))
            for j in range(1, len(inputs)):
                value = value + broadcast(parameters[weight + j]) * load(d, (j, slot))
            bias = broadcast(parameters[at.injection_bias + i])
            store(fixed.injected, (i, slot), value + bias)


@inlined
def start_from_zero(latent, slots, fixed):
    """Let the next solve start from u = 0."""
    zero = broadcast(_float32(0))
    for slot in range(0, slots, WIDTH):
        for i in range(len(latent)):
            store(fixed.image, (i, slot), zero)


@inlined
def start_from_memory(latent, memory, order, start, size, fixed):
    """Let the next solve start from rows order[start : start + size] of `memory` (N, n)."""
    for slot in range(slots_of(size)):
        row = np.uint64(order[start + min(slot, size - 1)])
        for i in range(len(latent)):
            fixed.image[i, slot] = memory[row, i]


@inlined
def keep_in_memory(latent, memory, order, start, size, fixed):
    """Write the points of a solve to the rows order[start : start + size] of `memory` (N, n)."""
    for slot in range(size):
        row = np.uint64(order[start + slot])
        for i in range(len(latent)):
            memory[row, i] = fixed.u[i, slot]


@inlined
def iterate(latent, parameters, fixed, slot, least, most, tolerance):
    """Apply T to one vector of samples until they pass, between `least` and `most` times in all.

    Iterates that come back bit by bit go round for good: whole rounds are counted, not computed.

    Returns:
        Iterations since the start, and whether |u - T(u; d)| < tolerance in every component.
    """
    n = len(latent)
    zero = broadcast(_float32(0))
    injected, u, image, earlier = (
        registers(latent, zero),
        registers(latent, zero),
        registers(latent, zero),
        registers(latent, zero),
    )
    for i in range(n):
        put(injected, i, load(fixed.injected, (i, slot)))
        put(image, i, load(fixed.image, (i, slot)))
    done, passed = fixed.iterations[slot // WIDTH], False
    settled = done + _SETTLED
    look = settled
    while done < most and not passed:
        for i in range(n):
            put(u, i, get(image, i))
        for i in range(n):
            value = broadcast(parameters[i * n]) * get(u, 0)
            for j in range(1, n):
                value = value + broadcast(parameters[i * n + j]) * get(u, j)
            bias = broadcast(parameters[n * n + i])
            put(image, i, relu((value + bias) + get(injected, i)))
        done += 1
        if done >= least:
            passed = True
            for i in range(n):
                passed &= all_below(absolute(get(image, i) - get(u, i)), tolerance)
        if done == look and not passed:
            back = done > settled
            for i in range(n):
                back &= same_bits(get(image, i), get(earlier, i))
                put(earlier, i, get(image, i))
            if back:
                done += rounds(done, least, most)
            look = done + _ROUND
    for i in range(n):
        store(fixed.u, (i, slot), get(u, i))
        store(fixed.image, (i, slot), get(image, i))
    fixed.iterations[slot // WIDTH] = done
    return done, passed


@inlined
def rounds(done, least, most):
    """Iterations after `done`, in whole rounds, that are known where iterates go round.

    The next to be compared is number `least`; if a whole round has been, none will pass.
    """
    if done < least:
        return (least - 1 - done) // _ROUND * _ROUND
    if done - _ROUND < least - 1:
        return 0
    return (most - done) // _ROUND * _ROUND


@inlined
def solve(latent, inputs, parameters, batch, slots, fixed, settings):
    """Picard's iteration u <- T(u; d) for a batch, with the rule of `jfb.model.solvers`.

    It starts from what lies in `fixed.image`.

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
    for vector in range(vectors):
        fixed.iterations[vector] = 0
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
def compare(latent, inputs, parameters, batch, fixed, size, errors):
    """Write the errors output(T(u; d)) - target of a batch, and their squares."""
    at = places(latent, inputs)
    bias = broadcast(parameters[at.output_bias])
    for slot in range(0, slots_of(size), WIDTH):
        y = broadcast(parameters[at.output_weight]) * load(fixed.image, (0, slot))
        for i in range(1, len(latent)):
            weight = broadcast(parameters[at.output_weight + i])
            y = y + weight * load(fixed.image, (i, slot))
        error = (y + bias) - load(batch.target, (slot,))
        store(errors.values, (slot,), error)
        store(errors.terms, (0, slot), error * error)


@inlined
def score(errors, size, settings):
    """Mean squared error, and share of accurate predictions, from errors and the sum of squares."""
    accurate = 0
    for sample in range(size):
        accurate += abs(errors.values[sample]) <= _float32(settings.accuracy_threshold)
    count = _float32(size)
    return np.float64(errors.sums[0] / count), np.float64(_float32(accurate) / count)
