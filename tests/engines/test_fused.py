"""The fused engine against the reference engine, the plain arithmetic of NumPy, and itself."""

import dataclasses
import json
import operator
import os
import platform
import subprocess
import sys
import time

import numba
import numpy as np
import pytest
import torch

from conftest import ROOT
from jfb.config import choices, gradient_choices, settings, step_choices
from jfb.config.checks import FUSED_DIRECT
from jfb.config.engine_choices import Fused
from jfb.engines import blocks, reference, stepping
from jfb.engines.fused import engine as fused
from jfb.engines.fused import lanes, optimisers
from jfb.engines.fused.batch import places, rounds
from jfb.engines.fused.contraction import cut_singular_values
from jfb.model.network import Network
from jfb.model.optimisers import Adam
from jfb.records import dataset, layout, runlog, snapshots
from jfb.records.blocks import finals, gather
from jfb.records.dataset import Part
from jfb.records.parameters import read as read_parameters
from jfb.storage import parquet
from jfb.streams.interface import open_stream
from train_runs import X86

#: A kernel is compiled for each pair of dimensions, in six seconds or more: `make test` has few.
LONG = pytest.mark.long
#: Up to which Intel MKL adds the products of a batch one after the other.
EXACT_UNITS = 6


def ignore(row):
    pass


@pytest.fixture
def run(project):
    return project.studies["seeds"].runs[600, 0]


def train(fused, run, data):
    return fused.train(run, open_stream(run), *data, ignore)


def assert_same_run(found, expected):
    """Bit by bit: every column but the seconds, and the best, final and kept parameters."""
    assert found.log.keys() == expected.log.keys()
    for column in found.log.keys() - {"train_seconds"}:
        np.testing.assert_array_equal(found.log[column], expected.log[column], column)
    np.testing.assert_array_equal(found.best, expected.best)
    np.testing.assert_array_equal(found.final, expected.final)
    np.testing.assert_array_equal(found.snapshots.epochs, expected.snapshots.epochs)
    np.testing.assert_array_equal(found.snapshots.parameters, expected.snapshots.parameters)


def reference_step(run, parameters, batch):
    """What the reference engine computes in a step."""
    network = Network(torch.from_numpy(parameters), run.network)
    inputs, target = stepping.tensors(batch)
    error = torch.empty(1, len(batch))
    forward = reference.Forward(network, run, len(batch))
    solve = forward(inputs, target, error)
    gradient = forward.gradient(inputs, error).numpy().copy()
    return fused.Step(error.square().mean().item(), gradient, solve.iterations, solve.converged)


def random_batch(rng, m, most=200):
    return batch_of(rng, m, int(rng.integers(1, most)))


def batch_of(rng, m, size):
    return Part(
        rng.normal(size=(size, m)).astype(np.float32), rng.normal(size=size).astype(np.float32)
    )


def called(choice):
    return " ".join(map(str, choice.to_dict().values()))


GRADIENTS = [
    gradient_choices.JFB(),
    gradient_choices.Neumann(order=1),
    gradient_choices.Neumann(order=6),
    gradient_choices.Implicit(),
]


@pytest.mark.parametrize("gradient", GRADIENTS, ids=called)
@pytest.mark.parametrize(
    ("n", "m"),
    [
        (3, 3),
        (7, 4),
        *(pytest.param(*pair, marks=LONG) for pair in ((1, 8), (2, 3), (4, 1), (5, 2))),
        *(pytest.param(*pair, marks=LONG) for pair in ((6, 5), (8, 7))),
    ],
)
def test_gradients_equal_the_references(n, m, gradient, run):
    """125 random networks, batches and limits for each of eight pairs of dimensions.

    Some batches are as large as the report's; sums go in other groups by the number of units.
    Seconds each: the kernel is compiled for the dimensions.
    """
    run = dataclasses.replace(run, gradient=gradient)
    network = settings.Network(input_dim=m, latent_dim=n)
    rng = np.random.default_rng([n, m])
    for case in range(125):
        limit = 1000 if case % 5 else int(rng.integers(1, 4))
        solver = dataclasses.replace(run.solver, max_iterations=limit)
        chosen = dataclasses.replace(run, network=network, solver=solver, seed=case)
        parameters = open_stream(chosen).initial_parameters()
        large = {0: 2400, 40: 600, 80: 1057}.get(case)
        batch = batch_of(rng, m, large) if large else random_batch(rng, m)
        found = fused.step(chosen, parameters, batch)
        expected = reference_step(chosen, parameters, batch)
        assert (found.iterations, found.converged) == (expected.iterations, expected.converged)
        assert found.loss == pytest.approx(expected.loss, rel=1e-5)
        if n <= EXACT_UNITS:
            assert found.loss == expected.loss
        if gradient.exact and n <= EXACT_UNITS:
            np.testing.assert_array_equal(found.gradient, expected.gradient)
        difference = np.linalg.norm(found.gradient - expected.gradient)
        assert difference <= 1e-5 * np.linalg.norm(expected.gradient)


