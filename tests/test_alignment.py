"""Snapshots, the alignment along a run, and what a step costs."""

import dataclasses
import io
import json

import numpy as np
import pandas as pd
import pytest
import torch

from conftest import make_data
from jfb import adjoints, alignment, cost, layout, settings, snapshots, tables
from jfb.dataset import Part
from jfb.engines import fused
from jfb.figures import gradients
from jfb.files import Unreadable
from jfb.snapshots import Snapshots
from jfb.streams import open_stream


def ignore(done):
    pass


@pytest.mark.parametrize(
    ("epochs", "count", "expected"),
    [
        (1, 40, [0, 1]),
        (4, 40, [0, 1, 2, 3, 4]),
        (100, 3, [0, 1, 10, 100]),
        (8, 4, [0, 1, 2, 4, 8]),
        (5, 1, [0, 1]),
    ],
)
def test_epochs_to_keep_by_hand(epochs, count, expected, replay):
    run = dataclasses.replace(replay[32], epochs=epochs, snapshots=count)
    assert snapshots.epochs_of(run).tolist() == expected


@pytest.mark.parametrize("epochs", [40, 41, 60, 3000, 100_000])
def test_epochs_to_keep_are_all_different_and_spread_evenly(epochs, replay):
    run = dataclasses.replace(replay[32], epochs=epochs, snapshots=40)
    kept = snapshots.epochs_of(run)
    assert len(kept) == 41
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[1], kept[-1]) == (0, 1, epochs)
    if epochs == 3000:
        late = np.log(kept[kept > 100])
        assert np.diff(late) == pytest.approx(np.log(3000) / 39, rel=0.02)


def test_snapshots_come_back_as_they_were(replay, tmp_path):
    run = dataclasses.replace(replay[32], epochs=7, snapshots=2)
    written = Snapshots(np.array([0, 1, 7]), np.random.default_rng(0).random((3, 28), np.float32))
    path = tmp_path / "snapshots.safetensors"
    snapshots.write(path, written, run.network)
    found = snapshots.read(path, run)
    np.testing.assert_array_equal(found.epochs, written.epochs)
    np.testing.assert_array_equal(found.parameters, written.parameters)


def test_snapshots_that_are_not_of_a_run_are_refused(replay, tmp_path):
    run = dataclasses.replace(replay[32], epochs=7, snapshots=2)
    path = tmp_path / "snapshots.safetensors"
    snapshots.write(
        path, Snapshots(np.array([0, 1, 7]), np.zeros((3, 28), np.float32)), run.network
    )
    other = dataclasses.replace(run, network=dataclasses.replace(run.network, latent_dim=4))
    with pytest.raises(
        Unreadable, match=r"snapshots\.safetensors: not snapshots of a network with"
    ):
        snapshots.read(path, other)
    with pytest.raises(Unreadable, match=r"snapshots\.safetensors: snapshots of other epochs"):
        snapshots.read(path, dataclasses.replace(run, epochs=8))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Unreadable, match=r"snapshots\.safetensors: not readable as safetensors"):
        snapshots.read(path, run)


@pytest.fixture
def run(project):
    return project.studies["seeds"].runs[600, 0]


def vector(latent, bias, injection, output):
    """The parameters of a network with one unit and one input, the other biases 0."""
    return np.array([latent, bias, injection, 0, output, 0], np.float32)


def rows_of(run, *parameters, target=0.0):
    network = settings.Network(1, 1)
    run = dataclasses.replace(run, network=network)
    part = Part(np.array([[1.0], [2.0]], np.float32), np.full(2, target, np.float32))
    kept = Snapshots(np.arange(len(parameters)), np.stack(parameters))
    return alignment.along(run, kept, part, ignore)


