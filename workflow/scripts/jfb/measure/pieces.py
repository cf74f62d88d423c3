"""The corners of the function that a network is, along the runs of a study."""

import numpy as np

from jfb.config import settings
from jfb.measure import lines
from jfb.measure.along import networks
from jfb.records.dataset import Part
from jfb.records.levels import level_of
from jfb.records.pieces import SCHEMA, Row
from jfb.records.snapshots import Snapshots

__all__ = ["SCHEMA", "along", "corners"]


def corners(pieces: lines.Pieces, line: lines.Line) -> tuple[np.ndarray, np.ndarray]:
    """Positions and values of the corners, (k + 1,) of k pieces."""
    ends = line.position[[0, -1]]
    positions = np.concatenate([ends[:1], pieces.kinks, ends[1:]])
    of_piece = np.append(np.arange(len(pieces.slope)), len(pieces.slope) - 1)
    return positions, pieces.slope[of_piece] * positions + pieces.offset[of_piece]


def along(run: settings.Run, kept: Snapshots, training: Part, _: Part) -> list[Row]:
    """A row for each corner of each snapshot of a run.

    See `jfb.measure.along.networks` for a run that diverges.
    """
    line = lines.through(training.inputs)
    rows = []
    for one in networks(run, kept, training):
        place = level_of(run), run.batch_size, run.seed, one.epoch
        place = *place, one.updates, one.loss, one.unique, one.diverged
        if line is None or one.point is None:
            rows.append(Row(*place, None, None, np.nan, np.nan))
            continue
        pieces = lines.pieces(one.point, one.parameters, run.network, line)
        counts = len(pieces.slope) - 1, int((pieces.slope == 0).sum())
        at = zip(*(values.tolist() for values in corners(pieces, line)), strict=True)
        rows += [Row(*place, *counts, *corner) for corner in at]
    return rows
