"""Full runs of the fused engine, bit by bit those of the reference engine: minutes in PyTorch."""

import dataclasses
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from conftest import load_project, make_data
from jfb.engines import reference
from jfb.engines.fused import engine as fused
from jfb.streams.interface import open_stream

pytestmark = pytest.mark.long


def outcome(engine, run):
    """What a run leaves, in a process of its own."""
    train = {"fused": fused, "reference": reference}[engine].train
    return train(run, open_stream(run), *make_data(run.dataset), lambda row: None)


def assert_the_references(runs):
    """Every column of the logs but the seconds, and the best, final and kept parameters."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        found, expected = (
            list(pool.map(outcome, [engine] * len(runs), runs)) for engine in ("fused", "reference")
        )
    for one, other in zip(found, expected, strict=True):
        for column in other.log.keys() - {"train_seconds"}:
            np.testing.assert_array_equal(one.log[column], other.log[column], column)
        np.testing.assert_array_equal(one.best, other.best)
        np.testing.assert_array_equal(one.final, other.final)
        np.testing.assert_array_equal(one.snapshots.epochs, other.snapshots.epochs)
        np.testing.assert_array_equal(one.snapshots.parameters, other.snapshots.parameters)


def test_the_replay_is_the_references():
    runs = list(load_project().studies["replay"].runs.values())
    assert [run.batch_size for run in runs] == [2400, 1200, 600, 64, 32]
    assert {(run.stream, run.epochs) for run in runs} == {("report", 3000)}
    assert_the_references(runs)


@pytest.mark.parametrize("batch_size", [2400, 600])
def test_20_seeds_are_the_references(batch_size):
    runs = load_project().studies["seeds"].runs
    assert_the_references([runs[batch_size, seed] for seed in range(20)])


def test_the_first_epochs_of_20_seeds_at_32_are_the_references():
    runs = load_project().studies["seeds"].runs
    assert_the_references([dataclasses.replace(runs[32, seed], epochs=300) for seed in range(20)])


@pytest.mark.parametrize(("batch_size", "lowest"), [(1200, 0.0143), (600, 0.0143)])
def test_the_printed_formula_gives_other_losses(batch_size, lowest):
    run = load_project().studies["printed"].runs[batch_size, 42]
    losses = outcome("reference", run).log["train_loss"]
    assert round(losses.min(), 4) == lowest
