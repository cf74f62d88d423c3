"""Whether a network at which the gradient vanishes is a minimum: by Hessian and by searches."""

from typing import NamedTuple

import numpy as np
from scipy import linalg

from jfb.config import settings
from jfb.measure import descents, rescaling, sharpness
from jfb.model.exact_loss import ExactLoss
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.descents import SAME

#: An eigenvalue is zero below this share of the largest.
ZERO = 1e-8
#: How far each parameter is moved before a search, in standard deviations: relative to its size and
#: the root mean square of all together, so that one that is 0 moves too.
MOVED = 1e-3


class Curvature(NamedTuple):
    """The Hessian at a network, modulo the changes of parameters that leave the function as it is.

    These are the rescalings of the units, and how a bias is split in two. Eigenvalues are those
    where the units are scaled so that the largest is least, see `rescaling.least_sharp`; how many
    are negative depends on no scale where the gradient vanishes. `zero` counts those that are zero
    besides: directions of units that are off everywhere, mostly.
    """

    smallest: float
    largest: float
    negative: int
    zero: int


def curvature(network: settings.Network, x: np.ndarray, training: Part) -> Curvature:
    """The curvature of the loss at exact fixed points, at parameters x (p,)."""
    hessian = sharpness.hessian(network, x, training)
    factors = rescaling.least_sharp(hessian, network)
    moves = np.column_stack([x[:, None] * rescaling.exponents(network), _splits(network)])
    others = linalg.null_space((factors[:, None] * moves).T)
    values = np.linalg.eigvalsh(others.T @ (hessian / np.outer(factors, factors)) @ others)
    least = ZERO * np.abs(values).max()
    negative, zero = (values < -least).sum(), (np.abs(values) <= least).sum()
    return Curvature(values[0], values[-1], int(negative), int(zero))


def _splits(network: settings.Network) -> np.ndarray:
    """(p, n): of each unit, one bias up and the other down."""
    n = network.latent_dim
    directions = np.zeros((layout.size(network), n))
    for unit, direction in enumerate(directions.T):
        layers = layout.views(direction, network)
        layers["latent.bias"][unit], layers["injection.bias"][unit] = 1, -1
    return directions


def lower_nearby(problem: ExactLoss, x: np.ndarray, steps: int, draws: int) -> int:
    """How many searches from near a network (p,) end lower than it is.

    Args:
        problem: the loss.
        x: (p,).
        steps: of a search, at most.
        draws: how many searches.
    """
    loss = problem.loss(x)
    rng = np.random.default_rng(0)
    reach = MOVED * (np.abs(x) + np.sqrt(np.square(x).mean()))
    found = 0
    for _ in range(draws):
        start = x + reach * rng.standard_normal(len(x))
        row, _ = descents.descend(problem, start, steps, (0, 0))
        found += row.loss < (1 - SAME) * loss
    return int(found)
