"""How sharp the loss of a classifier is where training reaches a level of it, on disk."""

from typing import NamedTuple

from jfb.storage import parquet

#: Cross-entropy on all training samples at which runs are compared.
LEVEL = 0.2


class Row(NamedTuple):
    """A snapshot of a run: the first whose loss is at most `LEVEL`, or the one before it.

    `loss` is the cross-entropy on all training samples at exact fixed points, and `val_accuracy`
    that on all validation samples. Of the Hessian of that loss: `largest` is its largest
    eigenvalue, `relative` that in coordinates which are scaled by the size of each parameter, and
    `rescaled` the least that its largest eigenvalue can be made by rescaling the relu units. The
    last two are the same for all networks that rescaling makes of one another (Dinh et al. 2017).
    """

    level: str
    batch_size: int
    seed: int
    epoch: int
    updates: int
    loss: float
    val_accuracy: float
    largest: float
    relative: float
    rescaled: float


SCHEMA = parquet.schema_of(Row)
