"""The reference engine against the report's numbers and against the plain loop, bit by bit."""

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest
import torch

import plain
from conftest import DATA, make_data
from jfb.config import gradient_choices
from jfb.engines import reference, stepping
from jfb.model import optimisers
from jfb.model.network import Network
from jfb.streams.interface import open_stream


def columns(outcome):
    return pd.DataFrame(outcome.log)[list(plain.COLUMNS)].to_numpy()


def train(run, data, epochs=None, after_epoch=lambda row: None):
    """Train, maybe for the first epochs only: the report's stream depends on its 3,000."""
    stream = open_stream(run)
    run = dataclasses.replace(run, epochs=epochs or run.epochs)
    return reference.train(run, stream, *data, after_epoch)


# Where the report's roots were rounded by another processor, a point's error lies on the other
# side of the threshold: by batch size, epoch and part.
ONE_POINT_DIFFERS = {(600, 180, "val_accuracy"), (32, 188, "train_accuracy")}


@pytest.mark.parametrize(
    "batch_size",
    # Five seconds: 15,000 steps.
    [
        pytest.param(size, marks=pytest.mark.long) if size == 32 else size
        for size in plain.BATCH_SIZES
    ],
)
def test_the_first_200_epochs_are_the_reports(batch_size, replay, data):
    published = pd.read_parquet(DATA / "original_first_200_epochs.parquet")
    published = published[published["batch_size"] == batch_size].sort_values("epoch")
    outcome = train(replay[batch_size], data, 200)
    difference = pd.DataFrame(
        columns(outcome) - published[list(plain.COLUMNS)].to_numpy(),
        columns=plain.COLUMNS,
        index=range(1, 201),
    )
    assert difference[["train_loss", "val_loss"]].abs().max(axis=None) <= 1e-6
    beyond = difference.stack().loc[lambda cell: cell.abs() > 1e-6]
    assert {(batch_size, *place) for place in beyond.index} == {
        place for place in ONE_POINT_DIFFERS if place[0] == batch_size
    }
    for (_, part), value in beyond.items():
        points = {"train_accuracy": 2400, "val_accuracy": 600}[part]
        assert abs(value) * points == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(
    ("batch_size", "epochs"),
    [
        *((2400, 40), (1200, 20), (600, 20), (64, 8), (32, 5)),
        *(
            pytest.param(*more, marks=pytest.mark.long)
            for more in ((2400, 150), (1200, 80), (600, 60))
        ),
    ],
)
def test_equals_the_plain_loop_to_the_last_bit(batch_size, epochs, replay, data):
    with plain.rounded_square_root():
        expected, _ = plain.train(batch_size, epochs)
    outcome = train(replay[batch_size], data, epochs)
    np.testing.assert_array_equal(columns(outcome), expected)


@pytest.mark.parametrize(("batch_size", "epochs"), [(2400, 60), (64, 4)])
def test_with_pytorchs_root_it_equals_the_untouched_plain_loop(
    batch_size, epochs, replay, data, monkeypatch
):
    """The square root is all that tells the engine from optim.Adam."""
    expected, _ = plain.train(batch_size, epochs)
    monkeypatch.setattr(optimisers, "square_root", lambda x, out: torch.sqrt(x, out=out))
    outcome = train(replay[batch_size], data, epochs)
    np.testing.assert_array_equal(columns(outcome), expected)


def test_the_printed_formula_gives_other_losses(project):
    """Four seconds: 3,000 epochs. tests/long has the other batch sizes."""
    run = project.studies["printed"].runs[2400, 42]
    outcome = train(run, make_data(run.dataset))
    assert round(outcome.log["train_loss"].min(), 4) == 0.0112


def test_runs_do_not_touch_each_other_or_the_global_stream(replay, data):
    run = dataclasses.replace(replay[600], epochs=3)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = train(run, data)
    second = train(run, data)
    np.testing.assert_array_equal(columns(first), columns(second))
    assert torch.equal(before, torch.get_rng_state())


