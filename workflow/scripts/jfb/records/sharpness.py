"""The sharpness at the end of every run of a study on disk."""

from typing import NamedTuple

from jfb.storage import parquet


class Row(NamedTuple):
    """The end of a run, on all training points.

    `loss` is the mean squared error at the exact fixed points; `largest_eigenvalue` and
    `smallest_eigenvalue` are of its Hessian with respect to all parameters; `rescaled_eigenvalue`
    is the largest one where the units are scaled so that it is least (`jfb.measure.rescaling`), NaN
    if the activation is not relu; `keskar_sharpness` is 100 (max f - f) / (1 + f) over the box
    |z_i| <= 1e-3 (|x_i| + 1) around the parameters x (Keskar et al. 2016, equation 4, in the whole
    space), in percent. NaN where a fixed point was not found, or where the run has diverged (see
    `jfb.records.units.Row`). `active_units`, `switching_units`, `function_kinks` and `flat_pieces`
    are those of `jfb.records.units.Row`, None there and where the activation is not relu.
    """

    batch_size: int
    seed: int
    loss: float
    active_units: int | None
    switching_units: int | None
    function_kinks: int | None
    flat_pieces: int | None
    largest_eigenvalue: float
    smallest_eigenvalue: float
    rescaled_eigenvalue: float
    keskar_sharpness: float
    converged: bool
    diverged: bool


SCHEMA = parquet.schema_of(Row)
