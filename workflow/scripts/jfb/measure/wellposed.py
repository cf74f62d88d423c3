"""Sufficient conditions for a unique fixed point, and the gain of the network, along runs.

El Ghaoui et al. 2019 (arXiv:1908.06315): u = f(W u + q) has one solution for every q, f of each
component and 1-Lipschitz, if the Perron-Frobenius eigenvalue of |W| is below 1. After a
diagonal scaling, that is an infinity norm below 1. It neither implies a spectral norm below 1 nor
follows from it; both imply a joint spectral radius below 1.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from jfb.config import choices, settings
from jfb.measure import contraction, joint_spectral_radius
from jfb.measure.along import Along, table
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.levels import level_of
from jfb.records.snapshots import Snapshots
from jfb.records.wellposed import SCHEMA, Row

#: Of the snapshots of a run, every so many is measured, and the last.
EVERY = 4
#: The search that networks are asked to survive, whatever they were trained with.
PICARD = choices.Picard(tolerance=1e-3, max_iterations=1000)


def perron_frobenius(weight: np.ndarray) -> float:
    """The largest eigenvalue of |W|, W an (n, n) matrix: its spectral radius."""
    return float(np.abs(np.linalg.eigvals(np.abs(weight))).max())


def sensitivity(readout: np.ndarray, weight: np.ndarray, injection: np.ndarray) -> np.ndarray:
    """S, (k, m): scores y of u = f(W u + V d + b), y = C u + c, change by at most S |d - d'|.

    f is of each component and 1-Lipschitz, and S = |C| (I - |W|)^-1 |V| (El Ghaoui et al. 2019).

    Args:
        readout: C, (k, n).
        weight: W, (n, n).
        injection: V, (n, m).

    Raises:
        ValueError: the Perron-Frobenius eigenvalue of |W| is not below 1.
    """
    if not perron_frobenius(weight) < 1:
        raise ValueError("no bound: the Perron-Frobenius eigenvalue of |W| is not below 1")
    system = np.eye(len(weight)) - np.abs(weight)
    return np.abs(readout) @ np.linalg.solve(system, np.abs(injection))


def gain(parameters: np.ndarray, network: settings.Network) -> float:
    """A bound of |y(d) - y(d')| per largest |d_j - d'_j|, NaN where the theory gives none.

    The sum of `sensitivity`, where the Perron-Frobenius eigenvalue of |W| is below 1.

    Args:
        parameters: (p,) flat vector.
        network: its dimensions.
    """
    layers = layout.views(parameters.astype(np.float64), network)
    readout, weight, injection = (
        layers[f"{name}.weight"] for name in ("output", "latent", "injection")
    )
    if not np.isfinite(parameters).all() or perron_frobenius(weight) >= 1:
        return np.nan
    return float(sensitivity(readout, weight, injection).sum())


def _bounds(weight: np.ndarray, norms: Sequence[float]) -> tuple[float, float]:
    """Of the joint spectral radius; where a norm decides already, nothing is searched for."""
    if min(norms) < 1:
        return float(np.abs(np.linalg.eigvals(weight)).max()), min(norms)
    return joint_spectral_radius.bounds(weight)


def along(run: settings.Run, snapshots: Snapshots, training: Part) -> list[Row]:
    """A row for every fourth snapshot of a run, and for its last."""
    last = len(snapshots.epochs) - 1
    rows = []
    for place in sorted({*range(0, last, EVERY), last}):
        epoch, parameters = int(snapshots.epochs[place]), snapshots.parameters[place]
        weight = layout.views(parameters.astype(np.float64), run.network)["latent.weight"]
        measured = [np.nan] * 5
        if np.isfinite(weight).all():
            norms = float(np.linalg.norm(weight, 2)), float(np.linalg.norm(weight, np.inf))
            norms = *norms, perron_frobenius(weight)
            measured = [*norms, *_bounds(weight, norms)]
        found = fixed_points.find(parameters, run.network, training.inputs)
        reached, _, _ = contraction.picard(PICARD, run.network, parameters, training)
        where = level_of(run), run.batch_size, run.seed, epoch, run.updates_by(epoch, len(training))
        rows.append(Row(*where, *measured, gain(parameters, run.network), found.unique, reached))
    return rows


def of_runs(runs: Along, training: Part, after_run: Callable[[int], None]) -> pa.Table:
    """The rows of every run, see `jfb.measure.along.table`."""
    return table(along, SCHEMA, runs, training, after_run)
