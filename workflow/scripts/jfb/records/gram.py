"""The fixed points of a network at its start as features, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The network of a run before training, at exact fixed points.

    `smallest` and `largest` are the eigenvalues of Z Z^T, (size, size), Z the fixed points
    (size, n) of all training samples; of fewer units than samples the smallest is 0 but for
    rounding, and 0 here. NaN where a fixed point was not found.
    """

    level: str
    batch_size: int
    seed: int
    latent_dim: int
    samples: int
    smallest: float
    largest: float


SCHEMA = parquet.schema_of(Row)
