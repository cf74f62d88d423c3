"""Gradient descent with momentum, against torch.optim.SGD and between the engines."""

import dataclasses

import numba
import numpy as np
import pytest
import torch

from jfb.config import step_choices
from jfb.engines import reference
from jfb.engines.fused import engine as fused
from jfb.engines.fused import optimisers
from jfb.model.optimisers import SGD
from jfb.streams.interface import open_stream

KINDS = [
    step_choices.SGD(learning_rate=0.01),
    step_choices.SGD(learning_rate=0.01, momentum=0.9),
    step_choices.SGD(learning_rate=0.01, momentum=0.9, nesterov=True),
]


def kind(options):
    return "nesterov" if options.nesterov else f"momentum {options.momentum}"


def oracle_of(options, parameters):
    return torch.optim.SGD(
        [parameters],
        lr=options.learning_rate,
        momentum=options.momentum,
        nesterov=options.nesterov,
    )


def steps(seed, dtype=torch.float32):
    """Parameters to start from, and 200 gradients, some components of which are 0."""
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.randn(201, 28, generator=generator, dtype=dtype)
    return numbers[0], numbers[1:] * (numbers[1:] > -1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("options", KINDS, ids=kind)
def test_sgd_is_optim_sgd_after_each_of_200_steps(options, dtype):
    start, gradients = steps(5, dtype)
    ours, theirs = start.clone(), start.clone().requires_grad_()
    sgd = SGD(options, ours)
    oracle = oracle_of(options, theirs)
    for gradient in gradients:
        theirs.grad = gradient.clone()
        oracle.step()
        sgd.step(gradient, options.learning_rate)
        assert torch.equal(ours, theirs.detach())


@numba.njit
def compiled_step(optimiser, gradient, parameters, learning_rate):
    optimisers.take_step(optimiser, gradient, parameters, learning_rate)


@pytest.mark.parametrize("options", KINDS, ids=kind)
def test_the_compiled_step_is_optim_sgd_too(options):
    start, gradients = steps(6)
    parameters = fused._filled_up(start.numpy())
    compiled = optimisers.SGD.start(options, parameters)
    theirs = start.clone().requires_grad_()
    oracle = oracle_of(options, theirs)
    for gradient in gradients:
        theirs.grad = gradient.clone()
        oracle.step()
        compiled_step(
            compiled, fused._filled_up(gradient.numpy()), parameters, options.learning_rate
        )
        np.testing.assert_array_equal(parameters[:28], theirs.detach().numpy())


@pytest.mark.parametrize("options", KINDS, ids=kind)
@pytest.mark.parametrize(("batch_size", "epochs"), [(2400, 20), (600, 20), (32, 5)])
def test_the_first_epochs_are_the_references(batch_size, epochs, options, project, data):
    run = project.studies["seeds"].runs[batch_size, 0]
    run = dataclasses.replace(run, optimiser=options, epochs=epochs)
    found, expected = (
        engine.train(run, open_stream(run), *data, lambda row: None)
        for engine in (fused, reference)
    )
    for column in expected.log.keys() - {"train_seconds"}:
        np.testing.assert_array_equal(found.log[column], expected.log[column], column)
    np.testing.assert_array_equal(found.final, expected.final)
    assert expected.log["train_loss"][-1] < expected.log["train_loss"][0]
