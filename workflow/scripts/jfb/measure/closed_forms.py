"""The least mean squared error of simple functions of the position, by least squares.

A network that is constant on the training points, straight, or has a kink or two, can do no better
than the best such function: these losses are lower bounds of theirs, and their levels.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from jfb.measure import lines
from jfb.records.dataset import Part
from jfb.records.units import CONSTANT, FLAT_SIDE, ONE_KINK, STRAIGHT, TWO_KINKS

# Places at which kinks are tried first, and how many of the best are refined.
_PLACES = 80
_REFINED = 8


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


def flat_after(x: np.ndarray, kink: float) -> np.ndarray:
    """A line up to the kink, and a constant from there on, as a basis (size, 2)."""
    return np.stack([np.ones_like(x), np.minimum(x - kink, 0)], axis=1)


def flat_before(x: np.ndarray, kink: float) -> np.ndarray:
    """A constant up to the kink, and a line from there on, as a basis (size, 2)."""
    return np.stack([np.ones_like(x), np.maximum(x - kink, 0)], axis=1)


#: By category of networks: bases, of which the best counts, and their number of kinks.
FORMS: dict[str, tuple[tuple[Callable[..., np.ndarray], ...], int]] = {
    CONSTANT: ((constant,), 0),
    STRAIGHT: ((piecewise,), 0),
    FLAT_SIDE: ((flat_after, flat_before), 1),
    ONE_KINK: ((piecewise,), 1),
    TWO_KINKS: ((piecewise,), 2),
}


def table(training: Part) -> pd.DataFrame:
    """The closed forms of the levels on the training points.

    Returns:
        A row per form: category, loss, and first_kink and second_kink, the places of the best
        kinks in metres along the line, NaN where it has none. No row for points on no line.
    """
    rows = []
    line = lines.through(training.inputs)
    for category, (bases, kinks) in FORMS.items() if line else ():
        target = training.target[line.order].astype(np.float64)
        best = min(fit(basis, kinks, line.position, target) for basis in bases)
        first, second = (*best.kinks, np.nan, np.nan)[:2]
        rows.append((category, best.loss, first, second))
    return pd.DataFrame(rows, columns=["category", "loss", "first_kink", "second_kink"])


def fit(basis: Callable[..., np.ndarray], kinks: int, x: np.ndarray, target: np.ndarray) -> Fit:
    """The best function of a form.

    For given kinks it is a linear least-squares problem; the kinks are searched for on a grid, at
    quantiles of the positions, and refined from the best of it, anywhere between the points.

    Args:
        basis: of (size,) positions and the kinks, (size, k).
        kinks: how many.
        x: (size,) positions, sorted.
        target: (size,).
    """

    if not kinks:
        return Fit(_loss(basis, (), x, target), ())
    grid = np.quantile(x, np.linspace(0, 1, _PLACES + 2)[1:-1])
    tried = list(itertools.combinations(grid, kinks))
    some = slice(None, None, max(1, len(x) // (4 * _PLACES)))
    rough = [_loss(basis, places, x[some], target[some]) for places in tried]

    def loss(places: np.ndarray) -> float:
        inside = x[0] <= places[0] and places[-1] <= x[-1] and (np.diff(places) >= 0).all()
        return _loss(basis, places, x, target) if inside else np.inf

    options = {"xatol": 1e-9, "fatol": 1e-15}
    found = [
        minimize(loss, tried[k], method="Nelder-Mead", options=options)
        for k in np.argsort(rough)[:_REFINED]
    ]
    best = min(found, key=lambda result: result.fun)
    return Fit(float(best.fun), tuple(map(float, best.x)))


def _loss(basis: Callable[..., np.ndarray], kinks, x: np.ndarray, target: np.ndarray) -> float:
    columns = basis(x, *kinks)
    weights, *_ = np.linalg.lstsq(columns, target, rcond=None)
    return float(np.square(columns @ weights - target).mean())
