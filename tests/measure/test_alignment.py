"""Snapshots, the gradients along a run beside their references, and what a step costs."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch

from conftest import make_data
from jfb.analysis.alignment import read as read_alignments
from jfb.config import choices, gradient_choices, settings
from jfb.config.choices import Activation
from jfb.engines.fused import engine as fused
from jfb.measure import alignment, cost
from jfb.model import adjoints
from jfb.model.prefixes import Prefixes
from jfb.model.solvers import SOLVERS
from jfb.records import layout, snapshots
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots
from jfb.storage import parquet
from jfb.storage.files import Unreadable
from jfb.streams.interface import open_stream


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
    snapshots.write(path, written, layout.shapes(run.network))
    found = snapshots.read(path, run)
    np.testing.assert_array_equal(found.epochs, written.epochs)
    np.testing.assert_array_equal(found.parameters, written.parameters)


def test_snapshots_that_are_not_of_a_run_are_refused(replay, tmp_path):
    run = dataclasses.replace(replay[32], epochs=7, snapshots=2)
    path = tmp_path / "snapshots.safetensors"
    written = Snapshots(np.array([0, 1, 7]), np.zeros((3, 28), np.float32))
    snapshots.write(path, written, layout.shapes(run.network))
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


TOLERANCES = [1e-3, 1e-5, 1e-10]


@pytest.fixture
def run(project):
    return project.studies["seeds"].runs[600, 0]


def vector(latent, bias, injection, output):
    """The parameters of a network with one unit and one input, the other biases 0."""
    return np.array([latent, bias, injection, 0, output, 0], np.float32)


def rows_of(run, *parameters, target=0.0, tolerances=TOLERANCES):
    network = settings.Network(1, 1)
    run = dataclasses.replace(run, network=network)
    part = Part(np.array([[1.0], [2.0]], np.float32), np.full(2, target, np.float32))
    kept = Snapshots(np.arange(len(parameters)), np.stack(parameters))
    return alignment.along(run, kept, tolerances, part)


def by_key(rows):
    """Rows by gradient, tolerance, precision, reference and its tolerance."""
    keys = [
        (row.gradient, row.tolerance, row.precision, row.reference, row.reference_tolerance)
        for row in rows
    ]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, rows, strict=True))


def test_each_pair_of_a_gradient_and_a_reference_has_a_row(run):
    float64 = {("jfb", t, "float64", "exact", t) for t in TOLERANCES}
    float64 |= {(g, t, "float64", "exact", 1e-10) for g in ("jfb", "exact") for t in (1e-3, 1e-5)}
    float32 = {(g, 1e-3, "float32", "exact", 1e-10) for g in ("jfb", "exact")}
    float32 |= {(g, 1e-3, "float32", "unrolled", 1e-3) for g in ("jfb", "exact")}
    float32 |= {("jfb", 1e-3, "float32", "exact", 1e-3)}
    assert set(by_key(rows_of(run, vector(0.5, 0, 1, 1)))) == float64 | float32
    found = rows_of(run, vector(0.5, 0, 1, 1), tolerances=TOLERANCES[::-1])
    assert set(by_key(found)) == float64 | float32


def test_alignment_by_hand(run):
    """T(u; d) = relu(u / 2 + d): u* = 2 d, J = 1/2, and (1 - J)^-1 doubles the latent part.

    With the readout y = u and target 0, dL/dy = y for each of two points, d = 1, 2, y = 2, 4. The
    output's gradient is (sum y^2, sum y) = (20, 6) for both, the latent part with jfb
    (sum y u, sum y, sum y d, sum y) = (20, 6, 10, 6), and twice that with the exact gradient.
    """
    rows = by_key(rows_of(run, vector(0.5, 0, 1, 1)))
    row = rows["jfb", 1e-10, "float64", "exact", 1e-10]
    part, output = 20**2 + 6**2 + 10**2 + 6**2, 20**2 + 6**2
    lengths = np.sqrt(part + output), np.sqrt(4 * part + output)
    assert row.cosine == pytest.approx((2 * part + output) / (lengths[0] * lengths[1]), rel=1e-9)
    assert row.norm_ratio == pytest.approx(lengths[0] / lengths[1], rel=1e-9)
    assert (row.sign, row.converged) == (1, True)
    assert row.spectral_norm == row.jacobian_norm == row.jacobian_radius == 0.5
    # From 0, changes are 2, 1, 1/2, ...: the first below 1e-10 is 2^-34, after 36 applications, and
    # the first below 1e-3 is 2^-10, after 12.
    assert (row.iterations, row.residual) == (36, 2**-34)
    for precision in ("float32", "float64"):
        loose = rows["exact", 1e-3, precision, "exact", 1e-10]
        assert (loose.iterations, loose.residual) == (12, pytest.approx(2**-10, rel=1e-3))


def in_float64(activation):
    """An activation of NumPy arrays, as PyTorch has it."""
    function = getattr(torch.nn.functional, activation)
    return lambda h: function(torch.from_numpy(h)).numpy()


def in_numpy(parameters, network):
    """T and the readout, written with NumPy in float64, with the points in rows."""
    n, m = network.latent_dim, network.input_dim
    ends = np.cumsum([n * n, n, n * m, n, n, 1])
    w, b, v, c, o, p = np.split(parameters, ends[:-1])
    activate = in_float64(network.activation)

    def transform(u, d):
        return activate(u @ w.reshape(n, n).T + b + d @ v.reshape(n, m).T + c)

    return transform, lambda a: a @ o + p


def loss_after(parameters, network, part, applications, u=0.0):
    """The mean squared error of the readout after some applications of T to u."""
    transform, read_out = in_numpy(parameters, network)
    d, target = part.inputs.astype(float), part.target.astype(float)
    u = np.zeros((len(part), network.latent_dim)) + u
    for _ in range(applications):
        u = transform(u, d)
    return np.square(read_out(u) - target).mean()


def differences(loss, parameters, step=1e-6):
    """Central finite differences of a function of the parameters."""
    moves = step * np.eye(len(parameters))
    return np.array([(loss(parameters + m) - loss(parameters - m)) / (2 * step) for m in moves])


def case(run, activation="relu", latent_dim=3, seed=0, points=60):
    """A run, a network with a contractive latent map as its snapshot, and points."""
    network = settings.Network(3, latent_dim, activation)
    rng = np.random.default_rng(seed)
    flat = rng.uniform(-1, 1, layout.size(network))
    weight = flat[: latent_dim**2].reshape(latent_dim, latent_dim)
    weight *= 0.8 / np.linalg.norm(weight, 2)
    part = Part(
        rng.uniform(-2, 2, (points, 3)).astype(np.float32),
        rng.uniform(-1, 1, points).astype(np.float32),
    )
    return dataclasses.replace(run, network=network), flat.astype(np.float32), part


@pytest.mark.parametrize("activation", Activation.all())
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradients_are_the_finite_differences_of_their_losses(run, activation, seed):
    """exact: of the converged loss; unrolled: after the iterations taken; jfb: at a constant u."""
    run, flat, part = case(run, activation, seed=seed)
    # Loose, so that one iteration more or less would show.
    run = dataclasses.replace(run, solver=dataclasses.replace(run.solver, tolerance=0.05))
    rows = by_key(alignment.along(run, Snapshots(np.array([0]), flat[None]), TOLERANCES, part))
    theta, network = flat.astype(float), run.network
    exact = differences(lambda p: loss_after(p, network, part, 300), theta)

    def u_after(applications):
        transform, _ = in_numpy(theta, network)
        u = np.zeros((len(part), network.latent_dim))
        for _ in range(applications):
            u = transform(u, part.inputs.astype(float))
        return u

    for (gradient, tolerance, precision, reference, at), row in rows.items():
        if gradient == "jfb":
            # The u that passed is the one before the last application.
            u = u_after(row.iterations - 1)
            one = differences(lambda p, u=u: loss_after(p, network, part, 1, u), theta)
        elif tolerance == 1e-10:
            one = exact
        else:
            continue
        if reference == "unrolled":
            other = differences(lambda p, k=row.iterations: loss_after(p, network, part, k), theta)
        elif at == 1e-10:
            other = exact
        else:
            continue
        lengths = np.linalg.norm(one), np.linalg.norm(other)
        accuracy = 1e-6 if precision == "float64" else 1e-5
        assert row.cosine == pytest.approx(one @ other / np.prod(lengths), abs=accuracy)
        assert row.norm_ratio == pytest.approx(lengths[0] / lengths[1], rel=accuracy)
        assert row.converged


def differentiated(run, flat, part, tolerance):
    """jfb and exact in float64 at a fixed point found to a tolerance, and its solve."""
    of = alignment.Differentiated(run.network, part, torch.float64, ("jfb", "exact"))
    of.load(flat)
    (solve,) = Prefixes([tolerance], 1000, len(part), run.network.latent_dim)(of.transform)
    return *(of.at(name, solve).values for name in ("jfb", "exact")), solve


@pytest.mark.parametrize("pattern", [(1, 1, 1), (1, 0, 1), (0, 1, 0)])
def test_with_one_pattern_jfb_is_the_exact_gradient_with_rows_scaled(run, pattern):
    """Where S is the pattern of all samples, row k of jfb is c_k / w_k of the exact gradient.

    c is the output weight and w = (I - S W)^-T c; the readout's gradients are equal. Biases that
    are large beside all else give every sample the pattern.
    """
    run, flat, part = case(run)
    views = layout.views(flat, run.network)
    signs = np.where(pattern, 1, -1)
    # A unit that depends on others only through a small weight keeps the sign of its bias.
    views["latent.weight"][:] *= 0.2
    views["latent.bias"][:] = 30 * signs
    jfb, exact, solve = differentiated(run, flat, part, 1e-13)
    active = solve.point.numpy() > 0
    assert (active == np.array(pattern, bool)[:, None]).all()
    theirs, ours = (layout.views(g, run.network) for g in (exact, jfb))
    weight, c = (views[name].astype(float) for name in ("latent.weight", "output.weight"))
    on = np.array(pattern)[:, None]
    w = np.linalg.solve((np.eye(3) - on * weight).T, c[0])
    for name in ("output.weight", "output.bias"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12)
    for name in ("latent.weight", "latent.bias", "injection.weight", "injection.bias"):
        ratio = (c[0] / w).reshape(-1, *[1] * (ours[name].ndim - 1))
        np.testing.assert_allclose(ours[name], ratio * theirs[name], rtol=1e-10, atol=0)
        assert (ours[name][np.array(pattern) == 0] == 0).all()
    assert not np.allclose(c[0][on[:, 0] == 1], w[on[:, 0] == 1], rtol=1e-3)


@pytest.mark.parametrize("seed", [0, 1])
def test_one_search_finds_what_picard_finds_at_each_tolerance(run, seed):
    run, flat, part = case(run, seed=seed)
    of = alignment.Differentiated(run.network, part, torch.float64, ("jfb",))
    of.load(flat)
    shape = len(part), run.network.latent_dim
    tolerances = [1e-1, 1e-3, 1e-4, 1e-10]
    solves = Prefixes(tolerances, 1000, *shape)(of.transform)
    for tolerance, solve in zip(tolerances, solves, strict=True):
        options = choices.Picard(tolerance=tolerance, max_iterations=1000)
        picard = SOLVERS["picard"](options, *shape, torch.float64)(of.transform)
        assert torch.equal(solve.point, picard.point)
        assert solve[1:] == picard[1:]
    some = Prefixes(tolerances, solves[1].iterations, *shape)(of.transform)
    assert solves[2].iterations > solves[1].iterations
    assert [solve.converged for solve in some] == [True, True, False, False]
    assert some[3].iterations == solves[1].iterations


def test_a_search_that_goes_round_ends(run):
    """u = relu(1 - 1.5 u): from 0 to 1, and back to 0."""
    solves = Prefixes([1e-3, 1e-10], 20_000, 1, 1)(lambda u, out: out.copy_((1 - 1.5 * u).relu()))
    assert [solve.converged for solve in solves] == [False, False]
    assert solves[0].iterations == 100
    assert solves[0].residual == 1


def test_a_fixed_point_that_does_not_exist_is_said_so(run):
    for row in rows_of(run, vector(1.1, 0, 1, 1)):
        assert not row.converged
        assert np.isnan([row.cosine, row.norm_ratio, row.jacobian_norm, row.jacobian_radius]).all()
        assert row.spectral_norm == pytest.approx(1.1)
        assert row.sign == 0


def test_a_fixed_point_that_picard_does_not_find_is_found_at_the_tightest_tolerance(run):
    """u = relu(d - 1.5 u) has the fixed point d / 2.5, about which Picard's iterates go round."""
    for key, row in by_key(rows_of(run, vector(-1.5, 0, 1, 1))).items():
        tight = key == ("jfb", 1e-10, "float64", "exact", 1e-10)
        assert row.converged == tight
        assert np.isfinite(row.cosine) == tight
        assert row.sign == tight
        assert row.jacobian_norm == row.jacobian_radius == 1.5
        if tight:
            assert row.residual < 1e-10