@pytest.mark.long
def test_the_largest_latent_dimension(run):
    """Seconds: the kernel is compiled for it."""
    n = Fused.most_latent_dim
    network = dataclasses.replace(run.network, latent_dim=n)
    chosen = dataclasses.replace(run, network=network)
    parameters = open_stream(chosen).initial_parameters()
    batch = random_batch(np.random.default_rng(0), 3)
    found, expected = (f(chosen, parameters, batch) for f in (fused.step, reference_step))
    assert found.iterations == expected.iterations
    np.testing.assert_allclose(found.gradient, expected.gradient, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("batch_size", [20, 700])
def test_slow_and_failing_solves_are_the_references(batch_size, run):
    """Latent maps from contractive to expanding, so that some solves take hundreds of iterations.

    A rounding of the last bit anywhere would be seen: it decides where a residual passes.
    """
    rng = np.random.default_rng(batch_size)
    iterations = []
    for case in range(300):
        seeded = dataclasses.replace(run, seed=case)
        parameters = open_stream(seeded).initial_parameters()
        parameters[:9] *= np.float32(rng.uniform(0.5, 4))
        batch = random_batch(rng, 3, batch_size)
        found, expected = (f(seeded, parameters, batch) for f in (fused.step, reference_step))
        iterations.append(expected.iterations)
        assert (found.iterations, found.converged) == (expected.iterations, expected.converged)
        np.testing.assert_array_equal(found.gradient, expected.gradient)
    assert sum(count > 100 for count in iterations) > 30
    assert sum(count == 1000 for count in iterations) > 10


#: Latent weights, by what Picard's iterates do from 0 where the units are active.
ROUND = {
    "swing at once": [[-1.5]],
    "come to swing": [[-1.5, 0.3], [0.2, 0.5]],
    "go round by three": [[1.6, -3.0], [1.5, -0.5]],
    "go to infinity": [[1.5]],
    "grow beside one that swings": [[1.01, 0.0], [0.0, -1.5]],
    "come near slowly": [[0.98]],
    "alternate ever less": [[-0.999]],
    "flicker in the last bit, some": [[0.2, -1.7], [1.3, -0.4]],
}


@pytest.mark.parametrize("tolerance", [1e-3, 1e-46])
@pytest.mark.parametrize(
    ("latent", "n"),
    [
        *((name, 2) for name in ROUND),
        # Without another unit, whose weights are 0, beside it.
        *(pytest.param(name, 1, marks=LONG) for name, own in ROUND.items() if len(own) == 1),
    ],
)
def test_rounds_that_are_not_computed_end_where_the_reference_does(latent, n, tolerance, run):
    """Vectors of samples that pass early, late and never; limits of both parities."""
    weight, own = np.zeros((n, n)), len(ROUND[latent])
    weight[:own, :own] = ROUND[latent]
    parameters = np.concatenate([weight.ravel(), np.zeros(n), np.ones(n), np.zeros(n)])
    parameters = np.append(parameters, [*np.ones(n), 0.0]).astype(np.float32)
    batch = batch_of(np.random.default_rng(n), 1, 150)
    batch.inputs.sort(axis=0)
    network = settings.Network(input_dim=1, latent_dim=n)
    for limit in (*range(62, 100), 127, 128, 129, 500, 999, 1000, 1001):
        solver = dataclasses.replace(run.solver, tolerance=tolerance, max_iterations=limit)
        chosen = dataclasses.replace(run, network=network, solver=solver)
        found, expected = (f(chosen, parameters, batch) for f in (fused.step, reference_step))
        assert (found.iterations, found.converged) == (expected.iterations, expected.converged)
        np.testing.assert_array_equal(found.gradient, expected.gradient)
        np.testing.assert_array_equal(found.loss, expected.loss)


def test_a_look_compares_with_an_iterate(run):
    """One unit counts to 31 until the other sets it back: both are 0 again after 32 iterations.

    So they are after 64, when nothing has been kept to compare with.
    """
    parameters = np.float32([1, -100, 1, 0, 1, -28, 0, 0, 0, 0, 1, 1, 0])
    network = settings.Network(input_dim=1, latent_dim=2)
    batch = batch_of(np.random.default_rng(0), 1, 1)
    for limit in (80, 96, 1000):
        solver = dataclasses.replace(run.solver, max_iterations=limit)
        chosen = dataclasses.replace(run, network=network, solver=solver)
        found, expected = (f(chosen, parameters, batch) for f in (fused.step, reference_step))
        np.testing.assert_array_equal(found.gradient, expected.gradient)
        assert found.loss == expected.loss


@pytest.mark.parametrize("done", range(0, 90, 7))
@pytest.mark.parametrize("least", range(1, 100, 9))
@pytest.mark.parametrize("most", [90, 127, 1000])
def test_rounds_end_before_the_next_iteration_that_is_compared(done, least, most):
    count = rounds(done, least, most)
    assert count % 16 == 0
    if done < least:
        assert least - 1 - 16 < done + count <= least - 1
    elif done - 16 < least - 1:
        # Of the last sixteen iterations some have not been compared.
        assert count == 0
    else:
        assert most - 16 < done + count <= most


# A float32 below 1e-2 but not below its float32, and one of which the float32 is 0.
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-3, 1e-46])
def test_residuals_are_compared_with_the_tolerance_itself(tolerance, run):
    """With u = 0, W = 0 and no injection, T(u) is the bias, and the first residual is too."""
    solver = dataclasses.replace(run.solver, tolerance=tolerance, max_iterations=1)
    chosen = dataclasses.replace(run, solver=solver)
    batch = random_batch(np.random.default_rng(0), 3)
    nearest = np.float32(tolerance)
    for residual in (np.nextafter(nearest, np.float32(0)), nearest, np.nextafter(nearest, 1)):
        parameters = np.zeros(28, np.float32)
        parameters[9] = residual
        expected = bool(float(residual) < tolerance)
        for step in (fused.step, reference_step):
            assert step(chosen, parameters, batch).converged == expected


