"""Active and switching latent units along runs, and the kinks of the function that they make."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from jfb.config import settings
from jfb.measure import lines
from jfb.measure.along import Along, networks, table
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots
from jfb.records.units import SCHEMA, Row


def along(run: settings.Run, snapshots: Snapshots, training: Part) -> list[Row]:
    """Count units and kinks of each snapshot of a run, on all training points.

    See `jfb.measure.along.networks` for a run that diverges.
    """
    line = lines.through(training.inputs)
    rows = []
    for one in networks(run, snapshots, training):
        counted = (None,) * 4
        if one.point is not None:
            counted = counts(one.point, one.parameters, run.network, line)
        place = run.batch_size, run.seed, one.epoch, one.updates
        rows.append(Row(*place, *counted, one.loss, one.unique, one.diverged))
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
