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

    def order(self) -> np.ndarray:
        """The order of the training points in the next epoch: (n,) int64, a permutation."""


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

    def _order(self, epoch: int) -> np.ndarray:
        if epoch == len(self._orders):
            order = self._stream.order()
            # Thousands of orders are kept: in the smallest integers that hold them.
            self._orders.append(order.astype(np.min_scalar_type(len(order))))
        return self._orders[epoch]


class _Playback:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._epoch = 0

    def initial_parameters(self) -> np.ndarray:
        return self._recording._initial.copy()

    def order(self) -> np.ndarray:
        self._epoch += 1
        return self._recording._order(self._epoch - 1).astype(np.int64)
