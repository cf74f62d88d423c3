"""Random orders in compiled code: the permutations of `torch.randperm` and of NumPy's Generator.

Both generators are written out, MT19937 (Matsumoto and Nishimura 1998) and PCG64 XSL-RR (O'Neill
2014), so that an epoch's order is drawn in less time than the epoch takes.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from jfb.storage.machine_code import compiled, inlined

_32, _64 = np.uint32, np.uint64

_WORDS, _MIDDLE = 624, 397
_UPPER, _LOWER, _TWIST = _32(0x80000000), _32(0x7FFFFFFF), _32(0x9908B0DF)
_INITIAL = _32(1812433253)
_TEMPER_B, _TEMPER_C = _32(0x9D2C5680), _32(0xEFC60000)
_1, _7, _11, _15, _18, _30 = map(_32, (1, 7, 11, 15, 18, 30))


@compiled
def torch_orders(seeds, words, orders):
    """Write to row k of `orders` what torch.randperm draws from a generator seeded with seeds[k].

    Args:
        seeds: (epochs,) uint32.
        words: (624,) uint32, the state of the generator, written to.
        orders: (epochs, n) int64.
    """
    for epoch in range(len(seeds)):
        size = orders.shape[1]
        _seed(seeds[epoch], words)
        for place in range(size):
            orders[epoch, place] = place
        word = _WORDS
        for place in range(size - 1):
            if word == _WORDS:
                _twist(words)
                word = 0
            other = place + np.int64(_tempered(words[word]) % _32(size - place))
            word += 1
            kept = orders[epoch, place]
            orders[epoch, place] = orders[epoch, other]
            orders[epoch, other] = kept


@inlined
def _seed(seed, words):
    """Let the state be that after init_genrand(seed)."""
    word = seed
    words[0] = word
    for k in range(1, _WORDS):
        word = _32(_INITIAL * (word ^ (word >> _30)) + _32(k))
        words[k] = word


@inlined
def _twist(words):
    """The next 624 words of the state."""
    for k in range(_WORDS):
        following = words[k + 1 if k + 1 < _WORDS else 0]
        word = (words[k] & _UPPER) | (following & _LOWER)
        middle = words[k + _MIDDLE if k + _MIDDLE < _WORDS else k + _MIDDLE - _WORDS]
        words[k] = middle ^ (word >> _1) ^ (_TWIST if word & _1 else _32(0))


@inlined
def _tempered(word):
    word = word ^ (word >> _11)
    word = word ^ ((word << _7) & _TEMPER_B)
    word = word ^ ((word << _15) & _TEMPER_C)
    return word ^ (word >> _18)


_MULTIPLIER_HIGH, _MULTIPLIER_LOW = _64(0x2360ED051FC65DA4), _64(0x4385DF649FCCF645)


@compiled
def numpy_orders(state, halves, used, others, orders):
    """Write to each row of `orders` what Generator.permutation of a PCG64 draws next.

    Args:
        state: (4,) uint64: upper and lower half of the state and of the increment; moved on.
        halves: (k,) uint32, k even, the halves of draws, lower before upper.
        used: (1,) int64, number of halves that are used up; k at the start.
        others: (n,) uint32, written to.
        orders: (epochs, n) int64.
    """
    for epoch in range(len(orders)):
        size = orders.shape[1]
        place, at, mask = np.int64(size - 1), used[0], _1
        while mask < place:
            mask = (mask << _1) | _1
        # A draw above the place is rejected: the next is written over it. No branch, which would be
        # guessed wrong as often as draws are rejected.
        while place > 0:
            smaller = np.int64(mask >> _1)
            while place > smaller:
                if at == len(halves):
                    _draw(state, halves)
                    at = 0
                drawn = halves[at] & mask
                others[place] = drawn
                at += 1
                place -= np.int64(drawn) <= place
            mask >>= _1
        used[0] = at
        for place in range(size):
            orders[epoch, place] = place
        for place in range(size - 1, 0, -1):
            other = others[place]
            kept = orders[epoch, other]
            orders[epoch, other] = orders[epoch, place]
            orders[epoch, place] = kept


@inlined
def _draw(state, halves):
    """Fill `halves` with the next draws."""
    for k in range(0, len(halves), 2):
        high, low = _product(state[1], _MULTIPLIER_LOW)
        high += state[0] * _MULTIPLIER_LOW + state[1] * _MULTIPLIER_HIGH
        low += state[3]
        high += state[2] + _64(low < state[3])
        state[0], state[1] = high, low
        mixed, rotation = high ^ low, high >> _64(58)
        draw = (mixed >> rotation) | (mixed << ((_64(64) - rotation) & _64(63)))
        halves[k], halves[k + 1] = _32(draw), _32(draw >> _64(32))


@intrinsic
def _product(typing, a, b):
    """The upper and the lower 64 bits of a product of 64 bits each."""
    kind = types.UniTuple(types.uint64, 2)

    def lower(context, builder, sig, args):
        wide, word = ir.IntType(128), ir.IntType(64)
        product = builder.mul(*(builder.zext(arg, wide) for arg in args))
        halves = builder.trunc(builder.lshr(product, wide(64)), word), builder.trunc(product, word)
        return context.make_tuple(builder, kind, halves)

    return kind(types.uint64, types.uint64), lower
