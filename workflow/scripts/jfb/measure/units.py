"""Active and switching latent units along runs, and the kinks of the function that they make."""

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from jfb.config import settings
from jfb.measure import lines
from jfb.measure.along import Along, table
from jfb.model import fixed_points
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots, epochs_of
from jfb.records.summary import network_diverged
from jfb.records.units import SCHEMA, Row


def along(run: settings.Run, snapshots: Snapshots, training: Part) -> list[Row]:
    """Count units and kinks of each snapshot of a run, on all training points.

    A run that diverges has no snapshots after: it has rows for them all the same.
    """
    line = lines.through(training.inputs)
    none = (None,) * 4
    rows = []
    for epoch, parameters in zip(snapshots.epochs, snapshots.parameters, strict=True):
        found = fixed_points.find(parameters, run.network, training.inputs)
        loss = fixed_points.mean_squared_error(
            found.point, parameters, run.network, training.target
        )
        place = run.batch_size, run.seed, int(epoch), run.updates_by(int(epoch), len(training))
        diverged = network_diverged(parameters, loss)
        counted = none
        if found.unique and not diverged:
            counted = counts(found.point, parameters, run.network, line)
        rows.append(Row(*place, *counted, loss, found.unique, diverged))
    for epoch in epochs_of(run)[len(rows) :]:
        place = run.batch_size, run.seed, int(epoch), run.updates_by(int(epoch), len(training))
        rows.append(Row(*place, *none, math.nan, False, True))
    return rows


def counts(
    point: np.ndarray,
    parameters: np.ndarray,
    network: settings.Network,
    line: lines.Line | None,
) -> tuple[int, int, int | None, int | None]:
    """Active and switching units, kinks of the function and its flat pieces, as in `Row`.

    Args:
        point: (size, n) fixed point u* of each sample.
        parameters: (p,) flat vector.
        network: its dimensions, with relu.
        line: of the samples; without one the last two are None.
    """
    active = point > 0
    anywhere, everywhere = active.any(axis=0), active.all(axis=0)
    units = int(anywhere.sum()), int((anywhere & ~everywhere).sum())
    if line is None:
        return *units, None, None
    slopes = lines.pieces(point, parameters, network, line).slope
    return *units, len(slopes) - 1, int((slopes == 0).sum())


def of_runs(runs: Along, training: Part, after_run: Callable[[int], None]) -> pa.Table:
    """The rows of every run, see `jfb.measure.along.table`."""
    return table(along, SCHEMA, runs, training, after_run)
