"""How far runs are from their start, from their snapshots."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jfb.config import settings
from jfb.records import snapshots


def rows_of(
    paths: Sequence[str | Path], runs: Sequence[settings.Run]
) -> list[tuple[int, int, int, float]]:
    """Batch size, seed, updates and distance |theta - theta_0| of each snapshot but the first.

    The distance is the Euclidean one of all parameters, in float64.

    Args:
        paths: of the snapshots.
        runs: that they are of, in the same order.

    Raises:
        jfb.storage.files.Unreadable: a file holds no snapshots of its run; the message names it.
    """
    rows = []
    for path, run in zip(paths, runs, strict=True):
        kept = snapshots.read(path, run)
        moved = kept.parameters.astype(np.float64) - kept.parameters[0]
        for epoch, distance in zip(kept.epochs[1:], np.linalg.norm(moved[1:], axis=1), strict=True):
            place = run.batch_size, run.seed, run.updates_by(int(epoch))
            rows.append((*place, float(distance)))
    return rows
