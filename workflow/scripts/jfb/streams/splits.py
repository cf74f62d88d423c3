"""The split of a dataset, as the report's program draws it."""

import numpy as np

_32_BITS = (1 << 32) - 1


def generator(seed: int) -> np.random.MT19937:
    """PyTorch's generator: MT19937 seeded by init_genrand with the lower 32 bits of the seed."""
    seeded = np.random.RandomState(seed & _32_BITS).get_state(legacy=False)
    made = np.random.MT19937()
    made.state = seeded
    return made


def permutation(size: int, seed: int) -> np.ndarray:
    """The permutation (size,) int64 that PyTorch draws from a fresh generator with `seed`.

    Once for a dataset; an epoch's order is drawn by `jfb.streams.orders`.
    """
    order = list(range(size))
    draws = generator(seed).random_raw(max(size - 1, 0)).tolist()
    for place, draw in enumerate(draws):
        other = place + draw % (size - place)
        order[place], order[other] = order[other], order[place]
    return np.array(order, np.int64)