def test_parameters_that_are_not_finite_are_recorded(run):
    for row in rows_of(run, vector(np.nan, 0, 1, 1)):
        assert np.isnan([row.cosine, row.norm_ratio, row.spectral_norm, row.jacobian_radius]).all()
        assert (row.sign, row.converged) == (0, False)


def large(run, data):
    """The rows of three epochs in a latent space where the exact gradient is iterated."""
    network = settings.Network(3, 40)
    draws = np.random.default_rng(0).uniform(-1, 1, (3, layout.size(network))) / 40**0.5
    run = dataclasses.replace(run, network=network)
    kept = Snapshots(np.arange(3), draws.astype(np.float32))
    part = Part(data[0].inputs[:50], data[0].target[:50])
    return [r for r in alignment.along(run, kept, [1e-10], part) if r.precision == "float64"]


def test_the_exact_gradient_is_as_exact_where_it_is_iterated(run, data, monkeypatch):
    iterated = large(run, data)
    assert len(iterated) == 3
    monkeypatch.setattr(adjoints, "DIRECT", 40)
    for row, direct in zip(iterated, large(run, data), strict=True):
        assert row.converged
        assert row.cosine == pytest.approx(direct.cosine, rel=1e-11)
        assert row.norm_ratio == pytest.approx(direct.norm_ratio, rel=1e-11)
        assert row.cosine < 0.999
        assert row.jacobian_norm == direct.jacobian_norm


