"""Active and switching latent units along runs, and the kinks of the function that they make."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jfb import fixed_points, lines, settings
from jfb.dataset import Part
from jfb.snapshots import Snapshots, epochs_of
from jfb.summary import DIVERGED_ABOVE


class Row(NamedTuple):
    """A snapshot of a run.

    `updates` is the number of updates of the parameters until then. `active_units` are the latent
    units that are above 0 at the fixed point of a training point at least, and `switching_units`
    those of them that are not at every training point. `function_kinks` is how often the slope of
    the output changes along the line of the training points, and `flat_pieces` how many of the
    pieces between have slope 0 (`jfb.lines.slopes`): both None where the points are on no line.
    The two counts differ: a unit can switch on and off again, and n units can have up to 2^n
    pieces. `loss` is the mean squared error on all training points.

    All are of exact fixed points (`jfb.fixed_points`); `converged` says whether every point has
    one. `diverged` says whether the run has by then: it ended before, its parameters are not
    finite, or its loss is above 1e6. Without fixed points there is nothing to count: counts are
    None.
    """

    batch_size: int
    seed: int
    epoch: int
    updates: int
    active_units: int | None
    switching_units: int | None
    function_kinks: int | None
    flat_pieces: int | None
    loss: float
    converged: bool
    diverged: bool


_TYPES = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), int | None: pa.int64()}
SCHEMA = pa.schema(
    [
        pa.field(name, _TYPES[kind], nullable=kind == int | None)
        for name, kind in Row.__annotations__.items()
    ]
)


def along(run: settings.Run, snapshots: Snapshots, training: Part) -> list[Row]:
    """Count units and kinks of each snapshot of a run, on all training points.

    A run that diverges has no snapshots after: it has rows for them all the same.
    """
    line = lines.through(training.inputs)
    updates = math.ceil(len(training) / run.batch_size)
    none = (None,) * 4
    rows = []
    for epoch, parameters in zip(snapshots.epochs, snapshots.parameters, strict=True):
        found = fixed_points.find(parameters, run.network, training.inputs)
        loss = fixed_points.mean_squared_error(
            found.point, parameters, run.network, training.target
        )
        place = run.batch_size, run.seed, int(epoch), int(epoch) * updates
        diverged = has_diverged(parameters, loss)
        counted = none
        if found.unique and not diverged:
            counted = counts(found.point, parameters, run.network, line)
        rows.append(Row(*place, *counted, loss, found.unique, diverged))
    for epoch in epochs_of(run)[len(rows) :]:
        place = run.batch_size, run.seed, int(epoch), int(epoch) * updates
        rows.append(Row(*place, *none, math.nan, False, True))
    return rows


def has_diverged(parameters: np.ndarray, loss: float) -> bool:
    """Whether a network is what a diverged run leaves: of its parameters (p,), and its loss."""
    return not np.isfinite(parameters).all() or loss > DIVERGED_ABOVE


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
    slopes = lines.slopes(point, parameters, network, line)
    return *units, len(slopes) - 1, int((slopes == 0).sum())


def to_table(rows: list[Row]) -> pa.Table:
    """The rows as a table."""
    columns = [pa.array([row[k] for row in rows], field.type) for k, field in enumerate(SCHEMA)]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def of_runs(
    runs: list[tuple[settings.Run, Snapshots]], training: Part, after_run: Callable[[int], None]
) -> pa.Table:
    """A row per run and snapshot; `after_run` is called with the number of runs done."""
    rows: list[Row] = []
    for done, (run, snapshots) in enumerate(runs, start=1):
        rows += along(run, snapshots, training)
        after_run(done)
    return to_table(rows)