def test_best_parameters_are_those_after_the_epoch_of_lowest_loss(replay, data):
    outcome = train(replay[32], data, 45)
    losses = outcome.log["train_loss"]
    assert outcome.best_epoch == 1 + int(np.argmin(losses)) < 45
    np.testing.assert_array_equal(train(replay[32], data, outcome.best_epoch).final, outcome.best)
    assert not np.array_equal(outcome.final, outcome.best)


def test_rows_count_iterations_of_training_and_validation(replay, data):
    solver = dataclasses.replace(replay[1200].solver, max_iterations=2)
    run = dataclasses.replace(replay[1200], solver=solver, epochs=2, stream="per_seed")
    log = train(run, data).log
    for column, value in (("iterations_mean", 2.0), ("iterations_max", 2), ("unconverged", 3)):
        assert log[column].tolist() == [value, value]


def test_work_is_that_of_the_training_part_by_the_size_of_batches(replay, data):
    """Three batches of 700 points and one of 300: each takes what its solve does."""
    run = dataclasses.replace(replay[2400], batch_size=700, stream="per_seed", epochs=1)
    stream = open_stream(run)
    network = Network(torch.from_numpy(stream.initial_parameters()), run.network)
    passes = functools.partial(reference.Forward, network, run)
    trainer = stepping.Trainer(run, stream, data[0], network, passes)
    with torch.inference_mode():
        solves, _, work = trainer.epoch()
    counts = [solve.iterations for solve in solves]
    assert len(set(counts)) > 1
    assert work.applications == (700 * sum(counts[:3]) + 300 * counts[3]) / 2400
    assert work.adjoint_applications == 0
    assert train(run, data).log["applications"].tolist() == [work.applications]


@pytest.mark.parametrize(
    ("gradient", "products"),
    [
        (gradient_choices.JFB(), 0),
        (gradient_choices.Neumann(order=4), 4),
        (gradient_choices.Implicit(), 3),
        (gradient_choices.Implicit(adjoint="patterns"), 3),
        (gradient_choices.Phantom(steps=5, damping=0.5), 4),
        # Two iterations, which do not converge, and the image that is read out.
        (gradient_choices.Unrolled(), 2),
    ],
)
def test_products_of_the_adjoint_are_counted(gradient, products, replay, data):
    solver = dataclasses.replace(replay[1200].solver, max_iterations=2)
    run = dataclasses.replace(
        replay[1200], solver=solver, gradient=gradient, epochs=2, stream="per_seed"
    )
    log = train(run, data).log
    assert log["applications"].tolist() == [2.0, 2.0]
    assert log["adjoint_applications"].tolist() == [products, products]


@pytest.mark.parametrize("adjoint", ["picard", "anderson"])
def test_products_of_an_adjoint_that_is_iterated_are_those_it_took(adjoint, replay, data):
    """The latent weight is 1/2 on the diagonal: k products leave 2^-k where units are on."""
    gradient = gradient_choices.Implicit(adjoint=adjoint, tolerance=1e-3)
    run = dataclasses.replace(replay[2400], gradient=gradient, stream="per_seed")
    parameters = open_stream(run).initial_parameters()
    parameters[:9] = 0.5 * np.eye(3).ravel()
    parameters[9:12] = 10.0
    network = Network(torch.from_numpy(parameters), run.network)
    forward = reference.Forward(network, run, len(data[0]))
    inputs, target = stepping.tensors(data[0])
    error = torch.empty_like(target)
    with torch.inference_mode():
        forward(inputs, target, error)
        forward.gradient(inputs, error)
    assert forward.gradient.applications == {"picard": 10, "anderson": 3}[adjoint]


def test_every_epoch_is_reported_as_it_ends(replay, data):
    told = []
    run = dataclasses.replace(replay[2400], epochs=4)
    outcome = train(run, data, after_epoch=told.append)
    assert [row.epoch for row in told] == [1, 2, 3, 4]
    for name, column in outcome.log.items():
        assert column.tolist() == [getattr(row, name) for row in told]


def test_one_thread(replay, data):
    torch.set_num_threads(2)
    train(replay[2400], data, 1)
    assert torch.get_num_threads() == 1
