"""Where Levenberg-Marquardt ends from given networks, on disk: a row per search."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jfb.storage import parquet

#: Two ends of searches are one minimum if their losses differ by this share at most, and their
#: functions by the root of this share of the loss, as root mean squares on the training points.
SAME = 1e-4
#: Searches from near an entry, which tell whether it is left.
NEARBY = 10


class Row(NamedTuple):
    """A search.

    `batch_size` and `seed` are those of the run whose final network it starts from, or of the draw
    of a start, with the full batch. Losses are mean squared errors on all training points at exact
    fixed points; that of a start is NaN where a point has not exactly one, and then nothing is
    searched for. `gradient` is the largest derivative of the loss at the end, in absolute value.
    `steps` are those that were tried; `ended` is one of `jfb.records.runlog.ENDS`, None where they
    were as many as allowed.
    """

    batch_size: int
    seed: int
    start_loss: float
    loss: float
    gradient: float
    steps: int
    ended: str | None


_SCALARS = parquet.schema_of(Row)
_NETWORKS = [pa.field(name, pa.list_(pa.float64()), nullable=False) for name in ("start", "end")]


def table(
    rows: Sequence[Row], starts: Sequence[np.ndarray], ends: Sequence[np.ndarray]
) -> pa.Table:
    """The rows with the flat parameters (p,) float64 of each start and end."""
    made = parquet.from_rows(rows, _SCALARS)
    for field, networks in zip(_NETWORKS, (starts, ends), strict=True):
        made = made.append_column(field, parquet.from_arrays(networks, pa.float64()))
    return made


def read(path: str | Path) -> pa.Table:
    """Read what `table` made: a row per search, with the columns `start` and `end`.

    Raises:
        jfb.storage.files.Unreadable: a file holds none.
    """
    return parquet.read(path, pa.schema([*_SCALARS, *_NETWORKS]), "searches for minima")