@pytest.mark.parametrize("gradient", GRADIENTS[1:], ids=called)
@pytest.mark.parametrize("batch_size", [2400, 600, 32])
def test_the_first_epochs_of_other_gradients_are_the_references(batch_size, gradient, run, data):
    run = dataclasses.replace(run, batch_size=batch_size, gradient=gradient, epochs=20)
    found, expected = train(fused, run, data), train(reference, run, data)
    if gradient.exact:
        assert_same_run(found, expected)
    for column in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[column], expected.log[column], rtol=1e-4)


@pytest.mark.parametrize(("n", "m"), [(7, 4), pytest.param(FUSED_DIRECT, 3, marks=LONG)])
def test_many_patterns_with_an_implicit_gradient(n, m, run):
    """Of active units in a batch: a hundred; of the most units hundreds, bit 31 among them."""
    network = settings.Network(input_dim=m, latent_dim=n)
    chosen = dataclasses.replace(run, network=network, gradient=GRADIENTS[-1])
    parameters = open_stream(chosen).initial_parameters()
    rng = np.random.default_rng(0)
    batch = batch_of(rng, m, 300)
    batch.inputs[:] *= 5
    found, expected = (f(chosen, parameters, batch) for f in (fused.step, reference_step))
    difference = np.linalg.norm(found.gradient - expected.gradient)
    assert difference <= 1e-5 * np.linalg.norm(expected.gradient)


@pytest.mark.parametrize("n", [pytest.param(1, marks=LONG), 2])
def test_a_singular_system_is_not_finite_in_both_engines(n, run):
    """One unit with W = 1 that is active everywhere: 1 - J = 0. A second one has no weights."""
    network = dataclasses.replace(run.network, latent_dim=n, input_dim=1)
    solver = dataclasses.replace(run.solver, max_iterations=3)
    chosen = dataclasses.replace(run, network=network, solver=solver, gradient=GRADIENTS[-1])
    parameters = np.zeros(layout.size(network), np.float32)
    for name in ("latent.weight", "latent.bias", "output.weight"):
        layout.views(parameters, network)[name].flat[0] = 1
    batch = Part(np.ones((4, 1), np.float32), np.zeros(4, np.float32))
    for step in (fused.step, reference_step):
        assert not np.isfinite(step(chosen, parameters, batch).gradient).all()


