"""The least mean squared error of simple functions of the position, by least squares.

A network that is constant on the training points, straight, or has some kinks, can do no better
than the best such function: these losses are lower bounds of theirs, and their levels.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from jfb.measure import lines
from jfb.records.dataset import Part
from jfb.records.units import BY_KINKS, CONSTANT, FLAT_SIDE

# Places at which kinks are tried first, by the number of kinks; how many of the best are refined;
# and how many systems are solved at once.
_PLACES = {1: 80, 2: 80, 3: 80, 4: 50}
_REFINED = 8
_AT_ONCE = 1 << 16
# Relative to the length of a column.
_RIDGE = 1e-12


class Fit(NamedTuple):
    """The best function of a form: its mean squared error, and its kinks, in metres."""

    loss: float
    kinks: tuple[float, ...]


def constant(x: np.ndarray) -> np.ndarray:
    """A constant, as a basis (size, 1)."""
    return np.ones((len(x), 1))


def piecewise(x: np.ndarray, *kinks: float) -> np.ndarray:
    """Continuous lines that meet at the kinks, as a basis (size, 2 + kinks)."""
    return np.stack([np.ones_like(x), x, *(np.maximum(x - k, 0) for k in kinks)], axis=1)


def flat_after(x: np.ndarray, *kinks: float) -> np.ndarray:
    """Lines up to the last kink, and a constant from there on, as a basis (size, 1 + kinks)."""
    return np.stack([np.ones_like(x), *(np.minimum(x - k, 0) for k in kinks)], axis=1)


def flat_before(x: np.ndarray, *kinks: float) -> np.ndarray:
    """A constant up to the first kink, and lines from there on, as a basis (size, 1 + kinks)."""
    return np.stack([np.ones_like(x), *(np.maximum(x - k, 0) for k in kinks)], axis=1)


#: By form: bases, of which the best counts, and their number of kinks. The forms of up to two kinks
#: are categories of networks.
FORMS: dict[str, tuple[tuple[Callable[..., np.ndarray], ...], int]] = {
    CONSTANT: ((constant,), 0),
    BY_KINKS[0]: ((piecewise,), 0),
    FLAT_SIDE: ((flat_after, flat_before), 1),
    **{BY_KINKS[kinks]: ((piecewise,), kinks) for kinks in range(1, len(BY_KINKS))},
}
_KINKS = tuple(f"{which}_kink" for which in ("first", "second", "third", "fourth"))


def table(training: Part) -> pd.DataFrame:
    """The closed forms of the levels on the training points.

    Returns:
        A row per form: category, loss, and first_kink to fourth_kink, the places of the best kinks
        in metres along the line, NaN where it has none. No row for points on no line.
    """
    rows = []
    line = lines.through(training.inputs)
    for category, (bases, kinks) in FORMS.items() if line else ():
        target = training.target[line.order].astype(np.float64)
        best = min(fit(basis, kinks, line.position, target) for basis in bases)
        places = best.kinks + (np.nan,) * (len(_KINKS) - kinks)
        rows.append((category, best.loss, *places))
    return pd.DataFrame(rows, columns=["category", "loss", *_KINKS])


def fit(basis: Callable[..., np.ndarray], kinks: int, x: np.ndarray, target: np.ndarray) -> Fit:
    """The best function of a form.

    For given kinks it is a linear least-squares problem. All kinks on a grid, at quantiles of the
    positions, are tried; the best of them are refined, anywhere between the points.

    Args:
        basis: of (size,) positions and the kinks, (size, k); each kink has a column, after those
            that no kink changes.
        kinks: how many.
        x: (size,) positions, sorted.
        target: (size,).
    """
    if not kinks:
        return Fit(_loss(basis, (), x, target), ())
    grid = np.quantile(x, np.linspace(0, 1, _PLACES[kinks] + 2)[1:-1])
    found = [
        refined(basis, grid[list(k)], x, target) for k in _best_of(basis, kinks, grid, x, target)
    ]
    return min(found)


def refined(
    basis: Callable[..., np.ndarray], kinks: Sequence[float], x: np.ndarray, target: np.ndarray
) -> Fit:
    """The best function of a form near one with these kinks; otherwise as `fit`."""

    def loss(places: np.ndarray) -> float:
        inside = x[0] <= places[0] and places[-1] <= x[-1] and (np.diff(places) >= 0).all()
        return _loss(basis, places, x, target) if inside else np.inf

    options = {"xatol": 1e-9, "fatol": 1e-15}
    result = minimize(loss, kinks, method="Nelder-Mead", options=options)
    return Fit(float(result.fun), tuple(map(float, result.x)))


def _best_of(basis, kinks: int, grid: np.ndarray, x: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Places on the grid of the kinks with the least losses, (`_REFINED`, kinks).

    The least squares of all choices are parts of one system of normal equations.
    """
    columns = basis(x, *grid)
    columns /= np.linalg.norm(columns, axis=0)
    wanted = columns.T @ target
    # Between two points, neighbouring kinks make the same columns.
    products = columns.T @ columns + _RIDGE * np.eye(columns.shape[1])
    always = columns.shape[1] - len(grid)
    tried = np.array(list(itertools.combinations(range(len(grid)), kinks)))
    chosen = np.concatenate(
        [np.broadcast_to(np.arange(always), (len(tried), always)), tried + always], axis=1
    )
    explained = np.empty(len(tried))
    for some in np.array_split(np.arange(len(tried)), -(-len(tried) // _AT_ONCE)):
        part = chosen[some]
        systems = products[part[:, :, None], part[:, None, :]]
        weights = np.linalg.solve(systems, wanted[part][:, :, None])[:, :, 0]
        explained[some] = (weights * wanted[part]).sum(axis=1)
    return tried[np.argsort(-explained)[:_REFINED]]


def _loss(basis: Callable[..., np.ndarray], kinks, x: np.ndarray, target: np.ndarray) -> float:
    columns = basis(x, *kinks)
    weights, *_ = np.linalg.lstsq(columns, target, rcond=None)
    return float(np.square(columns @ weights - target).mean())
