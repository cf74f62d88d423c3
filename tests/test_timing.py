"""The engine that does as the report's program does, and the time of all engines."""

import dataclasses
import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import plain
from jfb import settings, table1, timing
from jfb.engines import dataloader, reference
from jfb.figures import timing as figures
from jfb.snapshots import Snapshots
from jfb.streams import open_stream


def ignore(row):
    pass


@pytest.mark.parametrize("batch_size", [2400, 64])
def test_the_engine_is_the_reports_program(batch_size, replay, data):
    run = dataclasses.replace(replay[batch_size], engine="dataloader", epochs=4)
    # The stream stands where its predecessors' 3,000 epochs have been drawn.
    stream = open_stream(replay[batch_size])
    outcome = dataloader.train(run, stream, *data, ignore)
    expected, _ = plain.train(batch_size, 4)
    for k, column in enumerate(plain.COLUMNS):
        np.testing.assert_array_equal(outcome.log[column], expected[:, k], err_msg=column)


@pytest.mark.parametrize("batch_size", [2400, 100])
def test_the_engine_agrees_with_the_reference(batch_size, replay, data):
    """But for the square root in Adam, which optim.Adam takes from MKL, and 100 points a batch."""
    run = dataclasses.replace(replay[2400], batch_size=batch_size, stream="per_seed", epochs=5)
    with plain.rounded_square_root():
        found = dataloader.train(run, open_stream(run), *data, ignore)
    expected = reference.train(run, open_stream(run), *data, ignore)
    for column in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[column], expected.log[column], rtol=1e-5)
    for column in ("iterations_mean", "iterations_max", "unconverged"):
        np.testing.assert_array_equal(found.log[column], expected.log[column])
    np.testing.assert_allclose(found.final, expected.final, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(found.snapshots.epochs, expected.snapshots.epochs)
    np.testing.assert_allclose(
        found.snapshots.parameters, expected.snapshots.parameters, rtol=1e-3, atol=1e-5
    )
    assert found.best_epoch == expected.best_epoch


def test_the_engine_stops_where_the_loss_is_not_finite(replay, data):
    optimiser = dataclasses.replace(replay[64].optimiser, learning_rate=1e30)
    run = dataclasses.replace(replay[64], optimiser=optimiser, stream="per_seed", epochs=9)
    rows = []
    outcome = dataloader.train(run, open_stream(run), *data, rows.append)
    assert len(rows) == len(outcome.log["train_loss"]) < 9
    assert not np.isfinite(outcome.log["train_loss"][-1])
    assert outcome.log["unconverged"].sum() > 0


class Clocked:
    """Stands in for engines: remembers what it was asked, and says how long it took."""

    def __init__(self):
        self.asked = []

    def __call__(self, run):
        def train(run, stream, training, validation, after_epoch):
            start = stream.initial_parameters()
            self.asked.append((run.engine, run.batch_size, run.epochs, float(start[0])))
            seconds = {"dataloader": 4.0, "fused": 0.5}[run.engine] * len(self.asked)
            return SimpleNamespace(log={"train_seconds": np.full(run.epochs, seconds)})

        return train


@pytest.fixture
def wanted():
    return settings.Timing({"dataloader": 2, "fused": 5}, (0, 100), 2)


@pytest.fixture
def measured(wanted, replay, monkeypatch):
    clocked = Clocked()
    monkeypatch.setattr(timing, "open_engine", clocked)
    epochs = np.array([0, 1, 90, 120])
    kept = Snapshots(epochs, np.repeat(epochs[:, None], 28, axis=1).astype(np.float32))
    runs = {replay[size]: kept for size in (600, 32)}
    done = []
    table = timing.measure(wanted, runs, None, None, done.append)
    assert done == list(range(1, 17))
    return table, clocked.asked


def test_measurements_take_turns_from_the_nearest_snapshot(measured):
    table, asked = measured
    # What compiles has been compiled: an epoch of each first.
    assert [(engine, size, n) for engine, size, n, _ in asked[:4]] == [
        (engine, size, 1) for size, engine in itertools.product((600, 32), ("dataloader", "fused"))
    ]
    assert asked[4:8] == [
        ("dataloader", 600, 2, 0.0),
        ("fused", 600, 5, 0.0),
        ("dataloader", 600, 2, 90.0),
        ("fused", 600, 5, 90.0),
    ]
    assert asked[4:12] == asked[12:]
    assert len(table) == 16
    # The seconds of an epoch, not of all that were timed.
    assert table["seconds_per_epoch"].iloc[:2].tolist() == [4 * 5, 0.5 * 6]


@pytest.fixture
def times():
    """Two rounds of two stages: at 600 1 s and 3 s, then 2 s and 4 s; at 32 ten times as much."""
    rows = [
        ("dataloader", size, stage, round_, 2, scale * seconds)
        for size, scale in ((600, 1.0), (32, 10.0))
        for (round_, stage), seconds in {(0, 0): 1, (0, 9): 3, (1, 0): 2, (1, 9): 4}.items()
    ]
    columns = ["engine", "batch_size", "stage", "round", "epochs", "seconds_per_epoch"]
    return pd.DataFrame(rows, columns=columns)


def test_times_are_means_over_stages_and_medians_over_rounds(times):
    found = timing.summarised(times, 100).set_index("batch_size")
    assert found.loc[600, ["median", "lowest", "highest"]].tolist() == [250, 200, 300]
    assert found.loc[32, "median"] == 2500
    ratios = timing.relative(times).set_index("batch_size")
    assert ratios.loc[32, ["median", "lowest", "highest"]].tolist() == pytest.approx([10] * 3)
    assert ratios.loc[600, "median"] == 1


def test_the_published_column_is_a_total(times):
    both = timing.with_published(times)
    found = timing.summarised(both, 3000).set_index(["engine", "batch_size"])["median"]
    assert found["published", 600] == pytest.approx(114.2)
    assert found["published", 32] == pytest.approx(750.8)
    assert set(both["batch_size"]) == {600, 32}


def test_the_figure_of_time(times):
    both = timing.with_published(times)
    figure = figures.timing(timing.summarised(both, 3000), timing.relative(both), 3000)
    figure.draw_without_rendering()
    left, right = figure.axes
    assert [container[0].get_ydata().tolist() for container in left.containers] == [
        pytest.approx([7500, 75000]),
        pytest.approx([114.2, 750.8]),
    ]
    assert right.containers[1][0].get_ydata()[1] == pytest.approx(750.8 / 114.2)
    assert [text.get_text() for text in left.get_xticklabels()] == ["600", "32"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "as in the report (DataLoader)",
        "published",
    ]


def test_table1_shows_the_time_where_it_was_taken(times):
    base = table1.PUBLISHED.assign(runs=pd.NA, reached=pd.NA)
    table = table1.with_times(base, timing.summarised(times, 3000))
    own = table[table["source"] == "timed"]
    assert own[["batch_size", "training_seconds"]].to_numpy().tolist() == [[600, 7500], [32, 75000]]
    assert own["lowest_loss"].isna().all()
    assert table["batch_size"].drop_duplicates().tolist() == [2400, 1200, 600, 64, 32]
    page = table1.to_markdown(table)
    assert "timed: total time (s)" in page
    assert "timed: lowest loss" not in page
    assert "Timed: what the report's protocol" in page
    assert "Timed:" not in table1.to_markdown(base)


def test_a_small_measurement(wanted, replay, data):
    run = dataclasses.replace(replay[2400], stream="per_seed")
    kept = Snapshots(np.array([0]), open_stream(run).initial_parameters()[None])
    small = settings.Timing({"reference": 2}, (0,), 1)
    (row,) = timing.measure(small, {run: kept}, *data, ignore).to_dict("records")
    assert (row["engine"], row["batch_size"], row["epochs"]) == ("reference", 2400, 2)
    assert row["seconds_per_epoch"] > 0
