"""Contractive latent maps: the bound, the projection, and the gradient through the cap."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from jfb.config import choices, settings
from jfb.engines import reference
from jfb.engines.fused import engine as fused
from jfb.model.contraction import CONTRACTIONS, Parametrization, Projection, SpectralCap
from jfb.model.network import Network
from jfb.records import layout
from jfb.streams.interface import open_stream

BOUND = choices.Projection(bound=0.9)
ROWS = choices.Projection(bound=0.9, norm="infinity")


def network_of(n, scale=1.0, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    dimensions = settings.Network(2, n)
    flat = torch.randn(layout.size(dimensions), generator=generator, dtype=dtype)
    network = Network(flat, dimensions)
    network.latent_weight.mul_(scale)
    return network


def norm(network):
    return np.linalg.norm(network.latent_weight.double().numpy(), 2)


@pytest.mark.parametrize("n", [1, 3, 20])
def test_projection_is_the_nearest_weight_within_the_bound(n):
    network = network_of(n)
    before = network.latent_weight.clone()
    Projection(network, BOUND)
    assert norm(network) == pytest.approx(min(0.9, np.linalg.norm(before.numpy(), 2)), rel=1e-5)
    distance = (network.latent_weight - before).norm()
    generator = torch.Generator().manual_seed(1)
    for _ in range(200):
        other = network.latent_weight + 0.1 * torch.randn(
            n, n, generator=generator, dtype=torch.float64
        )
        other *= min(1, 0.9 / np.linalg.norm(other.numpy(), 2))
        assert (other - before).norm() >= distance - 1e-5


@pytest.mark.parametrize("name", ["projection", "parametrization"])
@pytest.mark.parametrize("n", [1, 3, 50, 200])
def test_the_bound_holds_in_float32(name, n):
    for seed in range(5):
        network = network_of(n, dtype=torch.float32, seed=seed)
        CONTRACTIONS[name](network, choices.Contraction.all()[name](bound=0.95))
        assert norm(network) <= 0.95


@pytest.mark.parametrize("name", ["projection", "parametrization"])
def test_a_weight_within_the_bound_is_left_alone(name):
    network = network_of(3, scale=0.01)
    before = network.parameters.clone()
    contraction = CONTRACTIONS[name](network, choices.Contraction.all()[name](bound=0.95))
    gradient = torch.randn(len(before), dtype=torch.float64)
    torch.testing.assert_close(contraction.pull_back(gradient), gradient)
    torch.testing.assert_close(network.parameters, before, rtol=1e-15, atol=0)


def test_the_gradient_goes_through_the_cap():
    """Against finite differences of a linear loss of the capped parameters."""
    network = network_of(3)
    contraction = Parametrization(network, choices.Parametrization(bound=0.9))
    gradient = torch.randn(
        len(network.parameters), dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    )
    found = contraction.pull_back(gradient)
    expected = torch.empty_like(found)
    for k in range(len(found)):
        values = []
        for step in (1e-6, -2e-6):
            contraction.trained[k] += step
            contraction.apply()
            values.append(torch.dot(gradient, network.parameters).item())
        contraction.trained[k] += 1e-6
        contraction.apply()
        expected[k] = (values[0] - values[1]) / 2e-6
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


def test_the_cap_is_a_parametrization_of_pytorch():
    layer = torch.nn.Linear(4, 4)
    with torch.no_grad():
        layer.weight.mul_(10)
    torch.nn.utils.parametrize.register_parametrization(layer, "weight", SpectralCap(0.5))
    assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(0.5, rel=1e-5)
    with torch.no_grad():
        layer.weight = 0.1 * torch.eye(4)
    torch.testing.assert_close(layer.weight, 0.1 * torch.eye(4))


@pytest.mark.parametrize("name", ["projection", "parametrization"])
def test_a_run_stays_within_the_bound(name, replay, data):
    contraction = choices.Contraction.all()[name](bound=0.6)
    run = dataclasses.replace(replay[600], epochs=30, stream="per_seed", contraction=contraction)
    outcome = reference.train(run, open_stream(run), *data, lambda row: None)
    assert outcome.log["spectral_norm"].max() <= 0.6
    assert outcome.log["spectral_norm"].max() == pytest.approx(0.6, rel=1e-5)
    assert outcome.log["train_loss"][-1] < outcome.log["train_loss"][0]
    for flat in (outcome.best, outcome.final, *outcome.snapshots.parameters):
        assert np.linalg.norm(flat[:9].reshape(3, 3).astype(float), 2) <= 0.6


def longest_row(weight):
    return np.abs(np.asarray(weight, float)).sum(axis=1).max()


def nearest_in_the_ball(row, radius):
    """By sequential quadratic programming: row' = p - q with p, q >= 0 and a sum of `radius`."""
    n = len(row)

    def square(parts):
        return ((parts[:n] - parts[n:] - row) ** 2).sum()

    def slope(parts):
        half = 2 * (parts[:n] - parts[n:] - row)
        return np.concatenate([half, -half])

    inside = {
        "type": "ineq",
        "fun": lambda parts: radius - parts.sum(),
        "jac": lambda parts: -np.ones(2 * n),
    }
    found = minimize(
        square,
        np.full(2 * n, radius / (4 * n)),
        jac=slope,
        method="SLSQP",
        bounds=[(0, None)] * 2 * n,
        constraints=inside,
        options={"ftol": 1e-13, "maxiter": 1000},
    )
    assert found.success
    return found.x[:n] - found.x[n:]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_rows_are_projected_to_the_nearest_within_the_bound(n):
    moved = 0
    for seed in range(20):
        network = network_of(n, scale=1.5, seed=seed)
        before = network.latent_weight.numpy().copy()
        Projection(network, ROWS)
        for row, found in zip(before, network.latent_weight.numpy(), strict=True):
            expected = nearest_in_the_ball(row, ROWS.ceiling(n))
            distances = [np.linalg.norm(other - row) for other in (found, expected)]
            assert distances[0] == pytest.approx(distances[1], abs=1e-6)
            np.testing.assert_allclose(found, expected, atol=1e-5)
            moved += distances[0] > 0.1
    assert moved >= 5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_within_the_bound_are_left_as_they_are(dtype):
    network = network_of(6, dtype=dtype)
    network.latent_weight[1] *= 0.01
    network.latent_weight[4] = 0
    network.latent_weight[5] = torch.tensor([0.5, 0, 0, -0.25, 0, 0])
    before = network.parameters.clone()
    Projection(network, ROWS)
    found = network.latent_weight
    for row in (1, 4, 5):
        assert torch.equal(found[row], before[6 * row : 6 * row + 6])
    for row in (0, 2, 3):
        assert found[row].abs().sum().item() == pytest.approx(0.9, rel=1e-6)
        assert before[6 * row : 6 * row + 6].abs().sum() > 0.9
    assert torch.equal(network.parameters[36:], before[36:])


@pytest.mark.parametrize("n", [1, 3, 50, 200])
def test_the_bound_of_rows_holds_in_float32(n):
    for seed in range(5):
        network = network_of(n, scale=3, dtype=torch.float32, seed=seed)
        assert longest_row(network.latent_weight) > 0.95
        Projection(network, choices.Projection(bound=0.95, norm="infinity"))
        assert 0.95 * (1 - 1e-5) < longest_row(network.latent_weight) <= 0.95


@pytest.mark.parametrize("engine", [reference, fused])
def test_a_run_keeps_its_rows_within_the_bound(engine, replay, data):
    contraction = choices.Projection(bound=0.5, norm="infinity")
    run = dataclasses.replace(replay[600], epochs=30, stream="per_seed", contraction=contraction)
    outcome = engine.train(run, open_stream(run), *data, lambda row: None)
    flats = outcome.best, outcome.final, *outcome.snapshots.parameters
    norms = [longest_row(flat[:9].reshape(3, 3)) for flat in flats]
    assert max(norms) == pytest.approx(0.5, rel=1e-5)
    assert max(norms) <= 0.5
    assert outcome.log["train_loss"][-1] < outcome.log["train_loss"][0]
