"""Seconds per epoch of each engine, at each batch size, at some stages of training."""

import dataclasses
import gc
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from jfb.config import settings
from jfb.engines.interface import open_engine
from jfb.measure import collector, machine
from jfb.measure.collector import Collector, FullCollections
from jfb.model import numerics
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots
from jfb.records.timing import COLUMNS
from jfb.streams.interface import Stream, open_stream

#: Epochs of the trial by which the length of measurements is set; the first of them compiles.
_TRIAL = 3
#: Epochs of a measurement, at least.
_FEWEST = 2


class _From:
    """The random numbers of a run that starts from given parameters."""

    def __init__(self, parameters: np.ndarray, stream: Stream) -> None:
        self._parameters = parameters
        self.orders = stream.orders

    def initial_parameters(self) -> np.ndarray:
        return self._parameters.copy()


class Case(NamedTuple):
    """One measurement."""

    round: int
    collector: Collector
    run: settings.Run
    stage: int
    engine: str


def cases(timing: settings.Timing, runs: Sequence[settings.Run]) -> list[Case]:
    """Every measurement, in the order in which they are made.

    A round has each of them once. Within it those of one collector follow one another; collectors
    and, of each, measurements come in a random order that is another in each round (from a fixed
    seed), so that full collections fall on other measurements.
    """
    rng = np.random.default_rng(0)
    ordered: list[Case] = []
    for round_ in range(timing.repeats):
        for k in rng.permutation(len(Collector)):
            mode = list(Collector)[k]
            block = [
                Case(round_, mode, run, stage, engine)
                for run in runs
                for stage in timing.stages
                for engine, wanted in timing.engines.items()
                if mode in wanted.collectors
            ]
            ordered += [block[place] for place in rng.permutation(len(block))]
    return ordered


def measure(
    timing: settings.Timing,
    runs: Mapping[settings.Run, Snapshots],
    training: Part,
    validation: Part,
    after_case: Callable[[int], None],
) -> pd.DataFrame:
    """Time the training part of epochs, on one thread.

    A measurement starts from the snapshot of the run that is nearest to its stage, since a fixed
    point takes another number of iterations later in training. It has as many epochs as a trial
    says that its seconds allow, at least two, unless the run diverges; what is compiled has been.

    Args:
        timing: engines with the seconds of a measurement and their collectors, stages (epochs), and
            rounds.
        runs: one per batch size, with the parameters along it.
        training, validation: the two parts of the data.
        after_case: called with the number of measurements made.

    Returns:
        A row per measurement, with the columns of `jfb.records.timing.COLUMNS`: engine, collector,
        batch_size, stage, round, epochs, seconds_per_epoch (training part); collections and
        collection_seconds, of full collections during the measurement, validation included;
        tracked_objects, those that a full collection walks at the start; load, the cores of the
        machine that were in use during the round; and the machine.
    """
    numerics.pin()
    epochs = {
        (run, engine): _epochs(
            wanted.seconds,
            _seconds(run, engine, _TRIAL, nearest(runs[run], 0), training, validation),
        )
        for run in runs
        for engine, wanted in timing.engines.items()
    }
    build = machine.blas_of(torch.__config__.show())
    here = machine.here(str(torch.__version__), build, torch.get_num_threads())
    rows = []
    for _, modes in itertools.groupby(cases(timing, list(runs)), lambda case: case.round):
        of_round = []
        with machine.CoresInUse() as in_use:
            for mode, block in itertools.groupby(modes, lambda case: case.collector):
                with collector.set_to(mode):
                    tracked = len(gc.get_objects())
                    for case in block:
                        number = epochs[case.run, case.engine]
                        start = nearest(runs[case.run], case.stage)
                        row = _measured(case, number, start, training, validation)
                        of_round.append(row | {"tracked_objects": tracked})
                        after_case(len(rows) + len(of_round))
        beside = {"load": in_use.mean, **dataclasses.asdict(here)}
        rows += [row | beside for row in of_round]
    return pd.DataFrame(rows)[COLUMNS]


def _measured(
    case: Case, epochs: int, parameters: np.ndarray, training: Part, validation: Part
) -> dict[str, object]:
    """One measurement, from some parameters."""
    with FullCollections() as full:
        seconds = _seconds(case.run, case.engine, epochs, parameters, training, validation)
    return {
        "engine": case.engine,
        "collector": str(case.collector),
        "batch_size": case.run.batch_size,
        "stage": case.stage,
        "round": case.round,
        "epochs": len(seconds),
        "seconds_per_epoch": seconds.mean(),
        "collections": full.count,
        "collection_seconds": full.seconds,
    }


def nearest(kept: Snapshots, stage: int) -> np.ndarray:
    """The parameters (p,) of the snapshot that is nearest to an epoch."""
    return kept.parameters[np.abs(kept.epochs - stage).argmin()]


def _epochs(wanted: float, first: np.ndarray) -> int:
    """Epochs of a measurement that is to take `wanted` seconds, by those of a trial's epochs."""
    if len(first) < _TRIAL:
        # The run diverges, and ends with it.
        return _FEWEST
    # The first compiles; a full collection can stall one of the others.
    return max(_FEWEST, round(wanted / first[1:].min()))


def _seconds(
    run: settings.Run,
    engine: str,
    epochs: int,
    parameters: np.ndarray,
    training: Part,
    validation: Part,
) -> np.ndarray:
    """Seconds of the training part of each of some epochs."""
    timed = dataclasses.replace(run, engine=engine, epochs=epochs)
    stream = _From(parameters, open_stream(timed))
    outcome = open_engine(timed)(timed, stream, training, validation, lambda row: None)
    return outcome.log["train_seconds"]