def test_an_exact_gradient_that_is_not_found_is_said_so(run, data, monkeypatch):
    monkeypatch.setattr(adjoints, "MOST_ITERATIONS", 2)
    for row in large(run, data):
        assert row.residual < row.tolerance
        assert not row.converged
        assert np.isnan([row.cosine, row.norm_ratio]).all()
        assert row.sign == 0


def test_a_gradient_that_vanishes_has_no_direction(run):
    for row in rows_of(run, vector(0.5, -100, 1, 1)):
        assert np.isnan(row.cosine)
        assert (row.sign, row.converged) == (0, True)
        assert row.jacobian_norm == 0


def test_the_jacobians_are_those_of_all_samples(run):
    """One unit is active at d = 1 only, the other at both points: two different Jacobians."""
    run = dataclasses.replace(run, network=settings.Network(1, 2))
    weight = np.array([[0.5, 0.25], [0.0, 0.75]])
    flat = np.array([*weight.flat, 2, 1, -1.5, 0, 0, 0, 1, 1, 0], np.float32)
    part = Part(np.array([[1.0], [9.0]], np.float32), np.zeros(2, np.float32))
    for row in alignment.along(run, Snapshots(np.array([0]), flat[None]), TOLERANCES, part):
        assert row.jacobian_norm == pytest.approx(np.linalg.norm(weight, 2))
        assert row.jacobian_radius == pytest.approx(0.75)


