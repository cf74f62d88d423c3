"""Where the randomness of a run comes from. One module per stream, each with a class `Stream`.

A stream is opened by its module's name, so that a job loads the libraries of its own stream only.
"""

import importlib
from typing import Protocol

import numpy as np

from jfb.config import settings


class Stream(Protocol):
    """The random numbers of one run, in the order in which training asks for them."""

    def initial_parameters(self) -> np.ndarray:
        """The flat vector of initial parameters, (p,) float32, see `jfb.records.layout`."""

    def orders(self, epochs: int) -> np.ndarray:
        """Orders of the training points in the next epochs: (epochs, n) int64, permutations."""


def open_stream(run: settings.Run) -> Stream:
    """The stream that `run` names, standing where the run starts."""
    return importlib.import_module(f"jfb.streams.{run.stream}").Stream(run)
