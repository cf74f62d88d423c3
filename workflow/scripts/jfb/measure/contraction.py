"""Whether the latent map of a trained network contracts, and has fixed points that are reached.

These are two questions. A map that contracts in some norm has one fixed point, and Picard's
iteration reaches it. A map that contracts in none can have one too; Picard's iteration may miss it.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from jfb.config import choices, settings
from jfb.measure import final, joint_spectral_radius
from jfb.model import fixed_points
from jfb.model.nonlinearities import NONLINEARITIES
from jfb.records import layout
from jfb.records.contraction import SCHEMA, Row
from jfb.records.dataset import Part
from jfb.records.summary import network_diverged


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
    ends = found.unique, *picard(run.solver, run.network, parameters, training), own_weight
    return Row(run.batch_size, run.seed, *measured, *ends, network_diverged(parameters, loss))


def picard(
    solver: choices.Solver, network: settings.Network, parameters: np.ndarray, training: Part
) -> tuple[bool, bool, bool]:
    """Whether the iteration reaches all points, alternates where it does not, and stops at 0.

    Args:
        solver: its tolerance and limit are taken.
        network: dimensions and activation.
        parameters: (p,) flat vector.
        training: the points.
    """
    layers = layout.views(parameters.astype(np.float32), network)
    injected = training.inputs @ layers["injection.weight"].T
    injected += layers["injection.bias"] + layers["latent.bias"]
    activate = NONLINEARITIES[network.activation].apply

    def apply(u: np.ndarray) -> np.ndarray:
        return activate(u @ layers["latent.weight"].T + injected)

    u = np.zeros_like(injected)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(solver.max_iterations):
            image = apply(u)
            if np.abs(u - image).max() < solver.tolerance:
                return True, False, False
            u = image
        missed = ~(np.abs(u - apply(u)).max(axis=1) < solver.tolerance)
        again = np.abs(u - apply(apply(u))).max(axis=1)[missed]
    return False, bool((again < solver.tolerance).all()), not u[missed].any()


def of_runs(ends: final.Ends, training: Part, after_run: Callable[[int], None]) -> pa.Table:
    """A row per run, see `jfb.measure.final.table`."""
    return final.table(of_run, SCHEMA, ends, training, after_run)