@pytest.mark.parametrize("contraction", [choices.Projection, choices.Parametrization])
@pytest.mark.parametrize("batch_size", [2400, 32])
def test_bounded_runs_are_the_references(batch_size, contraction, run, data):
    run = dataclasses.replace(
        run, batch_size=batch_size, epochs=20, contraction=contraction(bound=0.6)
    )
    found, expected = train(fused, run, data), train(reference, run, data)
    for column in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[column], expected.log[column], rtol=1e-4)
    # It starts at the bound; the full batch then moves a step of the learning rate off it.
    assert 0.6 - 1e-3 < found.log["spectral_norm"].max() <= 0.6
    np.testing.assert_allclose(
        found.snapshots.parameters, expected.snapshots.parameters, rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("n", [1, 3, 32, *(pytest.param(n, marks=LONG) for n in (2, 8))])
def test_projection_cuts_singular_values(n):
    """Against NumPy's decomposition; equal singular values and zeros among the cases."""
    rng = np.random.default_rng(n)
    rotation, _ = np.linalg.qr(rng.normal(size=(n, n)))
    cases = [rng.normal(size=(n, n)) * scale for scale in (0.1, 1, 10)]
    for weight in (*cases, 2 * rotation, np.zeros((n, n)), np.diag(np.arange(n) / n)):
        weight = weight.astype(np.float32)
        left, values, right = np.linalg.svd(weight.astype(float))
        found = weight.flatten()
        project_in_place((None,) * n, found, 0.8, np.empty((n, n)), np.empty((n, n)))
        expected = left * np.minimum(values, 0.8) @ right
        np.testing.assert_allclose(found.reshape(n, n), expected, atol=3e-6)
        if values[0] <= 0.8:
            np.testing.assert_array_equal(found.reshape(n, n), weight)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_is_left_alone(value):
    weight = np.ones(4, np.float32)
    weight[1] = value
    found = weight.copy()
    project_in_place((None,) * 2, found, 0.8, np.empty((2, 2)), np.empty((2, 2)))
    np.testing.assert_array_equal(found, weight)


@numba.njit
def project_in_place(latent, parameters, ceiling, rotated, rotation):
    cut_singular_values(latent, parameters, ceiling, rotated, rotation)


@pytest.mark.parametrize("count", [1, 7, 40])
def test_snapshots_are_the_parameters_after_their_epochs(count, run, data):
    run = dataclasses.replace(run, snapshots=count, epochs=60)
    kept = train(fused, run, data).snapshots
    assert kept.epochs.tolist() == snapshots.epochs_of(run).tolist()
    np.testing.assert_array_equal(kept.parameters[0], open_stream(run).initial_parameters())
    for epoch, parameters in zip(kept.epochs[1:6], kept.parameters[1:6], strict=True):
        shorter = train(fused, dataclasses.replace(run, epochs=int(epoch)), data)
        np.testing.assert_array_equal(parameters, shorter.final)
    expected = train(reference, run, data).snapshots
    np.testing.assert_array_equal(kept.epochs, expected.epochs)
    np.testing.assert_array_equal(kept.parameters, expected.parameters)


# Batches of other sizes than the report's, the last of them smaller; sums of fewer than eight
# numbers, and of fewer than a vector, are others.
ODD_SIZES = [5, 6, 7, 9, 31, 33, 100, 255, 700, 1023, 1601, 2399]


@pytest.mark.parametrize(
    ("batch_size", "epochs"),
    [
        *((size, 20) for size in (2400, 1200, 600, 64, 32)),
        *((size, 3) for size in ODD_SIZES),
        *((size, 1) for size in (1, 2, 3, 4, 8)),
    ],
)
@pytest.mark.parametrize("stream", ["per_seed", "report"])
def test_epochs_are_the_references(batch_size, epochs, stream, run, data):
    run = dataclasses.replace(run, batch_size=batch_size, stream=stream, epochs=epochs)
    assert_same_run(train(fused, run, data), train(reference, run, data))


@pytest.mark.parametrize("batch_size", [2400, 600, 45, 32])
def test_epochs_of_another_latent_dimension_are_the_references(batch_size, run, data):
    """Ten seconds once: the kernel is compiled for the dimension."""
    network = dataclasses.replace(run.network, latent_dim=5)
    run = dataclasses.replace(run, network=network, batch_size=batch_size, epochs=10)
    assert_same_run(train(fused, run, data), train(reference, run, data))


@pytest.mark.parametrize("size", [32_000, 133_000])
def test_sums_over_more_samples_are_the_references(size, run):
    """So many that the sums of ATen's cascades are put aside three times."""
    batch = batch_of(np.random.default_rng(size), 3, size)
    parameters = open_stream(run).initial_parameters()
    found, expected = (f(run, parameters, batch) for f in (fused.step, reference_step))
    assert found.loss == expected.loss
    np.testing.assert_array_equal(found.gradient, expected.gradient)


@pytest.mark.parametrize("betas", [(0.0, 0.0), (0.3, 0.5), (0.5, 0.99), (0.51, 0.9999)])
def test_other_decay_rates_are_the_references(betas, run, data):
    optimiser = step_choices.Adam(learning_rate=0.01, beta1=betas[0], beta2=betas[1], epsilon=1e-6)
    run = dataclasses.replace(run, batch_size=64, epochs=5, optimiser=optimiser)
    assert_same_run(train(fused, run, data), train(reference, run, data))


@numba.njit
def compiled_step(optimiser, gradient, parameters, learning_rate):
    optimisers.take_step(optimiser, gradient, parameters, learning_rate)


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.0), (0.5, 0.9), (0.7, 0.99)])
def test_adam_is_the_references_after_each_of_3000_steps(betas):
    options = step_choices.Adam(learning_rate=1e-3, beta1=betas[0], beta2=betas[1])
    generator = torch.Generator().manual_seed(1)
    gradients = torch.randn(3000, 28, generator=generator) * (2.0 ** torch.arange(-14, 14))
    theirs = torch.randn(28, generator=generator)
    ours = fused._filled_up(theirs.numpy())
    adam = optimisers.Adam.start(options, ours)
    oracle = Adam(options, theirs)
    for gradient in gradients:
        oracle.step(gradient, 1e-3)
        compiled_step(adam, fused._filled_up(gradient.numpy()), ours, 1e-3)
        np.testing.assert_array_equal(ours[:28], theirs.numpy())


