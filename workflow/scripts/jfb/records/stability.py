"""How a search for fixed points goes at the end of the runs of a study, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The final network of a run, on all training samples as one batch, in float64.

    `level` is that of the run's factors, joined by /, or none. The run's solver searches from 0 in
    `iterations` applications of T; `converged` says whether it ends by its tolerance. At the point
    where it ends, `norm` is the root of the mean over samples of the squared Frobenius norm of
    dT/du over its n rows, which the penalty of Bai et al. (2021) estimates, and `radius` the mean
    spectral radius. Both are NaN where the point is not finite.
    """

    level: str
    batch_size: int
    seed: int
    iterations: int
    converged: bool
    norm: float
    radius: float


SCHEMA = parquet.schema_of(Row)
