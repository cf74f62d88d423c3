"""Whether the final networks of a study contract and reach their fixed points, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The network at the end of a run.

    `spectral_norm` is that of the latent weight W, and `norm_after_rescaling` the least of S W S^-1
    over positive diagonals S. `contraction_low` and `contraction_high` bound the joint spectral
    radius of D W (`jfb.measure.joint_spectral_radius`): the map contracts in some norm if the upper
    bound is below 1, and in none if the lower one is 1 or more. All four are NaN where the weight
    is not finite. `unique` says whether every training point has exactly one fixed point
    (`jfb.model.fixed_points`), and `reached` whether Picard's iteration from 0 comes below the
    run's tolerance within its limit on all of them at once, in float32 as in training. Where it
    does not, `alternates` says whether at every point that it misses u and T(T(u)) differ by less
    than the tolerance, and `stops_at_zero` whether at every such point the last iterate is 0; both
    are false where it does. `own_weight` is the smallest weight of a unit to itself, NaN where one
    is not finite. `diverged`: see `jfb.records.summary.network_diverged`.
    """

    batch_size: int
    seed: int
    spectral_norm: float
    norm_after_rescaling: float
    contraction_low: float
    contraction_high: float
    unique: bool
    reached: bool
    alternates: bool
    stops_at_zero: bool
    own_weight: float
    diverged: bool


SCHEMA = parquet.schema_of(Row)
