"""Which conditions for a unique fixed point hold along the runs of a study, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The network of a run after an epoch.

    `level` has the levels of the study's factors, joined by /; none where it has no factor. Of the
    latent weight W, `spectral_norm`, `infinity_norm` (the largest sum of absolute values in a row)
    and `perron_frobenius`, the spectral radius of |W|; `contraction_low` and `contraction_high`
    bound the joint spectral radius of D W. Each of the four that is below 1 is sufficient for one
    fixed point. `gain` bounds by how much the prediction changes per change of the inputs, in their
    largest coordinate; NaN unless the Perron-Frobenius eigenvalue is below 1. `unique` says whether
    every training point has exactly one fixed point, and `reached` whether Picard's iteration from
    0 comes below the tolerance 1e-3 within 1,000 applications on all of them at once.
    """

    level: str
    batch_size: int
    seed: int
    epoch: int
    updates: int
    spectral_norm: float
    infinity_norm: float
    perron_frobenius: float
    contraction_low: float
    contraction_high: float
    gain: float
    unique: bool
    reached: bool


SCHEMA = parquet.schema_of(Row)
