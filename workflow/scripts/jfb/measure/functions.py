"""The functions of the position that relu networks compute on the training points of a line."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from jfb.config import settings
from jfb.measure import closed_forms, lines
from jfb.model import fixed_points
from jfb.records.dataset import Part


class Function(NamedTuple):
    """A piecewise linear function, and what makes it.

    `position` and `value` (kinks + 2,) are of the ends of its pieces, in metres along the line and
    without unit; `flat` (kinks + 1,) says which pieces are. `active_units` are those that are above
    0 at a training point.
    """

    position: np.ndarray
    value: np.ndarray
    flat: np.ndarray
    active_units: int

    @property
    def kinks(self) -> np.ndarray:
        """Positions of the kinks."""
        return self.position[1:-1]


def of_network(parameters: np.ndarray, network: settings.Network, training: Part) -> Function:
    """The function of a network with one fixed point at each training point.

    Args:
        parameters: (p,).
        network: with relu.
        training: all training points, on a line.

    Raises:
        ValueError: the points are not on a line.
    """
    line = lines.through(training.inputs)
    if line is None:
        raise ValueError("the training points are not on a line")
    point = fixed_points.find(parameters, network, training.inputs).point
    pieces = lines.pieces(point, parameters, network, line)
    position = np.concatenate([[0.0], pieces.kinks, line.position[-1:]])
    last = np.arange(len(position)).clip(max=len(pieces.slope) - 1)
    value = pieces.offset[last] + pieces.slope[last] * position
    return Function(position, value, pieces.slope == 0, int((point > 0).any(axis=0).sum()))


def predictions(
    networks: Iterable[np.ndarray], network: settings.Network, training: Part
) -> np.ndarray:
    """The predictions of some networks at the training points, (networks, size).

    A row is NaN where a point has not exactly one fixed point.
    """
    rows = []
    for parameters in networks:
        found = fixed_points.find(parameters, network, training.inputs)
        row = fixed_points.readout(found.point, parameters, network)
        rows.append(row if found.unique else np.full(len(training), np.nan))
    return np.array(rows)


def loss(function: Function, training: Part) -> float:
    """The mean squared error of a function as its pieces tell it.

    It is that of the network unless the function jumps between two points, where a piece is not
    seen.
    """
    line = lines.through(training.inputs)
    values = np.interp(line.position, function.position, function.value)
    return float(np.square(values - training.target[line.order].astype(np.float64)).mean())


def least_loss_nearby(function: Function, training: Part) -> float:
    """The least loss of a function of the same form with kinks near those of a function.

    A function that is constant before its first kink or after its last stays so.
    """
    line = lines.through(training.inputs)
    target = training.target[line.order].astype(np.float64)
    basis = closed_forms.piecewise
    if function.flat[0]:
        basis = closed_forms.flat_before if len(function.kinks) else closed_forms.constant
    elif function.flat[-1]:
        basis = closed_forms.flat_after
    if not len(function.kinks):
        return closed_forms.fit(basis, 0, line.position, target).loss
    return closed_forms.refined(basis, function.kinks, line.position, target).loss
