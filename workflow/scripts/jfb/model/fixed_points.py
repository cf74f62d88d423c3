"""The fixed points of a network as exactly as float64 has them, whatever solver a run used.

With relu and q = V d + b + c, a fixed point is u = D (W u + q) for a 0/1 diagonal D, the pattern of
its active units: u = (I - D W)^-1 D q, if D is the pattern of W u + q. A few units have few
patterns, and all are tried: that decides how many fixed points there are. Other networks are solved
by Newton's method from Picard's iterate, and a fixed point is what leaves no residual.
"""

import functools
import itertools
from typing import NamedTuple

import numpy as np

from jfb.config import settings
from jfb.config.choices import MOST_UNITS
from jfb.model.nonlinearities import NONLINEARITIES
from jfb.records import layout
from jfb.records.dataset import Part

#: Largest residual |u - T(u; d)| of a fixed point, relative to 1 + |u|.
RESIDUAL = 1e-10
_PICARD_STEPS = 200
_NEWTON_STEPS = 50
# Numbers in the Jacobians of one call: 64 MB.
_CHUNK = 1 << 23


class FixedPoints(NamedTuple):
    """Of each sample: its fixed point u*, (size, n) float64, and how many were found, (size,).

    Where there is none, or where there are several, the point is NaN. With relu and at most 8 units
    the count is that of all there are; otherwise it is 1 or 0, and other fixed points may exist.
    """

    point: np.ndarray
    count: np.ndarray

    @property
    def unique(self) -> bool:
        """Whether every sample has one fixed point."""
        return bool((self.count == 1).all())


def find(parameters: np.ndarray, network: settings.Network, inputs: np.ndarray) -> FixedPoints:
    """The fixed points of a network.

    Args:
        parameters: (p,) flat vector, in the order of `jfb.records.layout`.
        network: dimensions and activation.
        inputs: (size, m) points.
    """
    if not np.isfinite(parameters).all():
        size, n = len(inputs), network.latent_dim
        return FixedPoints(np.full((size, n), np.nan), np.zeros(size, np.int64))
    layers = layout.views(parameters.astype(np.float64), network)
    weight = layers["latent.weight"]
    injected = inputs.astype(np.float64) @ layers["injection.weight"].T
    injected += layers["injection.bias"] + layers["latent.bias"]
    if network.activation == "relu" and network.latent_dim <= MOST_UNITS:
        return _by_pattern(weight, injected)
    return _by_newton(weight, injected, network.activation)


def readout(point: np.ndarray, parameters: np.ndarray, network: settings.Network) -> np.ndarray:
    """The predictions (size,) float64 at fixed points (size, n); NaN where one is."""
    layers = layout.views(parameters.astype(np.float64), network)
    return point @ layers["output.weight"][0] + layers["output.bias"][0]


def mean_squared_error(
    point: np.ndarray, parameters: np.ndarray, network: settings.Network, target: np.ndarray
) -> float:
    """The loss at fixed points (size, n), for target (size,); NaN where one is."""
    y = readout(point, parameters, network)
    return float(np.square(y - target.astype(np.float64)).mean())


def loss(parameters: np.ndarray, network: settings.Network, part: Part) -> float:
    """The loss of a network at the fixed points of `part`; NaN where one is not unique."""
    found = find(parameters, network, part.inputs)
    return mean_squared_error(found.point, parameters, network, part.target)


def _by_pattern(weight: np.ndarray, injected: np.ndarray) -> FixedPoints:
    size, n = injected.shape
    point, count = np.full((size, n), np.nan), np.zeros(size, np.int64)
    at_most_one = has_positive_minors(np.eye(n) - weight)
    looked_at = np.arange(size)
    for active in itertools.product((False, True), repeat=n):
        pattern = np.array(active)
        try:
            solved = np.linalg.solve(np.eye(n) - pattern[:, None] * weight, np.diag(pattern * 1.0))
        except np.linalg.LinAlgError:
            continue
        q = injected[looked_at]
        # Rounding in the elimination must not leave an inactive unit above 0.
        u = np.where(pattern, q @ solved.T, 0.0)
        h = u @ weight.T + q
        # A unit on its kink belongs to both patterns, which then have the same fixed point.
        allowed = RESIDUAL * (1 + _by_unit(np.maximum, np.abs(u)))
        margin = allowed[:, None]
        fits = _by_unit(np.logical_and, np.where(pattern, h >= -margin, h <= margin))
        known = _by_unit(np.logical_and, np.abs(u - point[looked_at]) <= 10 * margin)
        new = fits & ~known
        point[looked_at[new]] = u[new]
        count[looked_at[new]] += 1
        if at_most_one:
            looked_at = looked_at[~fits]
    point[count != 1] = np.nan
    return FixedPoints(point, count)


def _by_unit(combine: np.ufunc, values: np.ndarray) -> np.ndarray:
    """Combine (size, n) values over their few units; faster than NumPy's own reduction."""
    return functools.reduce(combine, values.T)


def has_positive_minors(matrix: np.ndarray) -> bool:
    """Whether all principal minors of a matrix (n, n) are positive, by more than rounding.

    Of I - W it means that there is exactly one fixed point, whatever the inputs: u = relu(W u + q)
    is a linear complementarity problem (Cottle, Pang and Stone 1992, theorem 3.3.7).
    """
    n = len(matrix)
    scale = max(1.0, np.abs(matrix).max())
    return all(
        np.linalg.det(matrix[np.ix_(chosen, chosen)]) > RESIDUAL * scale**size
        for size in range(1, n + 1)
        for chosen in itertools.combinations(range(n), size)
    )


def _by_newton(weight: np.ndarray, injected: np.ndarray, activation: str) -> FixedPoints:
    size, n = injected.shape
    apply, slope = NONLINEARITIES[activation]
    u = np.zeros((size, n))
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(_PICARD_STEPS):
            u = apply(u @ weight.T + injected)
    u = np.where(np.isfinite(u).all(axis=1, keepdims=True), u, 0.0)
    step = max(1, _CHUNK // (n * n))
    residual = np.full(size, np.inf)
    for start in range(0, size, step):
        some = slice(start, start + step)
        u[some], residual[some] = _newton(weight, injected[some], u[some], apply, slope)
    found = residual <= RESIDUAL
    return FixedPoints(np.where(found[:, None], u, np.nan), found.astype(np.int64))


def _newton(weight, injected, u, apply, slope) -> tuple[np.ndarray, np.ndarray]:
    """The iterates with the least residuals, and these, relative to 1 + |u|."""
    best, least = u, np.full(len(u), np.inf)
    for _ in range(_NEWTON_STEPS):
        a = apply(u @ weight.T + injected)
        residual = np.abs(u - a).max(axis=1) / (1 + np.abs(u).max(axis=1))
        better = residual < least
        best, least = np.where(better[:, None], u, best), np.where(better, residual, least)
        if (least <= RESIDUAL).all():
            break
        system = np.eye(u.shape[1]) - slope(a)[:, :, None] * weight
        try:
            u = u - np.linalg.solve(system, (u - a)[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            break
    return best, least
