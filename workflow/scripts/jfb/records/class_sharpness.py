"""How sharp the loss of a classifier is where training reaches a level of it, on disk."""

from typing import NamedTuple

from jfb.storage import parquet

#: Cross-entropy on all training samples at which runs are compared.
LEVEL = 0.2


class Row(NamedTuple):
    """A snapshot of a run: the first whose loss is at most `LEVEL`, and the one before it.

    Of a run that does not get there, the last. Where a fixed point was not found, all are NaN.

    `loss` is the cross-entropy on all training samples at exact fixed points, and `val_accuracy`
    that on all validation samples. Of the Hessian of that loss: `largest` is its largest
    eigenvalue, `relative` that in coordinates which are scaled by the size of each parameter, and
    `rescaled` the least largest eigenvalue that a search over rescalings of the relu units finds.
    Rescaling (Dinh et al. 2017) leaves the last two as they are; where the Hessian has negative
    eigenvalues, the search may stop at a local least.
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