def test_running_products_are_powers_in_float32():
    """Adam's factors over 225,000 steps; PyTorch computes the powers anew."""
    step, root = np.empty((2, 225_000), np.float32), np.empty((2, 225_000), np.float32)
    first = second = 1.0
    for k in range(225_000):
        first, second = first * 0.9, second * 0.999
        step[:, k] = -1e-3 / (1 - first), -1e-3 / (1 - 0.9 ** (k + 1))
        root[:, k] = np.sqrt(1 - second), (1 - 0.999 ** (k + 1)) ** 0.5
    np.testing.assert_array_equal(*step)
    np.testing.assert_array_equal(*root)


def test_best_parameters_are_those_after_the_epoch_of_lowest_loss(run, data):
    run = dataclasses.replace(run, seed=3, batch_size=32, epochs=100)
    outcome = train(fused, run, data)
    best = int(outcome.log["train_loss"].argmin()) + 1
    assert outcome.best_epoch == best < 100
    shorter = train(fused, dataclasses.replace(run, epochs=best), data)
    np.testing.assert_array_equal(shorter.final, outcome.best)
    assert not np.array_equal(outcome.final, outcome.best)


def test_the_limit_of_iterations_is_the_references(run, data):
    for limit in (1, 2, 5, 7):
        solver = dataclasses.replace(run.solver, max_iterations=limit)
        limited = dataclasses.replace(run, solver=solver, epochs=2)
        found, expected = train(fused, limited, data), train(reference, limited, data)
        assert_same_run(found, expected)
        if limit < 7:
            assert found.log["unconverged"].tolist() == [5, 5]
            assert found.log["iterations_max"].tolist() == [limit, limit]


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e30])
def test_a_run_stops_where_the_reference_stops(broken, run, data):
    training, validation = data
    inputs = training.inputs.copy()
    inputs[17, 1] = broken
    solver = dataclasses.replace(run.solver, max_iterations=5)
    run = dataclasses.replace(run, epochs=4, solver=solver)
    found, expected = (
        train(fused, run, (Part(inputs, training.target), validation))
        for engine in (fused, reference)
    )
    assert_same_run(found, expected)
    assert len(found.log["epoch"]) == 1
    assert not np.isfinite(found.log["train_loss"][-1])
    assert found.best_epoch == expected.best_epoch == 0
    np.testing.assert_array_equal(found.best, open_stream(run).initial_parameters())


def test_a_non_finite_loss_ends_a_run_in_the_middle_of_a_call(run, data):
    optimiser = dataclasses.replace(run.optimiser, learning_rate=1e30)
    for batch_size in (600, 32, 2400):
        run = dataclasses.replace(run, batch_size=batch_size, epochs=100, optimiser=optimiser)
        found, expected = train(fused, run, data), train(reference, run, data)
        assert_same_run(found, expected)
    assert len(found.log["epoch"]) == len(expected.log["epoch"]) == 2
    assert found.best_epoch == expected.best_epoch == 1


def test_the_most_iterations_of_an_epoch_may_be_those_of_its_validation(run, data):
    """The first residuals grow with the inputs, and the iterations that a tolerance takes."""
    training, validation = data
    far = training, Part(100 * validation.inputs, validation.target)
    run = dataclasses.replace(run, epochs=2)
    outcomes = [train(engine, run, far) for engine in (fused, reference)]
    assert_same_run(*outcomes)
    found, expected = (outcome.log for outcome in outcomes)
    alone = train(reference, run, (training, training)).log
    assert (expected["iterations_max"] > alone["iterations_max"]).all()
    np.testing.assert_array_equal(found["iterations_max"], expected["iterations_max"])


def test_an_infinite_error_in_the_last_place_is_the_references(run, data):
    training, validation = data
    target = validation.target.copy()
    target[-1] = np.inf
    run = dataclasses.replace(run, epochs=1)
    found, expected = (
        train(fused, run, (training, Part(validation.inputs, target)))
        for engine in (fused, reference)
    )
    assert found.log["val_loss"].tolist() == expected.log["val_loss"].tolist() == [np.inf]


def test_every_call_of_the_kernel_is_told(run, data):
    told = []
    run = dataclasses.replace(run, epochs=60)
    log = fused.train(run, open_stream(run), *data, told.append).log
    assert [row.epoch for row in told] == [27, 54, 60]
    for row in told:
        assert row == type(row)(**{name: log[name][row.epoch - 1] for name in row._fields})


