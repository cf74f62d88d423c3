"""Relu units in other scales: the same function, another Hessian, the same least eigenvalue."""

import dataclasses

import numpy as np
import pytest

from jfb.measure import rescaling, sharpness
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.dataset import Part

SCALES = np.array([3.0, 0.2, 1.5])
INPUTS = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
POINTS = Part(INPUTS, np.sin(INPUTS.sum(axis=1)))


@pytest.fixture
def network(project):
    return project.studies["replay"].runs[2400, 42].network


@pytest.fixture
def x(network):
    return np.random.default_rng(0).normal(size=layout.size(network)) / 3


@pytest.fixture
def rescaled(network, x):
    """x with units in other scales, row by row and column by column."""
    y = x.copy()
    layers = layout.views(y, network)
    for i, a in enumerate(SCALES):
        layers["latent.weight"][i, :] *= a
        layers["latent.weight"][:, i] /= a
        layers["latent.bias"][i] *= a
        layers["injection.weight"][i] *= a
        layers["injection.bias"][i] *= a
        layers["output.weight"][0, i] /= a
    return y


def least(network, parameters):
    hessian = sharpness.hessian(network, parameters, POINTS)
    return rescaling.least_largest_eigenvalue(hessian, network)


def test_the_exponents_are_those_of_a_rescaling_by_hand(network, x, rescaled):
    factors = np.exp(rescaling.exponents(network) @ np.log(SCALES))
    np.testing.assert_allclose(x * factors, rescaled, rtol=1e-12)


def test_a_rescaling_changes_no_prediction(network, x, rescaled):
    ours, theirs = (fixed_points.find(p, network, INPUTS).point for p in (x, rescaled))
    np.testing.assert_allclose(ours * SCALES, theirs, rtol=1e-9)
    ours, theirs = (fixed_points.loss(p, network, POINTS) for p in (x, rescaled))
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_a_rescaling_changes_the_largest_eigenvalue_and_not_the_least_one(network, x, rescaled):
    plain = [np.linalg.eigvalsh(sharpness.hessian(network, p, POINTS))[-1] for p in (x, rescaled)]
    assert max(plain) > 1.5 * min(plain)
    assert least(network, x) == pytest.approx(least(network, rescaled), rel=1e-6)
    assert least(network, x) <= min(plain)


def test_no_rescaling_has_a_smaller_largest_eigenvalue(network, x):
    hessian = sharpness.hessian(network, x, POINTS)
    found = rescaling.least_largest_eigenvalue(hessian, network)
    powers = rescaling.exponents(network)
    rng = np.random.default_rng(0)
    for logs in rng.normal(size=(500, 3)):
        divisor = np.exp(powers @ logs)
        tried = np.linalg.eigvalsh(hessian / np.outer(divisor, divisor))[-1]
        assert found <= tried * (1 + 1e-9)


def test_how_a_bias_is_split_in_two_changes_nothing(network, x):
    y = x.copy()
    layers = layout.views(y, network)
    layers["latent.bias"] += 0.7
    layers["injection.bias"] -= 0.7
    assert least(network, x) == pytest.approx(least(network, y), rel=1e-6)


def test_the_least_eigenvalue_by_hand(network):
    """Loss (w v - 1)^2 of an injection v and a readout w, at v w = 1: 2 [[w^2, 1], [1, v^2]]."""
    size = layout.size(network)
    hessian = np.zeros((size, size))
    names = layout.views(np.arange(size), network)
    v, w = int(names["injection.weight"][0, 0]), int(names["output.weight"][0, 0])
    hessian[v, v], hessian[w, w] = 2 * 9.0, 2 / 9.0
    hessian[v, w] = hessian[w, v] = 2.0
    # Scaled by a: [[18 / a^2, 2], [2, 2 a^2 / 9]], whose largest eigenvalue is least at a = 3: 4.
    assert rescaling.least_largest_eigenvalue(hessian, network) == pytest.approx(4.0)


def test_without_curvature_there_is_nothing_to_scale(network):
    size = layout.size(network)
    assert rescaling.least_largest_eigenvalue(np.zeros((size, size)), network) == 0


def test_the_table_has_it_for_relu_only(project, x):
    run = project.studies["replay"].runs[2400, 42]
    curved = dataclasses.replace(run, network=dataclasses.replace(run.network, activation="tanh"))
    rows = sharpness.of_runs([(run, x), (curved, x)], POINTS, lambda done: None).to_pylist()
    assert rows[0]["rescaled_eigenvalue"] == pytest.approx(least(run.network, x))
    assert rows[0]["rescaled_eigenvalue"] < rows[0]["largest_eigenvalue"]
    assert np.isnan(rows[1]["rescaled_eigenvalue"])
