"""The corners of the function that a network is, along the runs of a study."""

import numpy as np

from jfb.config import settings
from jfb.measure import lines
from jfb.measure.along import level_of
from jfb.model import fixed_points
from jfb.records.dataset import Part
from jfb.records.pieces import SCHEMA, Row
from jfb.records.snapshots import Snapshots, epochs_of
from jfb.records.summary import network_diverged

__all__ = ["SCHEMA", "along", "corners"]


def corners(pieces: lines.Pieces, line: lines.Line) -> tuple[np.ndarray, np.ndarray]:
    """Positions and values of the corners, (k + 1,) of k pieces."""
    ends = line.position[[0, -1]]
    positions = np.concatenate([ends[:1], pieces.kinks, ends[1:]])
    of_piece = np.append(np.arange(len(pieces.slope)), len(pieces.slope) - 1)
    return positions, pieces.slope[of_piece] * positions + pieces.offset[of_piece]


def along(run: settings.Run, kept: Snapshots, training: Part, _: Part) -> list[Row]:
    """A row for each corner of each snapshot of a run.

    A run that diverges has no snapshots after: it has a row for each of them all the same.
    """
    line = lines.through(training.inputs)
    rows = []
    for epoch, parameters in zip(kept.epochs.tolist(), kept.parameters, strict=True):
        found = fixed_points.find(parameters, run.network, training.inputs)
        loss = fixed_points.mean_squared_error(
            found.point, parameters, run.network, training.target
        )
        diverged = network_diverged(parameters, loss)
        place = level_of(run), run.batch_size, run.seed, epoch
        place = *place, run.updates_by(epoch, len(training)), loss, found.unique, diverged
        if line is None or not found.unique or diverged:
            rows.append(Row(*place, None, None, np.nan, np.nan))
            continue
        pieces = lines.pieces(found.point, parameters, run.network, line)
        counts = len(pieces.slope) - 1, int((pieces.slope == 0).sum())
        at = zip(*(values.tolist() for values in corners(pieces, line)), strict=True)
        rows += [Row(*place, *counts, *corner) for corner in at]
    for epoch in epochs_of(run)[len(kept.epochs) :].tolist():
        place = level_of(run), run.batch_size, run.seed, epoch
        place = *place, run.updates_by(epoch, len(training)), np.nan, False, True
        rows.append(Row(*place, None, None, np.nan, np.nan))
    return rows
