"""LARS and LAMB against pytorch-optimizer, PyTorch's Adam, and by hand."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from pytorch_optimizer import LARS, Lamb

from jfb.config import step_choices
from jfb.engines import autograd, reference
from jfb.model.optimisers import OPTIMISERS
from jfb.streams.interface import open_stream

SHAPES = [(3, 3), (3,), (3, 3), (3,), (1, 3), (1,)]
SIZES = [math.prod(shape) for shape in SHAPES]
#: Of 100 steps, most of them with a rate of its own.
RATES = [0.03 * (k % 7 + 1) for k in range(100)]


def layers(seed, shapes=SHAPES):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def flat(parts):
    return torch.cat([part.detach().flatten() for part in parts])


def opened(options, parameters, sizes=SIZES):
    return OPTIMISERS[options.name](options, parameters, sizes)


def assert_steps_alike(oracle, theirs, optimiser, ours):
    """After each of the steps, with the same gradients, which the oracle changes."""
    for k, rate in enumerate(RATES):
        gradients = layers(k + 1, [p.shape for p in theirs])
        for p, g in zip(theirs, gradients, strict=True):
            p.grad = g.clone()
        oracle.param_groups[0]["lr"] = rate
        oracle.step()
        optimiser.step(flat(gradients), rate)
        torch.testing.assert_close(ours, flat(theirs), rtol=1e-9, atol=0)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_lars_is_that_of_pytorch_optimizer_on_matrices(decay, momentum):
    """It leaves vectors to plain gradient descent, as the paper does not."""
    shapes = [(3, 3), (4, 2), (1, 5)]
    theirs = [p.requires_grad_() for p in layers(0, shapes)]
    ours = flat(theirs)
    options = step_choices.LARS(
        learning_rate=1.0, momentum=momentum, weight_decay=decay, trust=0.02
    )
    oracle = LARS(theirs, lr=1.0, momentum=momentum, weight_decay=decay, trust_coefficient=0.02)
    optimiser = opened(options, ours, [p.numel() for p in theirs])
    assert_steps_alike(oracle, theirs, optimiser, ours)


def test_lars_is_the_papers_recursion_at_a_constant_rate():
    """v = m v + rate trust |w| / (|g| + decay |w|) (g + decay w), and w = w - v, for each layer."""
    m, decay, trust, rate = 0.8, 0.05, 0.3, 0.2
    options = step_choices.LARS(learning_rate=rate, momentum=m, weight_decay=decay, trust=trust)
    by_hand = layers(0)
    velocities = [torch.zeros_like(w) for w in by_hand]
    ours = flat(by_hand)
    optimiser = opened(options, ours)
    for k in range(50):
        gradients = layers(k + 1)
        for w, v, g in zip(by_hand, velocities, gradients, strict=True):
            local = trust * w.norm() / (g.norm() + decay * w.norm())
            v.mul_(m).add_(rate * local * (g + decay * w))
            w.sub_(v)
        optimiser.step(flat(gradients), rate)
        torch.testing.assert_close(ours, flat(by_hand), rtol=1e-11, atol=1e-13)


def test_lamb_without_decay_is_that_of_pytorch_optimizer():
    """Where it bounds no norm; it does not correct Adam's bias, which no step depends on then."""
    theirs = [p.requires_grad_() for p in layers(0)]
    ours = flat(theirs)
    options = step_choices.LAMB(learning_rate=1.0, beta1=0.8, beta2=0.95, epsilon=1e-14)
    oracle = Lamb(theirs, lr=1.0, betas=(0.8, 0.95), eps=1e-14, adam_debias=True)
    oracle.clamp = math.inf
    optimiser = opened(options, ours)
    assert_steps_alike(oracle, theirs, optimiser, ours)


def test_lamb_with_decay_is_the_papers_recursion():
    """x = x - rate |x| / |r + decay x| (r + decay x), r = m / (1 - b1^t) / (sqrt(v') + eps)."""
    b1, b2, epsilon, decay = 0.8, 0.95, 1e-3, 0.1
    options = step_choices.LAMB(
        learning_rate=1.0, beta1=b1, beta2=b2, epsilon=epsilon, weight_decay=decay
    )
    by_hand = layers(0)
    means, squares = ([torch.zeros_like(x) for x in by_hand] for _ in range(2))
    ours = flat(by_hand)
    optimiser = opened(options, ours)
    for k, rate in enumerate(RATES):
        gradients = layers(k + 1)
        for x, m, v, g in zip(by_hand, means, squares, gradients, strict=True):
            m.copy_(b1 * m + (1 - b1) * g)
            v.copy_(b2 * v + (1 - b2) * g**2)
            r = m / (1 - b1 ** (k + 1)) / ((v / (1 - b2 ** (k + 1))).sqrt() + epsilon)
            x.sub_(rate * x.norm() / (r + decay * x).norm() * (r + decay * x))
        optimiser.step(flat(gradients), rate)
        torch.testing.assert_close(ours, flat(by_hand), rtol=1e-9, atol=1e-12)


def test_a_step_of_lamb_has_the_norm_of_each_layer_and_the_direction_of_adam():
    start = layers(0)
    ours, adams = flat(start), flat(start)
    optimiser = opened(step_choices.LAMB(learning_rate=1.0, epsilon=1e-8), ours)
    adam = torch.optim.Adam([adams.requires_grad_()], lr=1.0, eps=1e-8)
    adams.grad = flat(layers(1))
    adam.step()
    optimiser.step(adams.grad, 0.1)
    parts = [(flat(start) - x.detach()).split(SIZES) for x in (ours, adams)]
    for before, step, direction in zip(start, *parts, strict=True):
        assert step.norm().item() == pytest.approx(0.1 * before.norm().item(), rel=1e-12)
        cosine = torch.nn.functional.cosine_similarity(step, direction, dim=0)
        assert cosine.item() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("kind", [step_choices.LARS, step_choices.LAMB])
def test_a_layer_of_zeros_is_stepped_all_the_same(kind):
    start = [torch.zeros(3, dtype=torch.float64), torch.ones(2, dtype=torch.float64)]
    ours = flat(start)
    optimiser = opened(kind(learning_rate=0.1), ours, [3, 2])
    optimiser.step(torch.tensor([1.0, -2, 3, 0, 0], dtype=torch.float64), 0.1)
    plain = {"lars": [-0.1, 0.2, -0.3], "lamb": [-0.1, 0.1, -0.1]}[kind.name]
    torch.testing.assert_close(ours[:3].tolist(), plain, rtol=1e-5, atol=0)
    # Without a gradient there is no step.
    assert ours[3:].tolist() == [1, 1]


def test_a_step_of_lars_is_in_proportion_to_the_layer_whatever_the_gradient():
    """Its square overflows in float32."""
    ours = torch.ones(4)
    optimiser = opened(step_choices.LARS(learning_rate=0.5, trust=0.1), ours, [4])
    optimiser.step(torch.full((4,), 1e25), 0.5)
    torch.testing.assert_close(ours, torch.full((4,), 1 - 0.5 * 0.1))


@pytest.mark.parametrize("kind", [step_choices.LARS, step_choices.LAMB])
def test_both_engines_train_with_it_alike(kind, project, data):
    run = dataclasses.replace(
        project.studies["seeds"].runs[600, 0],
        epochs=5,
        optimiser=kind(learning_rate=0.01, weight_decay=0.1),
    )
    found, expected = (
        engine.train(run, open_stream(run), *data, lambda row: None)
        for engine in (autograd, reference)
    )
    assert expected.log["train_loss"][-1] < expected.log["train_loss"][0]
    for column in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[column], expected.log[column], rtol=1e-5)
