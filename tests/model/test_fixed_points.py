"""Fixed points by activation patterns and by Newton's method."""

import numpy as np
import pytest
import torch
from scipy.optimize import root

from jfb.config import choices, settings
from jfb.model import fixed_points
from jfb.model.network import Network, Transformation
from jfb.model.solvers import SOLVERS
from jfb.records import layout
from jfb.records.dataset import Part

INPUTS = np.linspace(-1, 1, 9)[:, None]


def one_unit(weight, bias):
    """u = relu(weight u + d + bias), y = u."""
    network = settings.Network(input_dim=1, latent_dim=1)
    return np.array([weight, 0, 1, bias, 1, 0], np.float64), network


def test_picard_would_alternate():
    """Own weight -2: the iterates swing between 0 and h, and yet u = h / 3 is the fixed point."""
    found = fixed_points.find(*one_unit(-2, 2), INPUTS)
    assert found.unique
    np.testing.assert_allclose(found.point, (INPUTS + 2) / 3, atol=1e-14)


@pytest.mark.parametrize(("bias", "count"), [(2, 0), (-2, 2)])
def test_none_and_several_are_told_apart(bias, count):
    """Own weight 2: u = 2 u + h has u = -h, and u = 0 as well where h is below 0."""
    found = fixed_points.find(*one_unit(2, bias), INPUTS)
    assert (found.count == count).all()
    assert np.isnan(found.point).all()
    assert np.isnan(
        fixed_points.loss(*one_unit(2, bias), Part(INPUTS.astype(np.float32), INPUTS[:, 0]))
    )


def test_a_unit_on_its_kink_is_one_fixed_point():
    found = fixed_points.find(*one_unit(0.5, 0), np.zeros((3, 1)))
    assert found.unique
    assert (found.point == 0).all()


def test_an_inactive_unit_is_exactly_0():
    """Elimination that pivots on the latent weight leaves rounding: a unit that is off is on."""
    network = settings.Network(input_dim=1, latent_dim=3)
    rng = np.random.default_rng(0)
    for _ in range(30):
        flat = rng.uniform(-2, 2, layout.size(network))
        found = fixed_points.find(flat, network, INPUTS)
        layers = layout.views(flat, network)
        h = found.point @ layers["latent.weight"].T + INPUTS @ layers["injection.weight"].T
        h += layers["latent.bias"] + layers["injection.bias"]
        assert (found.point[h < -1e-9] == 0).all()


def test_parameters_that_are_not_finite_have_none():
    flat, network = one_unit(np.nan, 0)
    found = fixed_points.find(flat, network, INPUTS)
    assert (found.count == 0).all()
    assert np.isnan(found.point).all()


@pytest.mark.parametrize(
    ("latent_dim", "activation"), [(3, "relu"), (8, "relu"), (12, "relu"), (3, "tanh")]
)
def test_they_are_those_of_picard_where_it_converges(latent_dim, activation):
    network = settings.Network(3, latent_dim, activation)
    rng = np.random.default_rng(latent_dim)
    flat = rng.uniform(-1, 1, layout.size(network))
    weight = layout.views(flat, network)["latent.weight"]
    weight *= 0.9 / np.linalg.norm(weight, 2)
    inputs = rng.normal(size=(50, 3))
    options = choices.Picard(tolerance=1e-13, max_iterations=5000)
    transform = Transformation(Network(torch.from_numpy(flat), network), len(inputs))
    transform.fix(torch.from_numpy(inputs).T.contiguous())
    solve = SOLVERS["picard"](options, len(inputs), latent_dim, torch.float64)(transform)
    assert solve.converged
    found = fixed_points.find(flat, network, inputs)
    assert found.unique
    np.testing.assert_allclose(found.point, solve.point.T, atol=1e-9)


@pytest.mark.parametrize(("latent_dim", "activation"), [(10, "relu"), (3, "tanh")])
def test_newton_finds_those_that_picard_does_not(latent_dim, activation):
    """A latent map far from a contraction, against scipy's root."""
    network = settings.Network(1, latent_dim, activation)
    flat = np.zeros(layout.size(network))
    parts = layout.views(flat, network)
    parts["latent.weight"][...] = -2.5 * np.eye(latent_dim)
    parts["injection.weight"][...] = 1
    parts["latent.bias"][...] = 0.3
    found = fixed_points.find(flat, network, INPUTS)
    assert found.unique
    apply = {"tanh": np.tanh, "relu": lambda h: np.maximum(h, 0)}[activation]
    for d, u in zip(INPUTS, found.point, strict=True):
        wanted = root(lambda u, d=d: u - apply(-2.5 * u + d + 0.3), np.full(latent_dim, 0.1))
        np.testing.assert_allclose(u, wanted.x, atol=1e-8)
