"""Seconds per epoch of each engine, at each batch size, at some stages of training."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from jfb import settings, table1
from jfb.dataset import Part
from jfb.engines import open_engine
from jfb.snapshots import Snapshots
from jfb.streams import Stream, open_stream

#: The engine that stands for the published column.
PUBLISHED = table1.SOURCE_PUBLISHED


class _From:
    """The random numbers of a run that starts from given parameters."""

    def __init__(self, parameters: np.ndarray, stream: Stream) -> None:
        self._parameters = parameters
        self.orders = stream.orders

    def initial_parameters(self) -> np.ndarray:
        return self._parameters.copy()


def cases(
    timing: settings.Timing, runs: Sequence[settings.Run]
) -> Iterator[tuple[int, settings.Run, int, str]]:
    """Round, run, stage and engine of each measurement, in the order in which they are made."""
    for round_ in range(timing.repeats):
        for run in runs:
            for stage in timing.stages:
                for engine in timing.epochs:
                    yield round_, run, stage, engine


def measure(
    timing: settings.Timing,
    runs: Mapping[settings.Run, Snapshots],
    training: Part,
    validation: Part,
    after_case: Callable[[int], None],
) -> pd.DataFrame:
    """Time the training part of epochs, on one thread; engines, stages, batch sizes take turns.

    A measurement starts from the snapshot of the run that is nearest to its stage, since a fixed
    point takes another number of iterations later in training. What is compiled has been.

    Args:
        timing: epochs of a measurement by engine, stages (epochs), and rounds.
        runs: one per batch size, with the parameters along it.
        training, validation: the two parts of the data.
        after_case: called with the number of measurements made.

    Returns:
        A row per measurement: engine, batch_size, stage, round, epochs, seconds_per_epoch.
    """
    for run in runs:
        for engine in timing.epochs:
            _seconds(run, engine, 1, nearest(runs[run], 0), training, validation)
    rows = []
    for done, (round_, run, stage, engine) in enumerate(cases(timing, list(runs)), start=1):
        start, epochs = nearest(runs[run], stage), timing.epochs[engine]
        seconds = _seconds(run, engine, epochs, start, training, validation)
        rows.append((engine, run.batch_size, stage, round_, epochs, seconds / epochs))
        after_case(done)
    columns = ["engine", "batch_size", "stage", "round", "epochs", "seconds_per_epoch"]
    return pd.DataFrame(rows, columns=columns)


def nearest(kept: Snapshots, stage: int) -> np.ndarray:
    """The parameters (p,) of the snapshot that is nearest to an epoch."""
    return kept.parameters[np.abs(kept.epochs - stage).argmin()]


def _seconds(
    run: settings.Run,
    engine: str,
    epochs: int,
    parameters: np.ndarray,
    training: Part,
    validation: Part,
) -> float:
    """Seconds of the training part of some epochs."""
    timed = dataclasses.replace(run, engine=engine, epochs=epochs)
    stream = _From(parameters, open_stream(timed))
    outcome = open_engine(timed)(timed, stream, training, validation, lambda row: None)
    return outcome.log["train_seconds"].sum()


def with_published(timing: pd.DataFrame) -> pd.DataFrame:
    """The measurements, and the published column as the one of an engine `published`."""
    column = table1.PUBLISHED
    rows = pd.DataFrame(
        {
            "engine": PUBLISHED,
            "batch_size": column["batch_size"],
            "round": 0,
            "seconds_per_epoch": column["training_seconds"] / table1.PUBLISHED_EPOCHS,
        }
    )
    return pd.concat([timing, rows[rows["batch_size"].isin(timing["batch_size"])]])


def by_round(timing: pd.DataFrame) -> pd.DataFrame:
    """Mean seconds per epoch over the stages: engine, batch_size, round, seconds_per_epoch."""
    keys = ["engine", "batch_size", "round"]
    return timing.groupby(keys, sort=False)["seconds_per_epoch"].mean().reset_index()


def summarised(timing: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """What `epochs` epochs take: engine, batch_size, median, lowest and highest over rounds.

    Args:
        timing: as `measure` returns it.
        epochs: of a run.
    """
    seconds = by_round(timing).assign(seconds=lambda t: t["seconds_per_epoch"] * epochs)
    groups = seconds.groupby(["engine", "batch_size"], sort=False)["seconds"]
    return groups.agg(median="median", lowest="min", highest="max").reset_index()


def relative(timing: pd.DataFrame) -> pd.DataFrame:
    """Seconds over those of the largest batch size in the same round, summarised alike."""
    rounds = by_round(timing)
    wide = rounds.pivot(index=["engine", "round"], columns="batch_size", values="seconds_per_epoch")
    ratios = wide.div(wide[wide.columns.max()], axis=0).stack().rename("ratio").reset_index()
    groups = ratios.groupby(["engine", "batch_size"], sort=False)["ratio"]
    return groups.agg(median="median", lowest="min", highest="max").reset_index()
