"""The bound of El Ghaoui et al. (2019) on the change of scores, against pairs and an attack.

u = f(W u + V d + b), y = C u + c, f of each component and 1-Lipschitz: |y - y'| is at most
S |d - d'| with S = |C| (I - |W|)^-1 |V|, where the Perron-Frobenius eigenvalue of |W| is below 1
(arXiv:1908.06315, on robustness).
"""

import numpy as np

from jfb.config import settings
from jfb.measure.along import level_of
from jfb.measure.wellposed import perron_frobenius
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.sensitivity import SCHEMA, Row
from jfb.records.snapshots import Snapshots

__all__ = ["SCHEMA", "Affine", "along", "sensitivity"]

#: Random pairs of a network: a validation sample, and it with each input changed by at most REACH.
PAIRS, REACH = 1000, 0.1
#: Radii that an attack tries, from the smallest to that of the whole range of an input.
RADII = np.geomspace(1e-3, 1.0, 61)


def sensitivity(readout: np.ndarray, weight: np.ndarray, injection: np.ndarray) -> np.ndarray:
    """S, (k, m), of a readout (k, n), a latent weight (n, n) and an injection (n, m).

    Raises:
        ValueError: the Perron-Frobenius eigenvalue of |W| is not below 1.
    """
    if not perron_frobenius(weight) < 1:
        raise ValueError("no bound: the Perron-Frobenius eigenvalue of |W| is not below 1")
    system = np.eye(len(weight)) - np.abs(weight)
    return np.abs(readout) @ np.linalg.solve(system, np.abs(injection))


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
    """A row, of the last snapshot."""
    network = Affine(kept.parameters[-1], run.network)
    d, target = validation.inputs.astype(np.float64), validation.target.astype(int)
    place = level_of(run), run.batch_size, run.seed
    if not np.isfinite(kept.parameters[-1]).all():
        return [Row(*place, np.nan, False, *[np.nan] * 7)]
    eigenvalue = perron_frobenius(network.weight)
    u = network.points(d)
    found = np.isfinite(u).all()
    accuracy = float((network.scores(u).argmax(axis=1) == target).mean()) if found else np.nan
    if eigenvalue >= 1 or not found:
        return [Row(*place, eigenvalue, False, accuracy, *[np.nan] * 6)]
    bound = sensitivity(network.readout, network.weight, network.injection)
    pairs = _pairs(network, d, u, bound, np.random.default_rng(run.seed))
    attacked = _attacks(network, d, u, bound)
    right = network.scores(u).argmax(axis=1) == target
    radii = _radii(network, d[right], u[right], target[right])
    measured = (part for ratios in (pairs, attacked) for part in (ratios.max(), ratios.mean()))
    return [Row(*place, eigenvalue, True, accuracy, *measured, *radii)]


def _ratios(network: Affine, moved: np.ndarray, scores: np.ndarray, bound: np.ndarray):
    """|y - y'| over its bound, (size, k), for moved inputs and the scores before; 0 over 0 is 0."""
    apart = np.abs(network.scores(network.points(moved)) - scores)
    return np.divide(apart, bound, out=np.zeros_like(apart), where=bound > 0)


def _pairs(network: Affine, d: np.ndarray, u: np.ndarray, bound: np.ndarray, rng) -> np.ndarray:
    chosen = rng.integers(len(d), size=PAIRS)
    step = rng.uniform(-REACH, REACH, (PAIRS, d.shape[1]))
    scores = network.scores(u[chosen])
    return _ratios(network, d[chosen] + step, scores, np.abs(step) @ bound.T).max(axis=1)


def _attacks(network: Affine, d: np.ndarray, u: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """Of each sample and score: a step of REACH along the sign of its gradient."""
    scores, gradients = network.scores(u), network.gradients(u)
    ratios = []
    for k in range(scores.shape[1]):
        step = REACH * np.sign(gradients[:, k])
        ratios.append(_ratios(network, d + step, scores, np.abs(step) @ bound.T)[:, k])
    return np.concatenate(ratios)


def _radii(
    network: Affine, d: np.ndarray, u: np.ndarray, target: np.ndarray
) -> tuple[float, float]:
    """Medians of the certified and of the attacked radius; infinite where no step is enough."""
    scores, gradients = network.scores(u), network.gradients(u)
    own = np.arange(len(d)), target
    lead = scores[own][:, None] - scores
    apart = np.abs(network.readout[target][:, None, :] - network.readout[None])
    system = np.eye(len(network.weight)) - np.abs(network.weight)
    reach = np.linalg.solve(system, np.abs(network.injection)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = lead / (apart @ reach)
    each[own] = np.inf
    # The rival that the gradient reaches first.
    slopes = np.abs(gradients - gradients[own][:, None]).sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = lead / slopes
    first[own] = np.inf
    rival = first.argmin(axis=1)
    direction = np.sign(gradients[np.arange(len(d)), rival] - gradients[own])
    attacked = np.full(len(d), np.inf)
    for radius in RADII:
        still = np.isinf(attacked)
        moved = network.scores(network.points(d[still] + radius * direction[still]))
        wrong = moved.argmax(axis=1) != target[still]
        attacked[np.flatnonzero(still)[wrong]] = radius
        if not np.isinf(attacked).any():
            break
    return float(np.median(each.min(axis=1))), float(np.median(attacked))
