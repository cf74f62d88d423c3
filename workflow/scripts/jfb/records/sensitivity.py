"""How much the scores of a network change with its inputs, and what bounds it, on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The final network of a run, in float64, on validation samples.

    `bounded` says whether the theory of El Ghaoui et al. (2019) bounds the change of its scores,
    that is, the `perron_frobenius` eigenvalue of |W| is below 1, and every fixed point was found.
    Of random pairs of inputs (see `jfb.measure.sensitivity`), `pair_largest` is the largest change
    of a score over its bound, and `pair_mean` the mean over pairs of their largest. Of the sign of
    the gradient of each score, `attack_largest` and `attack_mean` likewise. For each sample that is
    classified right, a radius is the largest change of every input at once: up to the `certified`
    one no change of the inputs makes another class the likeliest, and at the `attacked` one a step
    along the sign of the gradient does. These are medians. Where nothing is bounded, all but
    `accuracy` are NaN.
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
