"""The loss at exact fixed points, and its few rows, against PyTorch's engine and differences."""

import dataclasses

import numpy as np
import pytest

from jfb.config.choices import Picard
from jfb.config.gradient_choices import Implicit
from jfb.engines.full_batch import Points
from jfb.model import fixed_points
from jfb.model.exact_loss import ExactLoss
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.streams.interface import open_stream


@pytest.fixture
def run(replay):
    """A run whose fixed points the engine full_batch finds to rounding."""
    exact = {"solver": Picard(tolerance=1e-14, max_iterations=10_000), "gradient": Implicit()}
    return dataclasses.replace(replay[2400], engine="full_batch", stream="per_seed", **exact)


def start(run, seed):
    return open_stream(dataclasses.replace(run, seed=seed)).initial_parameters().astype(float)


@pytest.mark.parametrize("seed", range(6))
def test_loss_and_products_are_those_of_all_rows(run, data, seed):
    """Of the engine's Jacobian, a row per point: J^T J, J^T r and |r|."""
    training, _ = data
    points, few = Points(run, training), ExactLoss(run.network, training)
    at = start(run, seed)
    assert few.loss(at) == pytest.approx(points.loss(at), rel=1e-12)
    residuals, jacobian = few.residuals()
    all_residuals, all_rows = points.residuals()
    assert len(residuals) < len(all_residuals) / 50
    scale = np.abs(all_rows).max() ** 2 * len(all_rows)
    np.testing.assert_allclose(jacobian.T @ jacobian, all_rows.T @ all_rows, atol=1e-11 * scale)
    np.testing.assert_allclose(
        jacobian.T @ residuals, all_rows.T @ all_residuals, atol=1e-11 * scale
    )
    assert residuals @ residuals == pytest.approx(few.loss(at), rel=1e-12)
    np.testing.assert_allclose(few.gradient(), points.gradient(), atol=1e-10)


def test_the_gradient_is_that_of_differences_off_a_line(run):
    """Points in the room, of which some patterns have fewer than a plane needs."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-3, 3, (37, 3)).astype(np.float32)
    problem = ExactLoss(run.network, Part(inputs, rng.normal(size=37).astype(np.float32)))
    at = start(run, 3)
    problem.loss(at)
    gradient = problem.gradient()
    for place, derivative in enumerate(gradient):
        step = 1e-6 * np.eye(layout.size(run.network))[place]
        difference = problem.loss(at + step) - problem.loss(at - step)
        assert difference / 2e-6 == pytest.approx(derivative, abs=1e-7)


def test_without_a_unique_fixed_point_the_loss_is_infinite(run, data):
    training, _ = data
    at = start(run, 0)
    layers = layout.views(at, run.network)
    layers["latent.weight"][...] = 2 * np.eye(3)
    layers["latent.bias"][...] = 1
    assert not fixed_points.find(at, run.network, training.inputs).unique
    assert ExactLoss(run.network, training).loss(at) == np.inf
