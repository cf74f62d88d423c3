"""The adjoint w of `jfb.model.adjoints`, for one vector of samples.

Here v is dL/dy W_output. jfb and the Neumann series round as in the reference engine. The implicit
adjoint is solved for once per pattern of active units, for v = W_output, and scaled by dL/dy.
"""

import numpy as np

from jfb.engines.fused.arrays import IMPLICIT
from jfb.engines.fused.lanes import (
    WIDTH,
    broadcast,
    get,
    load,
    mask_positive,
    put,
    registers,
    where_positive,
)
from jfb.storage.machine_code import inlined

_float32 = np.float32


@inlined
def adjoint(latent, parameters, output_weight, order, dy, image, slot, patterns, w):
    """Put the adjoints of one vector of samples in the registers `w`.

    Args:
        latent: tuple of n items.
        parameters: of the network, the latent weight first.
        output_weight: where in them the output weight begins.
        order: of the Neumann series, or IMPLICIT.
        dy: dL/dy, a vector.
        image: (n, slots) T(u; d), positive where a unit is active.
        slot: of the first sample.
        patterns: those of the batch that are known.
    """
    if order == IMPLICIT:
        _implicit(latent, parameters, output_weight, image, slot, patterns)
        for i in range(len(latent)):
            put(w, i, dy * load(patterns.lanes, (i, 0)))
    else:
        _neumann(latent, parameters, output_weight, order, dy, image, slot, w)


@inlined
def _neumann(latent, parameters, output_weight, order, dy, image, slot, w):
    n = len(latent)
    one = broadcast(_float32(1))
    through = registers(latent, one)
    for i in range(n):
        put(w, i, dy * broadcast(parameters[output_weight + i]))
    for _ in range(order):
        for i in range(n):
            put(through, i, get(w, i) * where_positive(load(image, (i, slot)), one))
        for j in range(n):
            value = get(through, 0) * broadcast(parameters[j])
            for i in range(1, n):
                value = value + get(through, i) * broadcast(parameters[i * n + j])
            put(w, j, dy * broadcast(parameters[output_weight + j]) + value)


@inlined
def _implicit(latent, parameters, output_weight, image, slot, patterns):
    """Write the adjoints to `patterns.lanes`, solving for each pattern of active units once.

    J = diag(active) W depends on a sample by its pattern only, of which a batch has few.
    """
    n = len(latent)
    active = patterns.active
    active[:] = 0
    for i in range(n):
        mask = mask_positive(load(image, (i, slot)))
        for lane in range(WIDTH):
            active[lane] |= ((mask >> np.uint32(lane)) & np.uint32(1)) << np.uint32(i)
    for lane in range(WIDTH):
        known = patterns.count[0]
        place = 0
        while place < known and patterns.keys[place] != active[lane]:
            place += 1
        if place == known:
            patterns.keys[place] = active[lane]
            _solve(latent, parameters, output_weight, active[lane], patterns, place)
            patterns.count[0] += 1
        for i in range(n):
            patterns.lanes[i, lane] = patterns.adjoints[place, i]


@inlined
def _solve(latent, parameters, output_weight, active, patterns, place):
    """Solve (I - W^T diag(active)) w = W_output by elimination with partial pivoting."""
    n, system = len(latent), patterns.system
    for i in range(n):
        for j in range(n):
            weight = np.float64(parameters[j * n + i]) if (active >> np.uint32(j)) & 1 else 0.0
            system[i, j] = (1.0 if i == j else 0.0) - weight
        system[i, n] = parameters[output_weight + i]
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(system[i, k]) > abs(system[pivot, k]):
                pivot = i
        for j in range(k, n + 1):
            system[k, j], system[pivot, j] = system[pivot, j], system[k, j]
        for i in range(k + 1, n):
            factor = system[i, k] / system[k, k]
            for j in range(k, n + 1):
                system[i, j] -= factor * system[k, j]
    for k in range(n - 1, -1, -1):
        value = system[k, n]
        for j in range(k + 1, n):
            value -= system[k, j] * system[j, n]
        system[k, n] = value / system[k, k]
        patterns.adjoints[place, k] = np.float32(system[k, n])