def test_alignment_by_hand(run):
    """T(u; d) = relu(u / 2 + d): u* = 2 d, J = 1/2, and (1 - J)^-1 doubles the latent part.

    With the readout y = u and target 0, dL/dy = y for each of two points, d = 1, 2, y = 2, 4. The
    output's gradient is (sum y^2, sum y) = (20, 6) for both, the latent part with jfb
    (sum y u, sum y, sum y d, sum y) = (20, 6, 10, 6), and twice that with the exact gradient.
    """
    solver = dataclasses.replace(run.solver, tolerance=1e-6)
    (row,) = rows_of(dataclasses.replace(run, solver=solver), vector(0.5, 0, 1, 1))
    part, output = 20**2 + 6**2 + 10**2 + 6**2, 20**2 + 6**2
    lengths = np.sqrt(part + output), np.sqrt(4 * part + output)
    assert row.cosine == pytest.approx((2 * part + output) / (lengths[0] * lengths[1]), rel=1e-5)
    assert row.norm_ratio == pytest.approx(lengths[0] / lengths[1], rel=1e-5)
    assert (row.sign, row.converged, row.exact_converged) == (1, True, True)
    assert row.spectral_norm == row.jacobian_norm == row.jacobian_radius == 0.5
    # From 0, changes are 2, 1, 1/2, ...: the first below 1e-6 is 2^-20, after 22 applications.
    assert (row.iterations, row.residual) == (22, pytest.approx(2**-20, rel=1e-3))


def test_a_fixed_point_that_is_not_reached_is_said_so(run):
    (row,) = rows_of(run, vector(1.1, 0, 1, 1))
    assert not row.converged
    assert not row.exact_converged
    assert np.isnan([row.cosine, row.norm_ratio, row.jacobian_norm, row.jacobian_radius]).all()
    assert row.spectral_norm == pytest.approx(1.1)
    assert row.sign == 0


def large(run, data):
    """The rows of three epochs in a latent space where the exact gradient is iterated."""
    network = settings.Network(3, 40)
    draws = np.random.default_rng(0).uniform(-1, 1, (3, layout.size(network))) / 40**0.5
    run = dataclasses.replace(run, network=network)
    kept = Snapshots(np.arange(3), draws.astype(np.float32))
    part = Part(data[0].inputs[:50], data[0].target[:50])
    return alignment.along(run, kept, part, ignore)


def test_the_exact_gradient_is_as_exact_where_it_is_iterated(run, data, monkeypatch):
    iterated = large(run, data)
    monkeypatch.setattr(adjoints, "DIRECT", 40)
    for row, direct in zip(iterated, large(run, data), strict=True):
        assert row.exact_converged
        assert row.cosine == pytest.approx(direct.cosine, rel=1e-11)
        assert row.norm_ratio == pytest.approx(direct.norm_ratio, rel=1e-11)
        assert row.cosine < 0.999


def test_an_exact_gradient_that_is_not_found_is_said_so(run, data, monkeypatch):
    monkeypatch.setattr(adjoints, "_MOST_ITERATIONS", 2)
    for row in large(run, data):
        assert row.converged
        assert not row.exact_converged
        assert np.isnan([row.cosine, row.norm_ratio, row.jacobian_norm, row.jacobian_radius]).all()
        assert row.sign == 0


def test_a_gradient_that_vanishes_has_no_direction(run):
    (row,) = rows_of(run, vector(0.5, -100, 1, 1))
    assert np.isnan(row.cosine)
    assert row.sign == 0
    assert row.jacobian_norm == 0


def test_parameters_that_are_not_finite_are_recorded(run):
    (row,) = rows_of(run, vector(np.nan, 0, 1, 1))
    assert np.isnan([row.cosine, row.spectral_norm, row.jacobian_radius]).all()


def test_the_jacobians_are_those_of_all_samples(run):
    """One unit is active at d = 1 only, the other at both points: two different Jacobians."""
    run = dataclasses.replace(run, network=settings.Network(1, 2))
    weight = np.array([[0.5, 0.25], [0.0, 0.75]])
    flat = np.array([*weight.flat, 2, 1, -1.5, 0, 0, 0, 1, 1, 0], np.float32)
    part = Part(np.array([[1.0], [9.0]], np.float32), np.zeros(2, np.float32))
    (row,) = alignment.along(run, Snapshots(np.array([0]), flat[None]), part, ignore)
    assert row.jacobian_norm == pytest.approx(np.linalg.norm(weight, 2))
    assert row.jacobian_radius == pytest.approx(0.75)