def test_the_same_bytes_again_and_in_pieces(run, data, monkeypatch):
    run = dataclasses.replace(run, batch_size=32, epochs=30)
    first, again = train(fused, run, data), train(fused, run, data)
    monkeypatch.setattr(fused, "_INDICES_PER_CALL", 1)
    for outcome in (again, train(fused, run, data)):
        np.testing.assert_array_equal(outcome.final, first.final)
        for column in outcome.log.keys() - {"train_seconds"}:
            np.testing.assert_array_equal(outcome.log[column], first.log[column])


def test_the_clock_runs(run, data):
    start = time.monotonic()
    seconds = train(fused, dataclasses.replace(run, epochs=30), data).log["train_seconds"]
    assert (seconds > 0).all()
    assert seconds.sum() < time.monotonic() - start


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 3), (5, 2)])
def test_layers_lie_where_the_layout_puts_them(n, m):
    network = settings.Network(input_dim=m, latent_dim=n)
    numbers = layout.views(np.arange(layout.size(network)), network)
    begins = [part.flat[0] for part in numbers.values()]
    found = numba.njit(lambda latent, inputs: places(latent, inputs))((None,) * n, (None,) * m)
    assert begins == [0, *found]


# Arithmetic on vectors, against NumPy.

W = lanes.WIDTH


def on_lanes(operation, *arrays, like=lanes.broadcast):
    """What an operation on vectors makes of arrays, as wide as `like` makes them."""
    names = [f"a{k}" for k in range(len(arrays))]
    vectors = ", ".join(f"load(like(zero), {name}, (0,))" for name in names)
    code = f"def f(out, {', '.join(names)}): store(out, (0,), operation({vectors}))"
    scope = {"load": lanes.load_as, "store": lanes.store, "operation": operation}
    scope |= {"like": like, "zero": np.float32(0)}
    exec(code, scope)
    out = np.zeros(W, np.float32)
    numba.njit(scope["f"])(out, *arrays)
    return out


@pytest.fixture
def vectors():
    rng = np.random.default_rng(1)
    a, b, c = rng.normal(size=(3, W)).astype(np.float32)
    a[:4] = [0, -0.0, np.nan, np.inf]
    return a, b, c


def test_elementwise_operations(vectors):
    a, b, c = vectors
    a64, b64, c64 = (x.astype(np.float64) for x in vectors)
    for operation, arguments, expected in (
        # The product of two float32 is exact in float64.
        (lanes.multiply_add, (a, b, c), a64 * b64 + c64),
        (lanes.absolute, (a,), np.abs(a)),
        (lanes.square_root, (np.abs(b),), np.sqrt(np.abs(b))),
        (lanes.relu, (a,), torch.relu(torch.from_numpy(a)).numpy()),
        (lanes.where_positive, (a, b), np.where(a > 0, b, 0)),
        (operator.add, (a, b), a + b),
        (operator.sub, (a, b), a - b),
        (operator.mul, (a, b), a * b),
        (operator.truediv, (a, b), a / b),
    ):
        found = on_lanes(operation, *arguments)
        np.testing.assert_array_equal(found, np.asarray(expected, np.float32))


@pytest.mark.parametrize(("like", "width"), [(lanes.broadcast8, 8), (lanes.broadcast4, 4)])
def test_narrow_vectors(like, width, vectors):
    _, b, c = vectors
    for operation in (operator.add, operator.mul):
        found = on_lanes(operation, b, c, like=like)
        np.testing.assert_array_equal(found[:width], operation(b, c)[:width])
        assert not found[width:].any()


def test_a_square_is_transposed():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(20, 40)).astype(np.float32), np.zeros((9, 16), np.float32)
    before = source.copy()

    @numba.njit
    def transpose(source, target):
        lanes.transpose8(source, (8, 11), target, (1, 8))

    transpose(source, target)
    np.testing.assert_array_equal(target[1:9, 8:16], source[8:16, 11:19].T)
    np.testing.assert_array_equal(source, before)
    assert not target[0].any()
    assert not target[:, :8].any()


def test_the_mask_of_positive_lanes(vectors):
    a, _, _ = vectors
    found = numba.njit(lambda x: lanes.mask_positive(lanes.load(x, (0,))))(a)
    assert [bool(found >> k & 1) for k in range(W)] == (a > 0).tolist()


@pytest.mark.parametrize("place", [0, 13, W - 1])
@pytest.mark.parametrize(("first", "second"), [(0.0, -0.0), (1.0, 2.0), (np.inf, np.nan)])
def test_the_same_bits(place, first, second):
    x, y = np.full((2, W), np.nan, np.float32)
    function = numba.njit(lambda x, y: lanes.same_bits(lanes.load(x, (0,)), lanes.load(y, (0,))))
    assert function(x, y)
    x[place], y[place] = first, second
    assert function(x, x)
    assert not function(x, y)


