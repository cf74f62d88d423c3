"""One stream for several runs that would draw the same numbers."""

import numpy as np

from jfb.streams.interface import Stream

_EPOCHS_AT_ONCE = 32


class Recording:
    """A stream that is drawn once, and played from its start to one run after the other.

    Args:
        stream: standing where the runs start.
        epochs: number of orders to draw.
        size: number of training points.
    """

    def __init__(self, stream: Stream, epochs: int, size: int) -> None:
        self._initial = stream.initial_parameters()
        self._orders = np.empty((epochs, size), dtype=np.min_scalar_type(size))
        for start in range(0, epochs, _EPOCHS_AT_ONCE):
            part = self._orders[start : start + _EPOCHS_AT_ONCE]
            part[:] = stream.orders(len(part))

    def play(self) -> Stream:
        """The stream from its start."""
        return _Playback(self._initial, self._orders)


class _Playback:
    def __init__(self, initial: np.ndarray, orders: np.ndarray) -> None:
        self._initial = initial
        self._orders = orders
        self._drawn = 0

    def initial_parameters(self) -> np.ndarray:
        return self._initial.copy()

    def orders(self, epochs: int) -> np.ndarray:
        self._drawn += epochs
        return self._orders[self._drawn - epochs : self._drawn].astype(np.int64)
