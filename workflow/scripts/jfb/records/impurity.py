"""How sure a classifier is along training, and how its scores depend on its weights, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The network of a run after an epoch, in float64, at fixed points to 1e-8.

    Of all training samples: `loss`, the cross-entropy, and `impurity`, the mean of 1 - sum of p^2,
    p the probabilities of the classes. Of the first of them (see `jfb.measure.impurity`):
    `jacobian`, the mean of the squared Frobenius norm of J, the derivatives of the scores by the
    parameters, and `trace`, that of the Gauss-Newton matrix, the mean of J^T (diag p - p p^T) J
    (Lee et al. 2023). `val_accuracy` is of all validation samples. `converged` says whether all
    fixed points were found; where not, the others are NaN.
    """

    level: str
    batch_size: int
    seed: int
    epoch: int
    updates: int
    converged: bool
    loss: float
    val_accuracy: float
    impurity: float
    jacobian: float
    trace: float


SCHEMA = parquet.schema_of(Row)