@pytest.mark.parametrize("place", [0, 13, W - 1])
@pytest.mark.parametrize(("value", "below"), [(0.9, True), (1.0, False), (2.0, False)])
def test_all_below(place, value, below):
    x = np.zeros(W, np.float32)
    x[place] = value
    function = numba.njit(
        lambda x: lanes.all_below(lanes.load(x, (0,)), lanes.broadcast(np.float32(1)))
    )
    assert function(x) == below
    x[place] = np.nan
    assert not function(x)


def test_rows_that_are_not_contiguous_are_refused():
    function = numba.njit(lambda x: lanes.mask_positive(lanes.load(x, (0, 0))))
    with pytest.raises(numba.TypingError, match="C-contiguous"):
        function(np.zeros((W, W), np.float32, order="F"))


# Blocks.


@pytest.fixture
def block(project):
    runs = project.studies["landscape"].blocks[(), 0, 49].runs
    short = (dataclasses.replace(run, epochs=30) for run in runs)
    return settings.Block(tuple(short), (3, 1, 4))


def without_time(table):
    return table.drop_columns("training_seconds")


def test_a_block_has_the_rows_of_its_runs(block, data):
    table = blocks.train(block, *data, ignore)
    rows = table.to_pylist()
    assert [(row["batch_size"], row["seed"]) for row in rows] == [
        (size, seed) for size in (2400, 1200, 600, 64, 32) for seed in (3, 1, 4)
    ]
    for row, run in zip(rows, block.each(), strict=True):
        alone = train(fused, run, data)
        assert row["lowest_loss"] == alone.log["train_loss"].min()
        assert row["epochs"] == 30
        assert row["final"] == alone.final.tolist()


def test_the_size_of_a_block_changes_nothing_but_the_time(block, data, tmp_path):
    one = without_time(blocks.train(block, *data, ignore))
    assert one.equals(without_time(blocks.train(block, *data, ignore)), check_metadata=True)
    parts = [settings.Block(block.runs, seeds) for seeds in ((3, 1), (4,))]
    paths = [tmp_path / f"{k}.parquet" for k in range(2)]
    for path, part in zip(paths, parts, strict=True):
        parquet.write(path, blocks.train(part, *data, ignore))
    gathered = gather(paths, parts)
    assert without_time(gathered).equals(one.drop_columns("final"))
    ends = finals(paths, {"blocks": [part.to_dict() for part in parts]})
    assert [(run.batch_size, run.seed) for run, _ in ends] == [
        (row["batch_size"], row["seed"]) for row in gathered.to_pylist()
    ]
    assert [final.tolist() for _, final in ends] == one["final"].to_pylist()
    assert {final.dtype for _, final in ends} == {np.dtype(np.float32)}


def test_the_reports_stream_and_the_reference_engine_train_in_blocks_too(block, data):
    changes = {"stream": "report", "engine": "reference", "epochs": 2}
    runs = [dataclasses.replace(run, **changes) for run in block.runs[3:]]
    network = dataclasses.replace(runs[1].network, latent_dim=2)
    runs[1] = dataclasses.replace(runs[1], predecessors=1, network=network)
    rows = blocks.train(settings.Block(tuple(runs), (5,)), *data, ignore).to_pylist()
    for row, run in zip(rows, runs, strict=True):
        alone = train(reference, dataclasses.replace(run, seed=5), data)
        assert row["final_train_loss"] == alone.log["train_loss"][-1]
        assert row["final"] == alone.final.tolist()


@pytest.mark.parametrize("culprit", ["run", "caller"])
def test_a_failure_ends_a_block(culprit, block, data, monkeypatch):
    begun = []

    def open_engine(run):
        begun.append(run)
        return fail if culprit == "run" else fused.train

    def fail(*arguments):
        # A run takes a while, in which the caller hears of the one that failed.
        time.sleep(0.1)
        raise KeyboardInterrupt

    def interrupt(done):
        raise KeyboardInterrupt

    monkeypatch.setattr(blocks, "open_engine", open_engine)
    block = settings.Block(block.runs[:1], tuple(range(200)))
    with pytest.raises(KeyboardInterrupt):
        blocks.train(block, *data, interrupt)
    assert len(begun) < 20


def test_orders_too_long_to_keep_are_drawn_again(block, data, monkeypatch):
    kept = without_time(blocks.train(block, *data, ignore))
    monkeypatch.setattr(blocks, "_LONGEST_RECORDING", 30 * 2400 - 1)
    monkeypatch.delattr(blocks, "Recording")
    assert without_time(blocks.train(block, *data, ignore)).equals(kept)