def test_alignment_along_a_run_in_a_table(run, data, tmp_path):
    run = dataclasses.replace(run, epochs=50, snapshots=5)
    outcome = fused.train(run, open_stream(run), *data, ignore)
    told = []
    rows = alignment.along(run, outcome.snapshots, data[0], told.append)
    assert told == list(range(1, 7))
    # The run's own last full-batch solve has this many iterations: one step earlier, or one more.
    assert [row.epoch for row in rows] == outcome.snapshots.epochs.tolist()
    norms = outcome.log["spectral_norm"][outcome.snapshots.epochs[1:] - 1]
    assert [row.spectral_norm for row in rows[1:]] == pytest.approx(norms.tolist(), rel=1e-6)
    tables.write(tmp_path / "a.parquet", alignment.to_table(rows, run))
    table = tables.read(tmp_path / "a.parquet", alignment.SCHEMA, "an alignment")
    assert table["cosine"].to_pylist() == [row.cosine for row in rows]
    assert settings.Run.from_dict(json.loads(table.schema.metadata[b"run"])) == run


def test_the_figure_says_nothing_where_no_exact_gradient_is_known():
    """Of batch size 600 at no epoch, of 32 not at epoch 5; that of one run does not count."""
    columns = ["batch_size", "epoch", "cosine", "norm_ratio", "sign", "exact_converged"]
    unknown = (np.nan, np.nan, 0, False)
    rows = [
        (32, 0, 0.5, 1.0, 1, True),
        (32, 0, -0.5, 1.0, -1, True),
        (32, 0, *unknown),
        (32, 5, *unknown),
        (32, 9, -0.1, 1.0, -1, True),
        (600, 0, *unknown),
        (600, 5, *unknown),
    ]
    figure = gradients.alignment(pd.DataFrame(rows, columns=columns))
    figure.savefig(io.BytesIO())
    large, small = (line.get_ydata() for line in figure.axes[2].lines)
    np.testing.assert_array_equal(large, [np.nan, np.nan])
    np.testing.assert_array_equal(small, [50, np.nan, 100])


SMALL_COST = settings.Cost(
    batch_size=50,
    gradients=(
        ("jfb", settings.Gradient("jfb")),
        ("implicit", settings.Gradient("implicit")),
        ("unrolled", settings.Gradient("unrolled")),
    ),
    latent_dim=3,
    iterations=(1, 5),
    latent_dims=(3, 40),
    iterations_at_latent_dims=4,
    repeats=2,
)


def test_costs_have_a_row_per_case_and_gradient(project, monkeypatch):
    monkeypatch.setattr(cost, "_SECONDS", 0.001)
    training, _ = make_data(project.datasets["report"])
    told = []
    table = cost.measure(SMALL_COST, training, told.append)
    assert told == [1, 2, 3, 4]
    assert len(table) == 12
    assert set(zip(table["varied"], table["iterations"], table["latent_dim"], strict=True)) == {
        ("iterations", 1, 3),
        ("iterations", 5, 3),
        ("latent_dim", 4, 3),
        ("latent_dim", 4, 40),
    }
    assert (table["step_seconds_lowest"] <= table["step_seconds"]).all()
    assert (table["step_seconds"] <= table["step_seconds_highest"]).all()
    kept = table.set_index(["gradient", "iterations", "latent_dim"])["bytes_kept"]
    assert kept["jfb", 1, 3] == kept["jfb", 5, 3] == kept["implicit", 5, 3] == 4 * 50 * 7
    assert kept["unrolled", 5, 3] - kept["unrolled", 1, 3] == 4 * 4 * 50 * 3
    peak = table.set_index(["gradient", "iterations", "latent_dim"])["backward_peak_bytes"]
    # By hand in test_implicit, for 100 points.
    assert peak["jfb", 1, 3] == peak["jfb", 5, 3] == 4 * (5 + 50 * 5)
    assert peak["implicit", 5, 3] > peak["jfb", 5, 3] + 8 * 50 * 3 * 3


def test_a_cost_comes_back_from_json():
    assert settings.Cost.from_dict(json.loads(json.dumps(SMALL_COST.to_dict()))) == SMALL_COST


def test_networks_of_a_case_are_the_same(project):
    one, other = (cost._module(gradient, 5, 8) for _, gradient in SMALL_COST.gradients[:2])
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.linalg.matrix_norm(one.latent.weight, 2).item() == pytest.approx(0.9, rel=1e-5)
