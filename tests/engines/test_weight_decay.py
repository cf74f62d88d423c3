"""Weight decay, added to the gradient and decoupled, against torch.optim and between the engines.

Each step has a learning rate of its own, which decoupled decay is proportional to.
"""

import dataclasses

import numpy as np
import pytest
import torch

import plain
from jfb.config import step_choices
from jfb.engines import dataloader, reference
from jfb.engines.fused import engine as fused
from jfb.engines.fused import optimisers as compiled
from jfb.model import optimisers
from jfb.streams.interface import open_stream
from test_sgd import KINDS, compiled_step, oracle_of, steps

DECAY = 0.3
ADAM = step_choices.Adam(learning_rate=0.01, beta1=0.8, beta2=0.95, epsilon=1e-7)
OPTIONS = [
    dataclasses.replace(options, weight_decay=DECAY, decoupled=decoupled)
    for options in (ADAM, *KINDS)
    for decoupled in (False, True)
]
#: What is told of an optimiser without momentum.
PLAIN = {"name", "learning_rate", "weight_decay"}


def called(options):
    return " ".join(f"{key} {value}" for key, value in options.to_dict().items())


def rates():
    return [0.01 * 0.99**k * (k % 7 + 1) for k in range(200)]


class Oracle:
    """An optimiser of PyTorch. It has no SGD with decoupled decay: that decays here, by hand."""

    def __init__(self, options, parameters):
        self._parameters = parameters
        self._by_hand = options.name == "sgd" and options.decoupled
        if options.name == "sgd":
            decay = 0 if self._by_hand else options.weight_decay
            self._optimiser = oracle_of(options, parameters)
            self._optimiser.param_groups[0]["weight_decay"] = decay
        else:
            kind = torch.optim.AdamW if options.decoupled else torch.optim.Adam
            self._optimiser = kind(
                [parameters],
                betas=(options.beta1, options.beta2),
                eps=options.epsilon,
                weight_decay=options.weight_decay,
            )

    @torch.no_grad()
    def step(self, gradient, rate):
        if self._by_hand:
            self._parameters *= 1 - rate * DECAY
        self._parameters.grad = gradient.clone()
        self._optimiser.param_groups[0]["lr"] = rate
        self._optimiser.step()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("options", OPTIONS, ids=called)
def test_a_step_is_pytorchs_after_each_of_200(options, dtype, monkeypatch):
    monkeypatch.setattr(optimisers, "square_root", lambda x, out: torch.sqrt(x, out=out))
    start, gradients = steps(7, dtype)
    ours, theirs = start.clone(), start.clone().requires_grad_()
    optimiser, oracle = optimisers.OPTIMISERS[options.name](options, ours), Oracle(options, theirs)
    for gradient, rate in zip(gradients, rates(), strict=True):
        kept = gradient.clone()
        oracle.step(gradient, rate)
        optimiser.step(gradient, rate)
        assert torch.equal(ours, theirs.detach())
        assert torch.equal(gradient, kept)


@pytest.mark.parametrize("options", OPTIONS, ids=called)
def test_the_compiled_step_is_the_references_after_each_of_200(options):
    """A second once: the step is compiled for each class of optimiser, and not kept."""
    start, gradients = steps(8)
    theirs, ours = start.clone(), fused._filled_up(start.numpy())
    oracle = optimisers.OPTIMISERS[options.name](options, theirs)
    optimiser = compiled.OPTIMISERS[options.name].start(options, ours)
    for gradient, rate in zip(gradients, rates(), strict=True):
        oracle.step(gradient, rate)
        compiled_step(optimiser, fused._filled_up(gradient.numpy()), ours, rate)
        np.testing.assert_array_equal(ours[:28], theirs.numpy())
        assert not ours[28:].any()


@pytest.mark.parametrize(
    "options", [o for o in OPTIONS if o.decoupled or o.to_dict().keys() <= PLAIN], ids=called
)
def test_without_a_gradient_all_parameters_shrink_alike(options):
    """Whatever their size. Of a plain step, what is added to the gradient does the same."""
    start = torch.tensor([1.0, -3.0, 1e-3, 0.0], dtype=torch.float64)
    parameters = start.clone()
    optimiser = optimisers.OPTIMISERS[options.name](options, parameters)
    for _ in range(50):
        optimiser.step(torch.zeros(4, dtype=torch.float64), 0.1)
    torch.testing.assert_close(parameters, start * (1 - 0.1 * DECAY) ** 50, rtol=1e-12, atol=0)


@pytest.mark.parametrize("decoupled", [False, True])
def test_the_dataloader_engine_decays_as_the_reference_does(decoupled, replay, data):
    options = step_choices.Adam(learning_rate=1e-3, weight_decay=DECAY, decoupled=decoupled)
    run = dataclasses.replace(replay[600], stream="per_seed", epochs=5, optimiser=options)
    with plain.rounded_square_root():
        found = dataloader.train(run, open_stream(run), *data, lambda row: None)
    expected = reference.train(run, open_stream(run), *data, lambda row: None)
    for column in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[column], expected.log[column], rtol=1e-5)
    np.testing.assert_allclose(found.final, expected.final, rtol=1e-3, atol=1e-5)
