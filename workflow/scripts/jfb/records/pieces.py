"""The functions that networks are along the runs of a study, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """A corner of the function that the network of a run is after an epoch.

    Along the line of the training points the network is piecewise linear: straight between
    corners, the first and the last of which are at the first and the last point. `position` is in
    metres from the first point, `value` the prediction there. `loss` is the mean squared error on
    all training points; `function_kinks` and `flat_pieces` are as in `jfb.records.units`. Where the
    points are on no line, or a point has not one fixed point, there is one row without a corner.
    `converged` says whether every point has one, `diverged` whether the run has by then.
    """

    level: str
    batch_size: int
    seed: int
    epoch: int
    updates: int
    loss: float
    converged: bool
    diverged: bool
    function_kinks: int | None
    flat_pieces: int | None
    position: float
    value: float


SCHEMA = parquet.schema_of(Row)
