"""Ways to carry out a run. One module per engine, each with a function `train`.

An engine is opened by its module's name, so that a job loads the libraries of its own engine only.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from jfb.config import settings
from jfb.config.choices import Engine
from jfb.records import layout, runlog
from jfb.records.dataset import Part
from jfb.records.runlog import Epoch
from jfb.records.snapshots import Snapshots
from jfb.streams.interface import Stream


@dataclass(frozen=True)
class Outcome:
    """What a run leaves.

    `log` has the columns of `jfb.records.runlog.Epoch`, a row per epoch, and ends early where the
    training loss became non-finite, or the optimiser ended the run: `ended` says why, one of
    `jfb.records.runlog.ENDS`; None where none did. `best` and `final` are flat parameter vectors,
    (p,) float32, in the order of `jfb.records.layout`: at the end of the epoch with the lowest
    training loss, and at the end of the run. `snapshots` are those of the epochs that the run
    names, as far as it came. `shapes` are those of the parameters. `versions` are those of the
    libraries that computed it.
    """

    log: Mapping[str, np.ndarray]
    best: np.ndarray
    final: np.ndarray
    snapshots: Snapshots
    shapes: layout.Shapes
    versions: Mapping[str, str]
    ended: str | None = None

    @property
    def best_epoch(self) -> int:
        """The epoch after which the parameters were `best`; 0 where they are the initial ones."""
        return runlog.best_epoch(self.log["train_loss"])


#: Carries out a run on the training and the validation part with the random numbers of a stream,
#: and calls back with rows as they come.
Train = Callable[[settings.Run, Stream, Part, Part, Callable[[Epoch], None]], Outcome]


def open_engine(run: settings.Run) -> Train:
    """The function that carries out `run` with the engine that it names."""
    return importlib.import_module(Engine.all()[run.engine].module).train
