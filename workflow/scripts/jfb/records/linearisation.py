"""What is linear at the fixed points of any network, along the runs of a study, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The network of a run after an epoch, on all training samples, in float64.

    Fixed points are found to the same tolerance for all that is here, in `iterations` applications
    of T; `converged` says whether they are, and the adjoint of the exact gradient with them. Where
    they are not, all below is NaN.

    `cosine` is that of the angle between JFB's gradient and the exact one, `norm_ratio` the norm of
    the first over that of the second. `radius` is the largest spectral radius of dT/du at a
    sample's fixed point, or of the whole batch where T couples the samples; `radius_mean` the mean
    over samples. `curvature` is the largest eigenvalue of the Hessian of the loss at exact fixed
    points on the first samples (see `jfb.measure.linearisation`), at the last epoch only and NaN
    before.
    """

    batch_size: int
    seed: int
    epoch: int
    updates: int
    loss: float
    iterations: int
    converged: bool
    cosine: float
    norm_ratio: float
    radius: float
    radius_mean: float
    curvature: float


SCHEMA = parquet.schema_of(Row)