def test_alignments_of_runs_in_a_table(run, data, tmp_path):
    """Two runs of a batch size, one with the iterations that its last full-batch solve had."""
    runs = [dataclasses.replace(run, epochs=50, snapshots=5, seed=seed) for seed in (3, 1)]
    kept = [fused.train(run, open_stream(run), *data, ignore).snapshots for run in runs]
    told = []
    table = alignment.of_runs(list(zip(runs, kept, strict=True)), TOLERANCES, data[0], told.append)
    assert told == [1, 2]
    parquet.write(tmp_path / "a.parquet", table)
    rows = read_alignments([tmp_path / "a.parquet"])
    assert set(rows["batch_size"]) == {600}
    assert list(dict.fromkeys(rows["seed"])) == [3, 1]
    alone = alignment.along(runs[1], kept[1], TOLERANCES, data[0])
    own = rows[rows["seed"] == 1].drop(columns="batch_size")
    pd.testing.assert_frame_equal(own.reset_index(drop=True), pd.DataFrame(alone), check_exact=True)
    assert own["epoch"].unique().tolist() == kept[1].epochs.tolist()
    assert [settings.Run.from_dict(r) for r in json.loads(table.schema.metadata[b"runs"])] == runs


SMALL_COST = settings.Cost(
    batch_size=50,
    gradients=(
        ("jfb", gradient_choices.JFB()),
        ("implicit", gradient_choices.Implicit()),
        ("unrolled", gradient_choices.Unrolled()),
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
    assert len(table) == 24
    assert set(table["round"]) == {0, 1}
    assert set(zip(table["varied"], table["iterations"], table["latent_dim"], strict=True)) == {
        ("iterations", 1, 3),
        ("iterations", 5, 3),
        ("latent_dim", 4, 3),
        ("latent_dim", 4, 40),
    }
    assert (table["step_seconds"] == table["forward_seconds"] + table["backward_seconds"]).all()
    first = table[table["round"] == 0]
    cases = first[first["varied"] == "iterations"].set_index(["gradient", "iterations"])
    peak, residual = cases["peak_bytes"], cases["adjoint_residual"]
    # Bytes themselves by hand in test_implicit.
    assert peak["jfb", 1] == peak["jfb", 5]
    assert peak["implicit", 5] > peak["jfb", 5] + 8 * 50 * 3 * 3
    assert peak["unrolled", 5] >= peak["unrolled", 1] + 4 * 4 * 50 * 3
    assert residual["implicit", 5] < 1e-6
    assert np.isnan(residual["jfb", 5])


def test_a_cost_comes_back_from_json():
    assert settings.Cost.from_dict(json.loads(json.dumps(SMALL_COST.to_dict()))) == SMALL_COST


def test_networks_of_a_case_are_the_same(project):
    one, other = (cost._module(gradient, 5, 8) for _, gradient in SMALL_COST.gradients[:2])
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.linalg.matrix_norm(one.latent.weight, 2).item() == pytest.approx(0.9, rel=1e-5)
