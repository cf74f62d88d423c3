"""What engines keep of a run, against lists that a loop of five lines would keep."""

import dataclasses
import math
from types import ModuleType

import numpy as np
import pytest

from jfb.engines.bookkeeping import Record, spectral_norm
from jfb.records import layout, snapshots

SCORES = (
    "train_loss",
    "val_loss",
    "train_accuracy",
    "val_accuracy",
    "train_seconds",
    "applications",
    "adjoint_applications",
)


@pytest.fixture
def run(replay):
    return dataclasses.replace(replay[600], epochs=9, snapshots=3)


@pytest.fixture
def vectors(run):
    """Parameters before training, and after each epoch; all of them are different."""
    shape = run.epochs + 1, layout.size(run.network)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def carry_out(run, losses, vectors):
    """A record that is told of each loss in turn, as long as it wants more; rows that it told."""
    told = []
    live = vectors[0].copy()
    record = Record(run, live, told.append)
    losses = iter(losses)
    while record.unfinished:
        live[:] = vectors[len(told) + 1]
        weight = layout.views(live, run.network)["latent.weight"]
        scores = dict(zip(SCORES, (next(losses), 2.0, 0.5, 0.25, 1.5, 2.5, 3.0), strict=True))
        record.add(live, weight, [(4, True), (1, False), (7, False)], **scores)
    return record, live, told


@pytest.mark.parametrize(
    ("losses", "done", "best"),
    [
        ([9, 8, 7, 6, 5, 4, 3, 2, 1], 9, 9),
        ([5, 4, 3, 3, 4, 3, 5, 6, 7], 9, 3),
        ([5, 4, 6, math.nan], 4, 2),
        ([5, math.inf], 2, 1),
        ([math.nan], 1, 0),
    ],
)
def test_a_record_keeps_the_best_and_ends_at_a_loss_that_is_not_finite(
    losses, done, best, run, vectors
):
    record, live, told = carry_out(run, losses, vectors)
    library = ModuleType("some.library")
    library.__version__ = "1.2+x"
    outcome = record.outcome(live, library)
    assert [row.epoch for row in told] == outcome.log["epoch"].tolist() == list(range(1, done + 1))
    np.testing.assert_array_equal(outcome.log["train_loss"], losses)
    np.testing.assert_array_equal(outcome.best, vectors[best])
    np.testing.assert_array_equal(outcome.final, vectors[done])
    kept = [epoch for epoch in snapshots.epochs_of(run) if epoch <= done]
    assert outcome.snapshots.epochs.tolist() == kept
    np.testing.assert_array_equal(outcome.snapshots.parameters, vectors[kept])
    assert outcome.versions == {"some.library": "1.2+x", "numpy": np.__version__}
    assert outcome.best_epoch == best


def test_a_row_has_the_counts_of_its_passes_and_the_norm_of_its_weight(run, vectors):
    _, _, told = carry_out(run, range(9), vectors)
    for row, flat in zip(told, vectors[1:], strict=True):
        assert (row.iterations_mean, row.iterations_max, row.unconverged) == (4.0, 7, 2)
        assert (row.val_loss, row.train_accuracy, row.val_accuracy) == (2.0, 0.5, 0.25)
        assert (row.train_seconds, row.applications, row.adjoint_applications) == (1.5, 2.5, 3.0)
        weight = flat[:9].reshape(3, 3).astype(float)
        largest = np.linalg.eigvalsh(weight.T @ weight)[-1]
        assert row.spectral_norm == pytest.approx(np.sqrt(largest))
        assert [type(value) for value in row] == list(type(row).__annotations__.values())


def test_the_spectral_norm_of_weights_that_are_not_finite_is_nan():
    weights = np.ones((3, 2, 2), np.float32)
    weights[0, 1, 0], weights[2, 0, 0] = np.inf, np.nan
    np.testing.assert_array_equal(np.isnan(spectral_norm(weights)), [True, False, True])
    assert spectral_norm(weights)[1] == pytest.approx(2)
