"""The alignment of a study on disk: a row per snapshot, gradient and reference."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """A gradient beside a reference, at a snapshot of a run.

    `gradient` is jfb or exact, `reference` exact or unrolled. jfb and exact hold for a point u that
    is no further from T(u; d) than a tolerance: jfb keeps u constant, exact is the implicit
    gradient as if u were the fixed point. Searches start from 0, whatever those of the run started
    from. unrolled is the gradient of the loss that the program
    computes, through every iteration that led to u.

    `precision` is that of the gradient. float32 is as in training: `tolerance` is that of the run's
    solver, and a reference of the same tolerance is computed in float32 for the same u. In float64,
    u is the first iterate of Picard's iteration within `tolerance`, and so it is for every
    reference at the tightest tolerance; fixed points that the iteration does not find are there
    those of `jfb.model.fixed_points`.

    `cosine` is that of the angle between gradient and reference, `sign` the sign of their inner
    product, `norm_ratio` the norm of the gradient over that of the reference. u was found in
    `iterations` applications of T with `residual`, the infinity norm of u - T(u; d) over all
    points.
    `converged` says that u and that of the reference are within their tolerances and that both
    gradients are finite. Where it is false, cosine and norm_ratio are NaN and sign is 0; so is
    cosine, and sign is 0, where a gradient vanishes.

    `spectral_norm` is that of the latent weight; `jacobian_norm` and `jacobian_radius` are the
    largest spectral norm and spectral radius of dT/du at the points of the tightest tolerance, NaN
    where these were not found.
    """

    seed: int
    epoch: int
    gradient: str
    tolerance: float
    precision: str
    reference: str
    reference_tolerance: float
    cosine: float
    sign: int
    norm_ratio: float
    iterations: int
    residual: float
    converged: bool
    spectral_norm: float
    jacobian_norm: float
    jacobian_radius: float


SCHEMA = parquet.schema_of(Row)