@pytest.mark.parametrize("spoilt", ["settings", "seeds", "columns", "bytes", "metadata"])
def test_a_block_of_other_runs_is_refused_by_name(spoilt, block, data, tmp_path):
    path = tmp_path / "block.parquet"
    table = blocks.train(settings.Block(block.runs[:1], (3,)), *data, ignore)
    parquet.write(path, table.drop_columns("seed") if spoilt == "columns" else table)
    if spoilt == "metadata":
        parquet.write(path, table.replace_schema_metadata())
    if spoilt == "bytes":
        path.write_bytes(path.read_bytes()[:-40])
    wanted = settings.Block(
        block.runs[1:2] if spoilt == "settings" else block.runs[:1],
        (1,) if spoilt == "seeds" else (3,),
    )
    with pytest.raises(ValueError, match=r"block\.parquet: .*block of runs"):
        gather([path], [wanted])


# Jobs.

SCRIPT = """
import json, runpy, sys
from types import SimpleNamespace
given = {key: SimpleNamespace(**value) for key, value in json.loads(sys.argv[1]).items()}
snakemake = SimpleNamespace(log=["job.log"], **given)
if len(sys.argv) > 3:
    snakemake.output = sys.argv[3:]
sys.path.insert(0, "SCRIPTS")
runpy.run_path("SCRIPTS/" + sys.argv[2], init_globals={"snakemake": snakemake})
heavy = {"torch", "pandas", "matplotlib", "seaborn", "statsmodels"} & sys.modules.keys()
assert not heavy, heavy
from numba.core.registry import cpu_target
print("compiled for", cpu_target.target_context.codegen().magic_tuple()[1])
""".replace("SCRIPTS", str(ROOT / "workflow/scripts"))


def run_script(name, given, folder, *outputs, **environment):
    """What it tells."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(given), name, *outputs]
    return subprocess.check_output(command, cwd=folder, env=os.environ | environment, text=True)


def test_a_job_compiles_or_loads_and_imports_no_torch_pandas_or_matplotlib(run, data, tmp_path):
    """Seconds: kernel and stream are compiled. What is loaded computes the same.

    On x86-64 they are compiled for one without fused multiply-adds: so do other processors.
    """
    run = dataclasses.replace(run, batch_size=45, epochs=3)
    dataset.write(tmp_path / "data.parquet", *data)
    kinds = ("best", "final", "snapshots")
    outputs = {"log": "log.parquet"} | {kind: f"{kind}.safetensors" for kind in kinds}
    given = {
        "input": {"data": "data.parquet"},
        "output": outputs,
        "params": {"run": run.to_dict()},
    }
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DEBUG_CACHE": "1"}
    if platform.machine() in ("x86_64", "AMD64"):
        cache |= X86["x86-64"][1]
    made = []
    for counts in ((2, 0), (0, 2)):
        told = run_script("train.py", given, tmp_path, **cache)
        assert (told.count("data saved to"), told.count("data loaded from")) == counts
        assert told.endswith("compiled for x86-64\n") == ("NUMBA_CPU_NAME" in cache)
        log = runlog.read(tmp_path / "log.parquet").drop_columns("train_seconds")
        made.append([log, *((tmp_path / outputs[kind]).read_bytes() for kind in kinds)])
    assert made[0] == made[1]
    here = train(fused, run, data)
    assert set(log.column_names) == here.log.keys() - {"train_seconds"}
    for name in log.column_names:
        np.testing.assert_array_equal(log[name].to_numpy(), here.log[name], name)
    best, final = (read_parameters(tmp_path / outputs[k], run.network) for k in kinds[:2])
    np.testing.assert_array_equal(best, here.best)
    np.testing.assert_array_equal(final, here.final)
    kept = snapshots.read(tmp_path / outputs["snapshots"], run)
    np.testing.assert_array_equal(kept.parameters, here.snapshots.parameters)
    assert len(log) == 3


def test_a_job_of_a_block_imports_none_of_them_either(block, data, tmp_path):
    dataset.write(tmp_path / "data.parquet", *data)
    of_report = dataclasses.replace(block.runs[0], stream="report")
    block = dataclasses.replace(block, runs=(of_report, *block.runs[1:]))
    given = {"input": {"data": "data.parquet"}, "params": {"block": block.to_dict()}}
    run_script("train_block.py", given, tmp_path, "block.parquet")
    assert len(gather([tmp_path / "block.parquet"], [block])) == 15


def test_the_spectral_norm_has_the_same_bytes_on_any_number_of_threads():
    code = (
        "import sys; sys.path.insert(0, 'workflow/scripts')\n"
        "import numpy as np; from jfb.engines.bookkeeping import spectral_norm\n"
        "for n in (3, 64, 200, 256):\n"
        "    print(spectral_norm(np.random.default_rng(n).normal(size=(n, n))).tobytes().hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(found) == 1
