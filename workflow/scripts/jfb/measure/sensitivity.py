"""The bound of `jfb.measure.wellposed.sensitivity` on scores, against pairs and an attack."""

import numpy as np

from jfb.config import settings
from jfb.measure.wellposed import perron_frobenius, sensitivity
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.levels import level_of
from jfb.records.sensitivity import SCHEMA, Row
from jfb.records.snapshots import Snapshots, epochs_of

__all__ = ["SCHEMA", "Affine", "along", "right"]

#: Random pairs of a network: a validation sample, and it with each input changed by at most REACH.
PAIRS, REACH = 1000, 0.1
#: Radii that an attack tries, from the smallest to that of the whole range of an input.
RADII = np.geomspace(1e-3, 1.0, 61)


class Affine:
    """A network that is affine before a relu, as a function of its inputs.

    Args:
        parameters: (p,) flat vector.
        network: its dimensions.
    """

    def __init__(self, parameters: np.ndarray, network: settings.Network) -> None:
        self._parameters, self._network = parameters.astype(np.float64), network
        layers = layout.views(self._parameters, network)
        self.weight, self.injection = layers["latent.weight"], layers["injection.weight"]
        self.readout, self._bias = layers["output.weight"], layers["output.bias"]

    def points(self, d: np.ndarray) -> np.ndarray:
        """Fixed points (size, n) of inputs (size, m); NaN where none was found."""
        return fixed_points.find(self._parameters, self._network, d).point

    def scores(self, u: np.ndarray) -> np.ndarray:
        """(size, k) of fixed points (size, n)."""
        return u @ self.readout.T + self._bias

    def gradients(self, u: np.ndarray) -> np.ndarray:
        """dy/dd, (size, k, m), at fixed points (size, n): C (I - D W)^-1 D V."""
        pattern = (u > 0).astype(float)[:, :, None]
        system = np.eye(len(self.weight)) - pattern * self.weight
        return self.readout @ np.linalg.solve(system, pattern * self.injection)


def along(run: settings.Run, kept: Snapshots, _: Part, validation: Part) -> list[Row]:
    """A row, of the last snapshot; a sample without a fixed point is classified wrong.

    So is every sample by a run that diverged.
    """
    network = Affine(kept.parameters[-1], run.network)
    d, target = validation.inputs.astype(np.float64), validation.target.astype(int)
    place = level_of(run), run.batch_size, run.seed
    ended_early = len(kept.epochs) < len(epochs_of(run))
    if ended_early or not np.isfinite(kept.parameters[-1]).all():
        return [Row(*place, np.nan, False, 0.0, *[np.nan] * 6)]
    eigenvalue = perron_frobenius(network.weight)
    u = network.points(d)
    correct = right(network.scores(u), target)
    if eigenvalue >= 1:
        return [Row(*place, eigenvalue, False, float(correct.mean()), *[np.nan] * 6)]
    bound = sensitivity(network.readout, network.weight, network.injection)
    pairs = _pairs(network, d, u, bound, np.random.default_rng(run.seed))
    attacks = _attacks(network, d, u, bound)
    measured = [
        float(part) for ratios in (pairs, attacks) for part in (ratios.max(), ratios.mean())
    ]
    radii = np.nan, np.nan
    if correct.any():
        radii = _radii(network, d[correct], u[correct], target[correct])
    return [Row(*place, eigenvalue, True, float(correct.mean()), *measured, *radii)]


def right(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Whether each sample has finite scores, (size, k), and its class the largest."""
    return np.isfinite(scores).all(axis=1) & (scores.argmax(axis=1) == target)


def _ratios(
    network: Affine, d: np.ndarray, u: np.ndarray, step: np.ndarray, bound: np.ndarray
) -> np.ndarray:
    """|y - y'| over its bound, (size, k), of inputs d and d + step; 0 over 0 is 0."""
    apart = np.abs(network.scores(network.points(d + step)) - network.scores(u))
    allowed = np.abs(step) @ bound.T
    with np.errstate(divide="ignore"):
        return np.divide(apart, allowed, out=np.zeros_like(apart), where=(apart != 0))


def _pairs(
    network: Affine, d: np.ndarray, u: np.ndarray, bound: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The largest ratio of each random pair, (PAIRS,)."""
    chosen = rng.integers(len(d), size=PAIRS)
    step = rng.uniform(-REACH, REACH, (PAIRS, d.shape[1]))
    return _ratios(network, d[chosen], u[chosen], step, bound).max(axis=1)


def _attacks(network: Affine, d: np.ndarray, u: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """The largest ratio of each sample, (size,), each score by the sign of its own gradient."""
    gradients = network.gradients(u)
    ratios = [
        _ratios(network, d, u, REACH * np.sign(gradients[:, k]), bound)[:, k]
        for k in range(len(network.readout))
    ]
    return np.max(ratios, axis=0)


def _radii(
    network: Affine, d: np.ndarray, u: np.ndarray, target: np.ndarray
) -> tuple[float, float]:
    """Medians of the certified and of the attacked radius of samples that are classified right.

    Where no step of `RADII` is enough, the attacked radius is the largest of them.
    """
    scores, gradients = network.scores(u), network.gradients(u)
    own = np.arange(len(d)), target
    lead = scores[own][:, None] - scores
    apart = network.readout[target][:, None, :] - network.readout[None]
    # How far each unit moves where all inputs move by 1.
    units = sensitivity(np.eye(len(network.weight)), network.weight, network.injection).sum(axis=1)
    certified = _over(lead, np.abs(apart) @ units, own).min(axis=1)
    # The rival that the gradient reaches first.
    slopes = np.abs(gradients - gradients[own][:, None]).sum(axis=2)
    rival = _over(lead, slopes, own).argmin(axis=1)
    direction = np.sign(gradients[np.arange(len(d)), rival] - gradients[own])
    attacked = np.full(len(d), RADII[-1])
    still = np.arange(len(d))
    for radius in RADII:
        moved = network.scores(network.points(d[still] + radius * direction[still]))
        wrong = np.isfinite(moved).all(axis=1) & (moved.argmax(axis=1) != target[still])
        attacked[still[wrong]] = radius
        still = still[~wrong]
        if not len(still):
            break
    return float(np.median(certified)), float(np.median(attacked))


def _over(lead: np.ndarray, speed: np.ndarray, own: tuple) -> np.ndarray:
    """lead / speed, infinite for the class of a sample itself, and where nothing moves."""
    radii = np.divide(lead, speed, out=np.full_like(lead, np.inf), where=speed > 0)
    radii[own] = np.inf
    return radii
