"""Ways to carry out a run. One module per engine, each with a function `train`.

An engine is opened by its module's name, so that a job loads the libraries of its own engine only.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jfb import settings
from jfb.dataset import Part
from jfb.runlog import Epoch


@dataclass(frozen=True)
class Outcome:
    """What a run leaves.

    `epochs` has a row per epoch, and ends early where the training loss became non-finite.
    `best` and `final` are flat parameter vectors, (p,) float32, in the order of `jfb.layout`:
    at the end of the epoch with the lowest training loss, and at the end of the run.
    `versions` are those of the libraries that computed it.
    """

    epochs: Sequence[Epoch]
    best: np.ndarray
    best_epoch: int
    final: np.ndarray
    versions: Mapping[str, str]


#: Carries out a run on the training and the validation part, and calls back with each row.
Train = Callable[[settings.Run, Part, Part, Callable[[Epoch], None]], Outcome]


def open_engine(run: settings.Run) -> Train:
    """The function that carries out `run` with the engine that it names."""
    return importlib.import_module(f"jfb.engines.{run.engine}").train
