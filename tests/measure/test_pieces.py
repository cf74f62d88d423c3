"""Corners of the functions along a run: by hand, and against the network at their positions."""

import dataclasses

import numpy as np
import pytest

from jfb.config import settings
from jfb.measure import lines, pieces
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots

NETWORK = settings.Network(3, 3)
PLACES = np.linspace(0, 1, 400)[:, None] * np.float32([20.0, 13.0, 8.0])
POINTS = Part(PLACES.astype(np.float32), np.sin(PLACES[:, 0]).astype(np.float32))


def test_corners_by_hand():
    """Up to 2 m a slope of 1 from 3, then one of -2."""
    line = lines.Line(np.arange(5), np.array([0.0, 1.0, 2.5, 3.0, 4.0]), np.eye(3)[0])
    found = pieces.corners(lines.Pieces(np.array([1.0, -2.0]), np.array([3.0, 9.0])), line)
    np.testing.assert_allclose(found, [[0, 2, 4], [3, 5, 1]])


def test_the_network_is_straight_between_its_corners(project):
    run = project.studies["seeds"].runs[600, 0]
    run = dataclasses.replace(run, network=NETWORK, epochs=3, snapshots=3)
    flat = np.random.default_rng(4).normal(size=layout.size(NETWORK)) / 3
    layers = layout.views(flat, NETWORK)
    # Units switch within the room.
    layers["latent.bias"][...] = -layers["injection.weight"] @ [10.0, 6.0, 4.0]
    kept = Snapshots(np.array([0, 1]), np.array([flat, np.full_like(flat, np.nan)], np.float32))
    *rows, lost, after, last = pieces.along(run, kept, POINTS, POINTS)
    assert len(rows) == rows[0].function_kinks + 2 > 2
    assert (lost.epoch, lost.converged, lost.function_kinks) == (1, False, None)
    # Of a run that ended there, no snapshot was kept after.
    assert [(row.epoch, row.diverged) for row in (after, last)] == [(2, True), (3, True)]
    line = lines.through(POINTS.inputs)
    point = fixed_points.find(flat.astype(np.float32), NETWORK, POINTS.inputs).point
    expected = fixed_points.readout(point, flat.astype(np.float32), NETWORK)[line.order]
    at, value = ([getattr(row, name) for row in rows] for name in ("position", "value"))
    np.testing.assert_allclose(np.interp(line.position, at, value), expected, atol=1e-5)
    assert rows[0].loss == pytest.approx(np.square(expected - POINTS.target[line.order]).mean())
    assert rows[0].level == "none"
