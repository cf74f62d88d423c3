"""The JFB gradient against autograd and finite differences; Adam against optim.Adam."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from jfb.config import gradient_choices, settings, step_choices
from jfb.model import optimisers
from jfb.model.gradients import open_gradient
from jfb.model.network import Network, Transformation
from jfb.model.optimisers import Adam
from jfb.model.solvers import Solve
from jfb.records import layout

CASES = [(1, 1, 1), (3, 3, 32), (3, 3, 2400), (5, 2, 17), (8, 4, 64)]


def case(latent_dim, input_dim, rows, seed=0):
    """A random network, batch and latent point, in float64."""
    generator = torch.Generator().manual_seed(seed)
    dimensions = settings.Network(input_dim, latent_dim)
    draw = {"generator": generator, "dtype": torch.float64}
    flat = torch.randn(layout.size(dimensions), **draw)
    d, u = torch.randn(rows, input_dim, **draw), torch.randn(rows, latent_dim, **draw)
    return Network(flat, dimensions), d, u, torch.randn(rows, 1, **draw)


def loss(flat, dimensions, d, u, target):
    """Mean squared error after one application of T to a frozen u, written with F.linear."""
    p = layout.views(flat, dimensions)
    latent = functional.linear(u, p["latent.weight"], p["latent.bias"])
    injection = functional.linear(d, p["injection.weight"], p["injection.bias"])
    y = functional.linear(torch.relu(latent + injection), p["output.weight"], p["output.bias"])
    return functional.mse_loss(y, target)


def jfb(network, d, u, target):
    d, u, target = d.T, u.T, target.T
    size = d.shape[1]
    transform = Transformation(network, size)
    transform.fix(d)
    gradient = open_gradient(network, size, gradient_choices.JFB())
    a = gradient.follow(transform, Solve(u, 1, 0.0, True))
    return gradient(d, network.read_out(a, network.empty(1, size)).sub_(target))


@pytest.mark.parametrize(("latent_dim", "input_dim", "rows"), CASES)
def test_equals_autograd_through_one_application(latent_dim, input_dim, rows):
    network, d, u, target = case(latent_dim, input_dim, rows)
    flat = network.parameters.clone().requires_grad_()
    loss(flat, network.dimensions, d, u, target).backward()
    torch.testing.assert_close(jfb(network, d, u, target), flat.grad, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("latent_dim", "input_dim", "rows"), CASES)
def test_equals_finite_differences_of_the_frozen_loss(latent_dim, input_dim, rows):
    network, d, u, target = case(latent_dim, input_dim, rows, seed=1)
    flat, step = network.parameters, 1e-6
    differences = []
    for shift in step * torch.eye(len(flat), dtype=torch.float64):
        above, below = (
            loss(flat + s, network.dimensions, d, u, target).item() for s in (shift, -shift)
        )
        differences.append((above - below) / (2 * step))
    expected = torch.tensor(differences, dtype=torch.float64)
    scale = expected.abs().max().item()
    torch.testing.assert_close(jfb(network, d, u, target), expected, rtol=0, atol=1e-6 * scale)


def test_a_unit_that_is_off_everywhere_gets_no_gradient():
    network, d, u, target = case(3, 3, 10)
    network.latent_bias[1] = -1e3
    parts = layout.views(jfb(network, d, u, target), network.dimensions)
    for name in ("latent.weight", "latent.bias", "injection.weight", "injection.bias"):
        assert (parts[name][1] == 0).all(), name
    assert parts["output.weight"][0, 1] == 0


def test_layers_are_views_of_the_vector():
    network, *_ = case(3, 2, 1)
    network.parameters.zero_()
    for name in ("latent_weight", "latent_bias", "injection_weight", "output_weight"):
        assert (getattr(network, name) == 0).all()
    assert len(network.parameters) == 9 + 3 + 6 + 3 + 3 + 1


def test_the_reports_network_has_28_parameters():
    assert layout.size(settings.Network(3, 3)) == 28


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_adam_is_optim_adam(dtype, monkeypatch):
    monkeypatch.setattr(optimisers, "square_root", lambda x, out: torch.sqrt(x, out=out))
    options = step_choices.Adam(learning_rate=2e-3, beta1=0.8, beta2=0.95, epsilon=1e-7)
    generator = torch.Generator().manual_seed(4)
    start = torch.randn(28, generator=generator, dtype=dtype)
    ours, theirs = start.clone(), start.clone().requires_grad_()
    adam = Adam(options, ours)
    oracle = torch.optim.Adam([theirs], lr=2e-3, betas=(0.8, 0.95), eps=1e-7)
    for _ in range(50):
        gradient = torch.randn(28, generator=generator, dtype=dtype)
        theirs.grad = gradient.clone()
        oracle.step()
        adam.step(gradient, 2e-3)
    assert torch.equal(ours, theirs.detach())


def test_square_root_is_correctly_rounded():
    x = torch.rand(100_000, generator=torch.Generator().manual_seed(0)) * 1e-4
    root = optimisers.square_root(x, torch.empty_like(x))
    exact = np.sqrt(x.numpy().astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(root.numpy(), exact)
