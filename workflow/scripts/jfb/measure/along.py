"""The networks along the runs of a study, at its snapshots, and what is measured of them."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from jfb.config import settings
from jfb.model import fixed_points
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots, epochs_of
from jfb.records.summary import network_diverged
from jfb.storage import parquet

Along = Sequence[tuple[settings.Run, Snapshots]]


def table(
    of_run: Callable[[settings.Run, Snapshots, Part], Sequence[Any]],
    schema: pa.Schema,
    runs: Along,
    training: Part,
    after_run: Callable[[int], None],
) -> pa.Table:
    """The rows of each run, one after the other.

    Args:
        of_run: from a run, its snapshots and the training points to its rows.
        schema: of the rows.
        runs: with their snapshots.
        training: all training points.
        after_run: told how many are done.
    """
    rows = []
    for done, (run, snapshots) in enumerate(runs, start=1):
        rows += of_run(run, snapshots, training)
        after_run(done)
    return parquet.from_rows(rows, schema)


class Network(NamedTuple):
    """The network of a snapshot, on all training points.

    `parameters` (p,) and the fixed points `point` (size, n) are those of a network that has not
    diverged and has one fixed point at every point, and None otherwise. The exact `loss`, its mean
    squared error, is NaN where a run has diverged before.
    """

    epoch: int
    updates: int
    loss: float
    unique: bool
    diverged: bool
    parameters: np.ndarray | None = None
    point: np.ndarray | None = None


def networks(run: settings.Run, kept: Snapshots, training: Part) -> Iterator[Network]:
    """The network of each snapshot of a run.

    A run that diverges has no snapshots after: it has an entry for each of them all the same.
    """
    for epoch, parameters in zip(kept.epochs.tolist(), kept.parameters, strict=True):
        found = fixed_points.find(parameters, run.network, training.inputs)
        loss = fixed_points.mean_squared_error(
            found.point, parameters, run.network, training.target
        )
        diverged = network_diverged(parameters, loss)
        told = epoch, run.updates_by(epoch, len(training)), loss, found.unique, diverged
        known = found.unique and not diverged
        yield Network(*told, parameters, found.point) if known else Network(*told)
    for epoch in epochs_of(run)[len(kept.epochs) :].tolist():
        yield Network(epoch, run.updates_by(epoch, len(training)), math.nan, False, True)
