"""The gradient of a solved batch, by the formulas of `jfb.model.gradients` and in their order.

Matrix products over a batch add one sample after the other, as Intel MKL's do for up to six
latent units in the mode that `jfb.model.numerics` asks for. With more units and many samples it
multiplies blocks, in another order.
"""

import numpy as np

from jfb.engines.fused.adjoint import adjoint
from jfb.engines.fused.batch import places, slots_of
from jfb.engines.fused.lanes import (
    WIDTH,
    broadcast,
    broadcast8,
    get,
    load,
    load_as,
    put,
    registers,
    store,
    transpose8,
    where_positive,
)
from jfb.engines.fused.sums import sum_columns, sum_contiguous
from jfb.storage.machine_code import inlined

_float32 = np.float32


@inlined
def backward(latent, inputs, parameters, size, settings, work):
    """Write the gradient of a batch to `work.gradient`, and the sums of its errors.

    The batch is `work.batch`, solved, and compared with its target.
    """
    n, m = len(latent), len(inputs)
    at = places(latent, inputs)
    fixed, errors, sums, gradient = work.fixed, work.errors, work.backward, work.gradient
    scale, one = broadcast(_float32(2.0 / size)), broadcast(_float32(1))
    zero, zero8 = broadcast(_float32(0)), broadcast8(_float32(0))
    w = registers(latent, zero)
    work.patterns.count[0] = 0
    for i in range(n):
        sums.output[i] = 0
        for column in range(0, sums.latent.shape[1], 8):
            store(sums.latent, (i, column), zero8)
    for slot in range(0, slots_of(size), WIDTH):
        dy = load(errors.values, (slot,)) * scale
        store(errors.terms, (1, slot), dy)
        adjoint(
            latent,
            parameters,
            at.output_weight,
            settings.order,
            dy,
            fixed.image,
            slot,
            work.patterns,
            w,
        )
        for i in range(n):
            # Not a choice between two: 0 times infinity is NaN, as in PyTorch.
            active = where_positive(load(fixed.image, (i, slot)), one)
            store(sums.dh, (i, slot), get(w, i) * active)
        add_products(latent, inputs, slot, min(WIDTH, size - slot), fixed.image, errors, sums)
    sum_contiguous((None, None), errors.terms, size, errors.sums, 0, sums.partial)
    sum_columns(latent, sums.dh, size, gradient, at.latent_bias, sums.partial)
    for i in range(n):
        for j in range(n):
            gradient[i * n + j] = sums.latent[i, j]
        for j in range(m):
            gradient[at.injection_weight + i * m + j] = sums.latent[i, n + j]
        gradient[at.injection_bias + i] = gradient[at.latent_bias + i]
        gradient[at.output_weight + i] = sums.output[i]
    gradient[at.output_bias] = errors.sums[1]


@inlined
def add_products(latent, inputs, slot, count, image, errors, sums):
    """Add dh (u, d)^T and dL/dy a of `count` samples from `slot` on, one after the other.

    A sample's u and d are made a row first, so that one operation adds to the sums of eight
    weights: each sum waits for the one before, and the eight wait together.
    """
    n, columns = len(latent), (len(latent) + len(inputs) + 7) // 8 * 8
    zero8 = broadcast8(_float32(0))
    for column in range(0, columns, 8):
        for row in range(0, WIDTH, 8):
            transpose8(sums.columns, (column, slot + row), sums.rows, (row, column))
    latent_sums, output_sums = registers(latent, zero8), registers(latent, _float32(0))
    for column in range(0, columns, 8):
        for i in range(n):
            put(latent_sums, i, load_as(zero8, sums.latent, (i, column)))
            put(output_sums, i, sums.output[i])
        for sample in range(count):
            row = load_as(zero8, sums.rows, (sample, column))
            for i in range(n):
                dh = broadcast8(sums.dh[i, slot + sample])
                put(latent_sums, i, get(latent_sums, i) + dh * row)
                if column == 0:
                    dy = errors.terms[1, slot + sample]
                    put(output_sums, i, get(output_sums, i) + dy * image[i, slot + sample])
        for i in range(n):
            store(sums.latent, (i, column), get(latent_sums, i))
            sums.output[i] = get(output_sums, i)
