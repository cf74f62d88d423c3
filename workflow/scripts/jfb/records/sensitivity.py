"""How much the scores of a network change with its inputs, and what bounds it, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The final network of a run, in float64, on validation samples.

    `bounded` says whether the theory of El Ghaoui et al. (2019) bounds the change of its scores:
    whether the `perron_frobenius` eigenvalue of |W| is below 1. Where not, all below but `accuracy`
    are NaN. A change over its bound is that of the score for which it is largest. `pair_largest`
    and `pair_mean` are of random pairs of inputs (see `jfb.measure.sensitivity`), `attack_largest`
    and `attack_mean` of steps along the sign of each score's gradient, by sample. For each sample
    that is classified right, a radius is by how much every input may change at once: up to the
    `certified` one no such change makes another class the likeliest, and at the `attacked` one a
    step along the sign of the gradient does. These are medians. Inputs may leave their range.
    """

    level: str
    batch_size: int
    seed: int
    perron_frobenius: float
    bounded: bool
    accuracy: float
    pair_largest: float
    pair_mean: float
    attack_largest: float
    attack_mean: float
    certified: float
    attacked: float


SCHEMA = parquet.schema_of(Row)
