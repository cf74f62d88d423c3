"""The engine autograd against the engine reference, and on networks that only it has."""

import dataclasses

import numpy as np
import pytest
import torch

from jfb.config import choices, network_choices, settings
from jfb.engines import autograd, reference, summary
from jfb.model import products
from jfb.model.cells import open_cell
from jfb.records import layout
from jfb.streams.interface import open_stream

DEEP = network_choices.MLP(depth=3, normalisation="layer")


@pytest.fixture
def run(project):
    return dataclasses.replace(project.studies["seeds"].runs[600, 0], epochs=5)


def train(engine, run, data):
    return engine.train(run, open_stream(run), *data, lambda row: None)


def both(run, data):
    return [train(engine, run, data) for engine in (reference, autograd)]


@pytest.mark.parametrize("size", [2400, 600])
def test_a_hundred_epochs_are_the_reference_engines_to_rounding(size, run, data):
    """Four seconds: a module is called for each iteration."""
    run = dataclasses.replace(run, batch_size=size, epochs=100)
    expected, found = both(run, data)
    for name in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[name], expected.log[name], rtol=2e-4)
    for name in ("iterations_mean", "applications"):
        np.testing.assert_allclose(found.log[name], expected.log[name], rtol=0.01)
    np.testing.assert_allclose(found.final, expected.final, atol=2e-4)
    # The first epoch, before differences grow.
    np.testing.assert_allclose(found.log["train_loss"][0], expected.log["train_loss"][0], rtol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"gradient": choices.Neumann(order=3)},
        {"gradient": choices.Phantom(steps=4, damping=0.5)},
        {"gradient": choices.Unrolled()},
        {"gradient": choices.Unrolled(), "solver": choices.Explicit(applications=5)},
        {"solver": choices.Picard(tolerance=1e-3, max_iterations=1000, start="previous")},
        {"solver": choices.Anderson(tolerance=1e-3, max_iterations=100, memory=3)},
        {"solver": choices.Picard(tolerance=1e-3, max_iterations=2), "batch_size": 700},
        {"batch_schedule": ((2, 64),)},
    ],
    ids=lambda changes: "-".join(str(getattr(v, "name", v)) for v in changes.values()),
)
def test_each_choice_does_what_it_does_in_the_reference_engine(changes, run, data):
    """With the work that it takes, and the passes that do not converge."""
    expected, found = both(dataclasses.replace(run, **changes), data)
    exact = ("iterations_max", "unconverged", "applications", "adjoint_applications")
    for name in exact:
        np.testing.assert_array_equal(found.log[name], expected.log[name], err_msg=name)
    np.testing.assert_allclose(found.log["val_loss"], expected.log["val_loss"], rtol=1e-4)
    np.testing.assert_allclose(found.snapshots.parameters, expected.snapshots.parameters, atol=1e-5)


@pytest.mark.parametrize("adjoint", ["picard", "anderson", "broyden", "gmres"])
def test_the_implicit_gradient_trains_as_by_elimination(adjoint, run, data):
    run = dataclasses.replace(run, gradient=choices.Implicit())
    expected = train(reference, run, data)
    run = dataclasses.replace(run, gradient=choices.Implicit(adjoint=adjoint, tolerance=1e-5))
    found = train(autograd, run, data)
    np.testing.assert_allclose(found.log["train_loss"], expected.log["train_loss"], rtol=1e-4)
    assert (found.log["adjoint_applications"] > 1).all()
    assert (found.log["unconverged"] == 0).all()


@pytest.mark.parametrize("engine", [reference, autograd])
def test_an_adjoint_that_is_not_found_counts_and_moves_nothing_unseen(
    engine, run, data, monkeypatch
):
    monkeypatch.setattr(
        f"jfb.model.{'adjoints' if engine is reference else 'products'}._MOST_ITERATIONS", 1
    )
    gradient = choices.Implicit(adjoint="picard", tolerance=1e-9)
    outcome = train(engine, dataclasses.replace(run, gradient=gradient), data)
    # Four batches, the first of which leaves no finite parameter; and the validation.
    assert outcome.log["unconverged"].tolist() == [5]
    assert np.isnan(outcome.log["val_loss"][-1])
    assert products.TOLERANCE == 1e-6


@pytest.mark.parametrize("cell", [network_choices.Report(), DEEP])
def test_parameters_lie_in_the_order_of_the_layout(cell):
    network = settings.Network(3, 4, cell=cell)
    shapes = {name: tuple(p.shape) for name, p in open_cell(network).named_parameters()}
    assert list(shapes.items()) == list(layout.shapes(network).items())
    fans = dict(layout.fan_in(network))
    assert fans["injection.bias"] == 3
    assert all(fans[name] == 4 for name in shapes if not name.startswith("injection"))


def test_a_deep_network_trains(run, data):
    network = settings.Network(3, 4, "tanh", DEEP)
    solver = choices.Picard(tolerance=1e-3, max_iterations=20)
    run = dataclasses.replace(run, network=network, epochs=20, batch_size=64, solver=solver)
    outcome = train(autograd, run, data)
    assert outcome.log["train_loss"][-1] < 0.8 * outcome.log["train_loss"][0]
    assert np.isnan(outcome.log["spectral_norm"]).all()
    assert outcome.final.shape == (layout.size(network),)
    assert settings.Run.from_dict(run.to_dict()) == run
    again = train(autograd, run, data)
    assert all(
        np.array_equal(again.log[name], outcome.log[name], equal_nan=True)
        for name in outcome.log
        if name != "train_seconds"
    )
    row = summary.of_run(run, outcome.log, outcome.best, data[0])
    assert row["exact_best_loss"] is None
    assert np.isnan(row["final_spectral_norm"])


def test_views_are_of_one_vector():
    cell = open_cell(settings.Network(3, 4, "relu", DEEP))
    start = torch.arange(float(layout.size(settings.Network(3, 4, "relu", DEEP))))
    vectors = autograd.OnOneVector(cell, start)
    assert torch.equal(torch.nn.utils.parameters_to_vector(cell.parameters()), start)
    start.mul_(2)
    assert torch.equal(torch.nn.utils.parameters_to_vector(cell.parameters()), start)
    sum(p.sum() for p in cell.parameters()).backward()
    assert (vectors.gradient == 1).all()
