"""Whether the latent map of a trained network contracts, and has fixed points that are reached.

These are two questions. A map that contracts in some norm has one fixed point, and Picard's
iteration reaches it. A map that contracts in none can have one too; Picard's iteration may miss it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jfb import fixed_points, joint_spectral_radius, layout, settings, units
from jfb.dataset import Part


class Row(NamedTuple):
    """The network at the end of a run.

    `spectral_norm` is that of the latent weight W, and `norm_after_rescaling` the least of S W S^-1
    over positive diagonals S. `contraction_low` and `contraction_high` bound the joint spectral
    radius of D W (`jfb.joint_spectral_radius`): the map contracts in some norm if the upper bound
    is below 1, and in none if the lower one is 1 or more. All four are NaN where the weight is not
    finite. `unique` says whether every training point has exactly one fixed point
    (`jfb.fixed_points`), and `reached` whether Picard's iteration from 0 comes below the run's
    tolerance within its limit on all of them at once, in float32 as in training. Where it does not,
    `alternates` says whether at every point that it misses u and T(T(u)) differ by less than the
    tolerance, and `stops_at_zero` whether at every such point the last iterate is 0; both are false
    where it does. `own_weight` is the smallest weight of a unit to itself, NaN where one is not
    finite. `diverged`: see `jfb.units.has_diverged`.
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


_TYPES = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
SCHEMA = pa.schema(
    [pa.field(name, _TYPES[kind], nullable=False) for name, kind in Row.__annotations__.items()]
)


def of_run(run: settings.Run, parameters: np.ndarray, training: Part) -> Row:
    """Measure the network at the end of a run.

    Args:
        run: with a fixed point, and relu or tanh.
        parameters: (p,) flat vector at its end.
        training: all training points.
    """
    found = fixed_points.find(parameters, run.network, training.inputs)
    loss = fixed_points.mean_squared_error(found.point, parameters, run.network, training.target)
    weight = layout.views(parameters, run.network)["latent.weight"].astype(np.float64)
    measured, own_weight = [np.nan] * 4, np.nan
    if np.isfinite(weight).all():
        rescaled = joint_spectral_radius.norm_after_rescaling(weight)
        bounds = joint_spectral_radius.bounds(weight)
        measured = [float(np.linalg.norm(weight, 2)), rescaled, *bounds]
        own_weight = float(weight.diagonal().min())
    ends = found.unique, *_picard(run, parameters, training), own_weight
    return Row(run.batch_size, run.seed, *measured, *ends, units.has_diverged(parameters, loss))


def _picard(run: settings.Run, parameters: np.ndarray, training: Part) -> tuple[bool, bool, bool]:
    """Whether the iteration reaches all points, alternates where it does not, and stops at 0."""
    layers = layout.views(parameters.astype(np.float32), run.network)
    injected = training.inputs @ layers["injection.weight"].T
    injected += layers["injection.bias"] + layers["latent.bias"]
    activate = np.tanh if run.network.activation == "tanh" else lambda h: np.maximum(h, 0)

    def apply(u: np.ndarray) -> np.ndarray:
        return activate(u @ layers["latent.weight"].T + injected)

    u = np.zeros_like(injected)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(run.solver.max_iterations):
            image = apply(u)
            if np.abs(u - image).max() < run.solver.tolerance:
                return True, False, False
            u = image
        missed = ~(np.abs(u - apply(u)).max(axis=1) < run.solver.tolerance)
        again = np.abs(u - apply(apply(u))).max(axis=1)[missed]
    return False, bool((again < run.solver.tolerance).all()), not u[missed].any()


def of_runs(
    ends: list[tuple[settings.Run, np.ndarray]], training: Part, after_run: Callable[[int], None]
) -> pa.Table:
    """A row per run, of its final parameters; `after_run` is told how many are done."""
    rows = []
    for done, (run, parameters) in enumerate(ends, start=1):
        rows.append(of_run(run, parameters, training))
        after_run(done)
    columns = [pa.array([row[k] for row in rows], field.type) for k, field in enumerate(SCHEMA)]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
