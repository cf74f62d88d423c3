"""Sums over the samples of a batch, in the order in which PyTorch on x86-64 adds.

ATen sums in cascades: a running sum is put aside after every 16 rows, the sum of these after 256,
and of these after 4,096, so that rounding grows with the logarithm of the number of rows
(aten/src/ATen/native/cpu/SumKernel.cpp, `cascade_sum`). What a row is depends on how numbers lie in
memory. The 16 holds for up to half a million rows. Matrix products over a batch, by contrast, add
one sample after the other: see `gradient`.
"""

import numpy as np
from numba.extending import overload

from jfb.engines.fused.lanes import (
    WIDTH,
    broadcast,
    broadcast4,
    broadcast8,
    get,
    load_as,
    put,
    registers,
    store,
)
from jfb.storage.machine_code import INLINED, inlined

_float32 = np.float32
# Of row counts: whether a multiple of 16, of 256, of 4,096.
_16, _256, _4096 = 16 - 1, 256 - 1, 4096 - 1


@inlined
def _cascade(components, first, end, zero, x, rows, width, total):
    """Put in `total`, for components i from `first` to `end`, the sum of the rows of x[i].

    Args:
        components: tuple of n items.
        first, end: which of them.
        zero: vector of `width` zeros; or the number 0, with a width of 1.
        x: (n, slots).
        rows: number of vectors as wide as `zero` that are summed, from the first sample on.
        total: registers, n items.
    """
    running, sums, sums2, sums3 = (
        registers(components, zero),
        registers(components, zero),
        registers(components, zero),
        registers(components, zero),
    )
    for row in range(rows):
        for i in range(first, end):
            put(running, i, get(running, i) + load_as(zero, x, (i, row * width)))
        done = row + 1
        if done & _16 == 0:
            _put_aside(first, end, zero, running, sums)
            if done & _256 == 0:
                _put_aside(first, end, zero, sums, sums2)
                if done & _4096 == 0:
                    _put_aside(first, end, zero, sums2, sums3)
    for i in range(first, end):
        put(total, i, ((get(running, i) + get(sums, i)) + get(sums2, i)) + get(sums3, i))


@inlined
def _put_aside(first, end, zero, sums, level):
    for i in range(first, end):
        put(level, i, get(level, i) + get(sums, i))
        put(sums, i, zero)


@inlined
def _strided(components, first, end, x, size, out, place, room):
    """Four partial sums take turns; what does not fill the four goes to the first of them."""
    zero = broadcast4(_float32(0))
    total = registers(components, zero)
    _cascade(components, first, end, zero, x, size // 4, 4, total)
    for i in range(first, end):
        store(room, (i, 0), get(total, i))
        value = room[i, 0]
        for sample in range(size // 4 * 4, size):
            value += x[i, sample]
        out[place + i] = ((value + room[i, 1]) + room[i, 2]) + room[i, 3]


@inlined
def _one_by_one(components, first, end, x, size, out, place):
    total = registers(components, _float32(0))
    _cascade(components, first, end, _float32(0), x, size, 1, total)
    for i in range(first, end):
        out[place + i] = get(total, i)


@inlined
def sum_contiguous(components, x, size, out, place, room):
    """Write to out[place + i] the sum of x[i, :size], as ATen sums a contiguous vector.

    32 partial sums take turns, as four registers of eight; eight numbers more go to the first
    register, and those that do not fill it are summed by themselves. Arguments as `sum_columns`'s.
    """
    n = len(components)
    if size < 8:
        for i in range(n):
            out[place + i] = _few(x, i, size)
        return
    zero, zero8 = broadcast(_float32(0)), broadcast8(_float32(0))
    total = registers(components, zero)
    _cascade(components, 0, n, zero, x, size // WIDTH, WIDTH, total)
    for i in range(n):
        store(room, (i, 0), get(total, i))
        folded = load_as(zero8, room, (i, 0))
        for sample in range(size // WIDTH * WIDTH, size // 8 * 8, 8):
            folded = folded + load_as(zero8, x, (i, sample))
        for register in range(8, WIDTH, 8):
            folded = folded + load_as(zero8, room, (i, register))
        store(room, (i, 0), folded)
        value = _float32(0)
        for sample in range(size // 8 * 8, size):
            value += x[i, sample]
        for lane in range(8):
            value += room[i, lane]
        out[place + i] = value


@inlined
def _few(x, i, size):
    """The sum of fewer than eight numbers: that of four partial sums, as `_strided`'s."""
    whole = size // 4 * 4
    value = x[i, 0] if whole else _float32(0)
    for sample in range(whole, size):
        value += x[i, sample]
    return ((value + x[i, 1]) + x[i, 2]) + x[i, 3] if whole else value


def sum_columns(components, x, size, out, place, room):
    """Write to out[place + i] the sum of x[i, :size], as ATen sums a (size, n) tensor over axis 0.

    Eight columns at a time, or each that is left, have four partial sums that take turns; 32
    columns at a time, or four of fewer than eight, have one sum each. A single column is
    contiguous.

    Args:
        components: tuple of n items.
        x: (n, slots).
        out: vector, from `place` on.
        room: (n, WIDTH), written to.
    """
    raise NotImplementedError("only compiled code sums")


@overload(sum_columns, jit_options=INLINED)
def _(components, x, size, out, place, room):
    n = len(components)
    together = n // 32 * 32 if n >= 8 else n // 4 * 4
    if n == 1:
        return sum_contiguous.py_func
    if not together:

        def of_few(components, x, size, out, place, room):
            _strided(components, 0, n, x, size, out, place, room)

        return of_few

    def of_many(components, x, size, out, place, room):
        _one_by_one(components, 0, together, x, size, out, place)
        _strided(components, together, n, x, size, out, place, room)

    return of_many
