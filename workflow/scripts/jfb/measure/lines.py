"""Points on a line, and the pieces of a network that is a function of the position along it."""

from typing import NamedTuple

import numpy as np

from jfb.config import settings
from jfb.records import layout

# Distance from the line, relative to the spread along it, that rounding to float32 leaves.
_ROUNDING = 1e-6
# Least change of a slope that counts, relative to the steepest piece.
_LEAST_CHANGE = 1e-6


class Line(NamedTuple):
    """Points on a line.

    `order` (size,) sorts them along it, `position` (size,) is the distance of each, in that order,
    from the first, in metres, and `direction` (m,) has length 1.
    """

    order: np.ndarray
    position: np.ndarray
    direction: np.ndarray


def through(inputs: np.ndarray) -> Line | None:
    """The line through points (size, m); None if they are not on one, up to rounding."""
    points = inputs.astype(np.float64)
    centred = points - points.mean(axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    if not spread[0] or (spread[1:] > _ROUNDING * spread[0]).any():
        return None
    direction = directions[0] * np.sign(directions[0][np.abs(directions[0]).argmax()])
    position = centred @ direction
    order = np.argsort(position, kind="stable")
    return Line(order, position[order] - position[order[0]], direction)


class Pieces(NamedTuple):
    """The pieces of a function of the position along a line, in their order.

    `slope` (k,) is per metre; `offset` (k,) is the value at position 0 of each piece, were it that
    long.
    """

    slope: np.ndarray
    offset: np.ndarray

    @property
    def kinks(self) -> np.ndarray:
        """(k - 1,) positions at which neighbouring pieces meet."""
        return -np.diff(self.offset) / np.diff(self.slope)


def pieces(
    point: np.ndarray, parameters: np.ndarray, network: settings.Network, line: Line
) -> Pieces:
    """The pieces of a network with relu, along a line, as its points see them.

    With the pattern D of active units, the output's slope along the direction e is
    c^T (I - D W)^-1 D V e. Neighbours with the same slope are of one piece; a piece between two
    points is not seen.

    Args:
        point: (size, n) fixed point of each point, in the order of the data.
        parameters: (p,) flat vector.
        network: its dimensions.
        line: of the points.
    """
    layers = layout.views(parameters.astype(np.float64), network)
    weight, readout = layers["latent.weight"], layers["output.weight"][0]
    along = layers["injection.weight"] @ line.direction
    ordered = point[line.order]
    active = ordered > 0
    changes = np.flatnonzero((active[1:] != active[:-1]).any(axis=1)) + 1
    starts = np.concatenate([[0], changes])
    slope = []
    for pattern in active[starts]:
        kept = np.eye(len(weight)) - pattern[:, None] * weight
        slope.append(readout @ np.linalg.solve(kept, pattern * along))
    slope = np.array(slope)
    least = _LEAST_CHANGE * np.abs(slope).max()
    slope[np.abs(slope) <= least] = 0
    offset = ordered[starts] @ readout + layers["output.bias"][0] - slope * line.position[starts]
    seen = np.concatenate([[True], np.abs(np.diff(slope)) > least])
    return Pieces(slope[seen], offset[seen])
