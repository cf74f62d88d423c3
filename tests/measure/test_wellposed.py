"""Conditions for a unique fixed point: against power iteration, norms by hand, and random pairs."""

import dataclasses

import numpy as np
import pytest

from jfb.config import settings
from jfb.measure import wellposed
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots
from jfb.streams.interface import open_stream


@pytest.mark.parametrize("n", [1, 3, 8])
def test_perron_frobenius_is_what_power_iteration_finds(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        weight = rng.normal(size=(n, n))
        # A small shift, so that no two eigenvalues of the largest modulus take turns.
        shifted = np.abs(weight) + 0.1 * np.eye(n)
        x = np.ones(n)
        for _ in range(3000):
            x = shifted @ x
            x /= np.linalg.norm(x)
        expected = x @ shifted @ x / (x @ x) - 0.1
        assert wellposed.perron_frobenius(weight) == pytest.approx(expected, rel=1e-8)


def test_neither_condition_implies_the_other():
    """By hand: |W| has the eigenvalue 1.2 and W the norm 0.6 sqrt(2); a nilpotent W is large."""
    turned = 0.6 * np.array([[1.0, 1.0], [-1.0, 1.0]])
    assert wellposed.perron_frobenius(turned) == pytest.approx(1.2)
    assert np.linalg.norm(turned, 2) == pytest.approx(0.6 * np.sqrt(2))
    nilpotent = np.array([[0.0, 9.0], [0.0, 0.0]])
    assert wellposed.perron_frobenius(nilpotent) == 0
    assert np.linalg.norm(nilpotent, 2) == pytest.approx(9)


def drawn(seed, n=3, m=3, scale=0.25):
    network = settings.Network(m, n)
    rng = np.random.default_rng(seed)
    flat = rng.normal(size=layout.size(network)).astype(np.float32)
    layout.views(flat, network)["latent.weight"][...] *= np.float32(scale)
    return flat, network, rng


def predicted(flat, network, inputs):
    point = fixed_points.find(flat, network, inputs).point
    layers = layout.views(flat.astype(np.float64), network)
    return point @ layers["output.weight"][0] + layers["output.bias"][0]


@pytest.mark.parametrize("seed", range(10))
def test_the_gain_bounds_every_pair_of_inputs(seed):
    flat, network, rng = drawn(seed)
    bound = wellposed.gain(flat, network)
    assert np.isfinite(bound)
    one = rng.normal(size=(500, 3)).astype(np.float32)
    other = one + (rng.normal(size=(500, 3)) * 10.0 ** rng.uniform(-4, 1, (500, 1))).astype("f")
    change = np.abs(predicted(flat, network, one) - predicted(flat, network, other))
    apart = np.abs(one.astype(np.float64) - other).max(axis=1)
    assert (change <= bound * apart * (1 + 1e-9) + 1e-12).all()


def test_the_gain_of_positive_weights_is_reached():
    """Where all weights are positive and all units active, the bound is the slope itself."""
    flat, network, _ = drawn(0)
    flat = np.abs(flat)
    one = np.ones((1, 3), np.float32)
    change = predicted(flat, network, 2 * one) - predicted(flat, network, one)
    assert change[0] == pytest.approx(wellposed.gain(flat, network), rel=1e-6)


def test_there_is_no_gain_where_the_eigenvalue_is_1_or_more():
    flat, network, _ = drawn(0, scale=3.0)
    assert np.isnan(wellposed.gain(flat, network))
    flat[0] = np.inf
    assert np.isnan(wellposed.gain(flat, network))


def along(project, parameters, **changes):
    run = dataclasses.replace(project.studies["trajectories"].runs[600, 0], **changes)
    rng = np.random.default_rng(0)
    training = Part(rng.normal(size=(50, 3)).astype("f"), rng.normal(size=50).astype("f"))
    kept = Snapshots(np.arange(len(parameters)), np.array(parameters))
    return wellposed.along(run, kept, training)


def test_every_fourth_snapshot_and_the_last_are_measured(project):
    run = project.studies["trajectories"].runs[600, 0]
    start = open_stream(run).initial_parameters()
    rows = along(project, [start] * 10)
    assert [row.epoch for row in rows] == [0, 4, 8, 9]
    # 50 points are one batch of 600.
    assert [row.updates for row in rows] == [0, 4, 8, 9]
    assert {row.level for row in rows} == {"none"}


def test_the_conditions_of_a_network_by_hand(project):
    """W = diag(0.5, -3, 0) has one fixed point for every input, and none of the norms below 1.

    A unit of its own with the weight -3 has one too, which the iteration does not reach: it jumps.
    """
    run = project.studies["trajectories"].runs[600, 0]
    flat = open_stream(run).initial_parameters()
    layout.views(flat, run.network)["latent.weight"][...] = np.diag([0.5, -3.0, 0.0])
    layout.views(flat, run.network)["latent.bias"][...] = 10
    (row,) = along(project, [flat])
    norms = row.spectral_norm, row.infinity_norm, row.perron_frobenius, row.contraction_high
    assert norms == pytest.approx((3, 3, 3, 3), rel=1e-2)
    assert (row.unique, row.reached) == (True, False)
    layout.views(flat, run.network)["latent.weight"][...] = np.diag([0.5, -0.9, 0.0])
    (row,) = along(project, [flat])
    assert row.spectral_norm == pytest.approx(0.9)
    assert (row.unique, row.reached) == (True, True)


def test_a_network_that_is_not_finite_has_no_measure(project):
    run = project.studies["trajectories"].runs[600, 0]
    flat = open_stream(run).initial_parameters()
    flat[0] = np.nan
    (row,) = along(project, [flat])
    assert np.isnan([row.spectral_norm, row.perron_frobenius, row.contraction_high]).all()
    assert (row.unique, row.reached) == (False, False)
