"""Where the randomness of a run comes from. One module per stream, each with a class `Stream`.

A stream is opened by its module's name, so that a job loads the libraries of its own stream only.
"""

import importlib
from typing import Protocol

import numpy as np

from jfb import settings


class Stream(Protocol):
    """The random numbers of one run, in the order in which training asks for them."""

    def initial_parameters(self) -> np.ndarray:
        """The flat vector of initial parameters, (p,) float32, in the order of `jfb.layout`."""

    def orders(self, epochs: int) -> np.ndarray:
        """Orders of the training points in the next epochs: (epochs, n) int64, permutations."""


def open_stream(run: settings.Run) -> Stream:
    """The stream that `run` names, standing where the run starts."""
    return importlib.import_module(f"jfb.streams.{run.stream}").Stream(run)


class Recording:
    """A stream drawn once for several runs, one after the other, that would draw the same.

    Args:
        stream: standing where the runs start.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._initial = stream.initial_parameters()
        self._orders: list[np.ndarray] = []

    def play(self) -> Stream:
        """The stream from its start."""
        return _Playback(self)

    def initial_parameters(self) -> np.ndarray:
        """See `Stream`."""
        return self._initial.copy()

    def part(self, number: int, epochs: int) -> np.ndarray:
        """What the stream gave, or gives, when it was asked for orders for the `number`th time.

        Raises:
            ValueError: the run before asked for another number of orders there.
        """
        if number == len(self._orders):
            orders = self._stream.orders(epochs)
            # Thousands are kept: in the smallest integers that hold them.
            self._orders.append(orders.astype(np.min_scalar_type(orders.shape[1])))
        if len(self._orders[number]) != epochs:
            raise ValueError("runs that share a recording must ask for orders alike")
        return self._orders[number].astype(np.int64)


class _Playback:
    def __init__(self, recording: Recording) -> None:
        self.initial_parameters = recording.initial_parameters
        self._recording = recording
        self._asked = 0

    def orders(self, epochs: int) -> np.ndarray:
        self._asked += 1
        return self._recording.part(self._asked - 1, epochs)
