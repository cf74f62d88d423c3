"""Units, kinks, sharpness, and what is made of them."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from jfb.analysis import fates, minima
from jfb.analysis.shares import reached_with_largest
from jfb.measure import sharpness, units
from jfb.model import fixed_points
from jfb.output.figures import minima as figures
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots

LINE = np.linspace(-1, 1, 41, dtype=np.float32)


def part(target):
    """Points on a line through the origin: (t, 0, 0)."""
    inputs = np.stack([LINE, 0 * LINE, 0 * LINE], axis=1)
    return Part(inputs, np.asarray(target(LINE), np.float32))


def parameters(network, **tensors):
    """A flat vector (p,) of zeros but for `tensors`, by name in a state dict with _ for `.`."""
    flat = np.zeros(layout.size(network), np.float32)
    for name, view in layout.views(flat, network).items():
        if name.replace(".", "_") in tensors:
            view[...] = tensors[name.replace(".", "_")]
    return flat


#: Injections of the three units along the line, and active units and kinks.
BY_HAND = {
    "dead": ([[0, 0, 0]] * 3, [-1, -1, -1], 0, 0),
    "affine": ([[1, 0, 0], [0, 0, 0], [0, 0, 0]], [2, -1, 1], 2, 0),
    "one kink": ([[1, 0, 0], [1, 0, 0], [0, 0, 0]], [0, 3, -1], 2, 1),
    "two kinks": ([[1, 0, 0], [-1, 0, 0], [1, 0, 0]], [0, 0.5, -2], 2, 2),
    "three kinks": ([[1, 0, 0], [-1, 0, 0], [2, 0, 0]], [0, 0.5, 0.2], 3, 3),
}


@pytest.fixture
def network(replay):
    return replay[2400].network


def counted(point, flat, network):
    """Active and switching units."""
    return units.counts(point, flat, network, None)[:2]


@pytest.mark.parametrize("name", BY_HAND)
def test_units_by_hand(name, network):
    weight, bias, active, kinks = BY_HAND[name]
    flat = parameters(network, injection_weight=weight, injection_bias=bias)
    found = fixed_points.find(flat, network, part(np.sin).inputs)
    assert found.unique
    assert counted(found.point, flat, network) == (active, kinks)


def test_a_kink_can_come_from_the_other_units(network):
    """The second unit is -u_0 + 0.5 with u_0 = relu(t): it switches, though no input reaches it."""
    latent = np.zeros((3, 3))
    latent[1, 0] = -1
    flat = parameters(
        network,
        latent_weight=latent,
        latent_bias=[0, 0.5, -1],
        injection_weight=[[1, 0, 0], [0, 0, 0], [0, 0, 0]],
    )
    found = fixed_points.find(flat, network, part(np.sin).inputs)
    assert counted(found.point, flat, network) == (2, 2)


def test_rows_along_a_run(replay, network):
    weight, bias, *_ = BY_HAND["affine"]
    flat = parameters(
        network,
        latent_weight=np.diag([0.5, 0, 0]),
        injection_weight=weight,
        injection_bias=bias,
        output_weight=[[1, 0, 0]],
        output_bias=[-4],
    )
    # u = 0.5 u + t + 2: y = 2 t + 4 - 4.
    kept = Snapshots(np.array([0, 1]), np.stack([flat, parameters(network, latent_weight=9)]))
    run = dataclasses.replace(replay[64], seed=5, epochs=1)
    done = []
    table = units.of_runs([(run, kept)], part(lambda t: 2 * t + 0.5), done.append)
    first, last = table.to_pylist()
    assert (first["batch_size"], first["seed"], first["epoch"]) == (64, 5, 0)
    assert (first["active_units"], first["switching_units"], first["converged"]) == (2, 0, True)
    assert (first["function_kinks"], first["flat_pieces"]) == (0, 0)
    assert first["loss"] == pytest.approx(0.25, rel=1e-6)
    # 41 points are one batch of 64.
    assert (last["epoch"], last["updates"], last["active_units"]) == (1, 1, 0)
    assert (last["function_kinks"], last["flat_pieces"]) == (0, 1)
    assert done == [1]


def converged_loss(network, x, points):
    loss = fixed_points.loss(x, network, points)
    assert np.isfinite(loss)
    return loss


@pytest.fixture
def trained(network):
    """Parameters with a coupled latent map and kinks away from the points."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-0.6, 0.6, layout.size(network))
    parts = layout.views(x, network)
    parts["latent.bias"][:] = [0.11, 0.33, 0.72]
    return x


ACTIVATE = {"relu": lambda h: np.maximum(h, 0), "tanh": np.tanh}


def losses_after_many_iterations(activation, several, points, network):
    """The loss of each of several networks (k, p), whose latent maps contract, in NumPy."""
    flat = np.moveaxis(several, 0, -1)
    of = {k: np.moveaxis(v, -1, 0) for k, v in _views(flat, network).items()}
    bias = (of["latent.bias"] + of["injection.bias"])[..., None]
    injected = of["injection.weight"] @ points.inputs.T.astype(float) + bias
    u = np.zeros_like(injected)
    for _ in range(80):
        u = ACTIVATE[activation](of["latent.weight"] @ u + injected)
    error = of["output.weight"] @ u + of["output.bias"][..., None] - points.target.astype(float)
    return np.square(error).mean(axis=(1, 2))


def _views(flat, network):
    """As `layout.views` does of one vector, of (p, k) for k of them."""
    ends = np.cumsum([np.prod(shape) for shape in layout.shapes(network).values()])
    parts = np.split(flat, ends[:-1])
    shapes = layout.shapes(network).items()
    return {n: v.reshape(*s, -1) for (n, s), v in zip(shapes, parts, strict=True)}


@pytest.mark.parametrize("activation", ACTIVATE)
def test_the_hessian_is_that_of_the_converged_loss(activation, network, trained):
    network = dataclasses.replace(network, activation=activation)
    points = part(np.sin)
    if activation == "relu":
        point = fixed_points.find(trained, network, points.inputs).point
        assert counted(point, trained, network)[1] > 0
    p, h = len(trained), 1e-4
    steps = h * np.eye(p)
    corners = [
        losses_after_many_iterations(
            activation,
            (trained + a * steps[:, None] + b * steps[None, :]).reshape(p * p, p),
            points,
            network,
        ).reshape(p, p)
        for a, b in itertools.product((1, -1), repeat=2)
    ]
    expected = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h * h)
    found = sharpness.hessian(network, trained, points)
    np.testing.assert_allclose(found, expected, atol=3e-5 * np.abs(found).max())
    np.testing.assert_allclose(found, found.T, atol=1e-12 * np.abs(found).max())


def test_the_hessian_of_a_dead_network_by_hand(network):
    """Only the output bias matters: loss = mean (c - t)^2, whose second derivative is 2."""
    weight, bias, *_ = BY_HAND["dead"]
    x = parameters(network, injection_weight=weight, injection_bias=bias).astype(np.float64)
    found = sharpness.hessian(network, x, part(np.sin))
    expected = np.zeros_like(found)
    expected[-1, -1] = 2
    np.testing.assert_allclose(found, expected)


def test_keskar_sharpness_by_hand(network):
    """Of a dead network f = c^2 + s at output bias c: highest at the far end of the box."""
    weight, bias, *_ = BY_HAND["dead"]
    flat = parameters(network, injection_weight=weight, injection_bias=bias, output_bias=[0.5])
    points = part(np.sign)
    f = 0.25 + (40 / 41)
    reach = 1e-3 * 1.5
    expected = 100 * ((0.5 + reach) ** 2 - 0.25) / (1 + f)
    found = sharpness.keskar_sharpness(network, flat.astype(np.float64), points)
    assert found == pytest.approx(expected, rel=1e-6)


def test_keskar_sharpness_is_no_less_than_any_point_of_the_box(network, trained):
    points = part(np.sin)
    at_x = converged_loss(network, trained, points)
    reach = sharpness.BOX * (np.abs(trained) + 1)
    rng = np.random.default_rng(0)
    corners = (trained + reach * rng.choice([-1, 1], len(trained)) for _ in range(300))
    highest = max(converged_loss(network, corner, points) for corner in corners)
    found = sharpness.keskar_sharpness(network, trained, points)
    assert found >= 100 * (highest - at_x) / (1 + at_x)
    assert found == sharpness.keskar_sharpness(network, trained, points)


def test_a_fixed_point_that_is_not_found_has_no_sharpness(replay, network):
    flat = parameters(network, latent_weight=np.diag([2, 0, 0]), latent_bias=[1, 1, 1])
    table = sharpness.of_runs([(replay[64], flat)], part(np.sin), lambda done: None)
    (row,) = table.to_pylist()
    assert not row["converged"]
    assert np.isnan(row["largest_eigenvalue"])


#: By seed, of batch sizes 600 and 32: (epoch, active and switching units, kinks, flat pieces).
TOLD = {
    (600, 0): [(0, 3, 2, 2, 0), (1, 2, 1, 1, 0), (9, 2, 1, 1, 0)],
    (600, 1): [(0, 1, 1, 1, 1), (1, 1, 1, 1, 1), (9, 1, 1, 1, 1)],
    (32, 0): [(0, 3, 2, 2, 0), (1, 2, 2, 1, 0), (9, 1, 1, 1, 0)],
    (32, 1): [(0, 1, 1, 1, 1), (1, 1, 0, 0, 0), (9, 0, 0, 0, 1)],
}
COUNTS = ["active_units", "switching_units", "function_kinks", "flat_pieces"]


@pytest.fixture
def told():
    """Units of the four runs; 600 has 4 updates an epoch, 32 has 75."""
    rows = [
        {"batch_size": b, "seed": s, "epoch": e, "updates": e * {600: 4, 32: 75}[b]}
        | dict(zip(COUNTS, counts, strict=True))
        for (b, s), snapshots in TOLD.items()
        for e, *counts in snapshots
    ]
    table = pd.DataFrame(rows).assign(converged=True, diverged=False)
    return table.sample(frac=1, random_state=0)


@pytest.fixture
def summary():
    losses = {(600, 0): 0.0005, (600, 1): 0.0016, (32, 0): 0.0006, (32, 1): 0.02}
    rows = [{"batch_size": b, "seed": s, "lowest_loss": v} for (b, s), v in losses.items()]
    table = pd.DataFrame(rows)
    return table.assign(diverged=False, exact_best_loss=table["lowest_loss"] + 0.0001)


@pytest.fixture
def forms():
    losses = {"constant": 0.0151, "line with a flat side": 0.0012, "two kinks": 0.0003}
    return pd.DataFrame({"category": losses.keys(), "loss": losses.values()})


def test_fates_by_hand(told, summary):
    large, small = fates.fates(summary, told).to_dict("records")
    assert (large["batch_size"], large["runs"]) == (600, 2)
    assert (large["active_at_start"], large["active_at_end"]) == (2, 1.5)
    assert (large["lost_units"], large["updates_of_last_death"]) == (0.5, 4)
    assert large["seeds_that_lose_units"] == "0"
    assert (large["compared_after"], large["as_largest_batch"]) == (36, 1)
    # Both lose units, the last at epoch 9.
    assert (small["lost_units"], small["updates_of_last_death"]) == (1, 675)
    assert small["seeds_that_lose_units"] == "0 1"
    # Of 75 and 675 updates 75 are nearer to 36: one kink and a straight line there, one kink and a
    # flat side at 600.
    assert small["compared_after"] == 75
    assert (small["as_largest_batch"], small["as_largest_batch_by_chance"]) == (0.5, 0.25)
    # Seed 0 reaches 0.001 at both.
    assert [large[name] for name in REACHED] == [1, 1, 1]
    assert [small[name] for name in REACHED] == [1, 1, 1]


REACHED = ["reached", "reached_at_largest", "reached_at_both"]


def test_seeds_that_reach_at_the_largest_batch_size_too():
    """Of seeds 0 to 3: at 600 0 and 1, at 64 1 and 2, at 32 0, 1 and 2; 64 has no seed 0."""
    reach = {600: {0, 1}, 64: {1, 2}, 32: {0, 1, 2}}
    rows = [
        {"batch_size": size, "seed": s, "lowest_loss": 0.001 if s in some else 0.02}
        for size, some in reach.items()
        for s in range(4)
        if (size, s) != (64, 0)
    ]
    table = reached_with_largest(pd.DataFrame(rows).sample(frac=1, random_state=1))
    assert table["batch_size"].tolist() == [600, 64, 32]
    assert table[REACHED].to_numpy().tolist() == [[2, 2, 2], [2, 1, 1], [3, 2, 2]]


#: Function kinks and flat pieces of a network, and what it is.
KINDS = {
    "constant": (0, 1),
    "straight line": (0, 0),
    "line with a flat side": (1, 1),
    "one kink, slope on both sides": (1, 0),
    "two kinks": (2, 1),
    "three kinks or more": (5, 2),
    "points not on a line": (None, None),
}


@pytest.mark.parametrize("name", KINDS)
def test_categories_are_those_of_the_function(name):
    kinks, flat = KINDS[name]
    row = {"function_kinks": kinks, "flat_pieces": flat, "converged": True, "diverged": False}
    assert minima.category(pd.DataFrame([row])).tolist() == [name]


def test_losses_by_category_by_hand(told, summary, forms):
    table = minima.by_category(minima.ends(summary, told), forms).set_index("category")
    kinds = ["constant", "line with a flat side", "one kink, slope on both sides"]
    assert table.index.tolist() == kinds
    np.testing.assert_array_equal(table["closed_form"], [0.0151, 0.0012, np.nan])
    row = table.loc["one kink, slope on both sides"]
    assert (row["runs"], row["runs_600"], row["runs_32"]) == (2, 1, 1)
    found = row[["lowest_loss_lowest", "lowest_loss_median", "lowest_loss_highest"]]
    assert found.tolist() == pytest.approx([0.0005, 0.00055, 0.0006])
    assert row["exact_best_loss_lowest"] == pytest.approx(0.0006)


def test_a_network_without_one_fixed_point_is_of_no_other_category(told, summary, forms):
    told.loc[(told["seed"] == 1) & (told["batch_size"] == 32), "converged"] = False
    table = minima.by_category(minima.ends(summary, told), forms)
    assert table["category"].tolist()[-1] == "not one fixed point each"


@pytest.fixture
def lost(told, summary):
    """Units and summary in which seed 0 of batch size 32 diverges after epoch 0."""
    gone = (told["seed"] == 0) & (told["batch_size"] == 32) & (told["epoch"] > 0)
    counts = told[COUNTS].mask(gone)
    diverged = (summary["seed"] == 0) & (summary["batch_size"] == 32)
    units = told.assign(**counts, converged=told["converged"] & ~gone, diverged=gone)
    return units, summary.assign(diverged=diverged, lowest_loss=summary["lowest_loss"].mask(gone))


def test_a_diverged_run_is_a_row_of_its_own(lost, forms):
    units, summary = lost
    runs = minima.ends(summary, units)
    table = minima.by_category(runs, forms).set_index("category")
    kinds = ["constant", "line with a flat side", "one kink, slope on both sides", "diverged"]
    assert table.index.tolist() == kinds
    assert table["runs"].tolist() == [1, 1, 1, 1]
    assert table.loc["diverged", ["runs_600", "runs_32"]].tolist() == [0, 1]
    assert runs.loc[runs["diverged"], "active_units"].isna().all()


def test_a_diverged_run_has_lost_no_units_and_counts_in_shares(lost):
    large, small = fates.fates(*lost[::-1]).to_dict("records")
    assert (large["diverged"], small["diverged"], small["runs"]) == (0, 1, 2)
    # Seed 1 lost its unit at epoch 9; seed 0 is no such run, but one of two.
    assert (small["lost_units"], small["updates_of_last_death"]) == (0.5, 675)
    assert small["seeds_that_lose_units"] == "1"
    assert (small["active_at_start"], small["active_at_end"]) == (2, 0)
    assert (small["as_largest_batch"], small["as_largest_batch_by_chance"]) == (0, 0)


def test_snapshots_that_a_diverged_run_lacks_are_rows(replay, network):
    """Of epochs 0, 1, 3, 9 the run has two, and is lost at the second."""
    weight, bias, *_ = BY_HAND["affine"]
    flat = parameters(network, injection_weight=weight, injection_bias=bias)
    run = dataclasses.replace(replay[64], epochs=9, snapshots=3)
    kept = Snapshots(np.array([0, 1]), np.stack([flat, flat * np.nan]))
    rows = units.of_runs([(run, kept)], part(np.sin), lambda done: None).to_pylist()
    assert [row["epoch"] for row in rows] == [0, 1, 3, 9]
    assert [row["diverged"] for row in rows] == [False, True, True, True]
    assert [row["active_units"] for row in rows] == [2, None, None, None]
    assert [row["function_kinks"] for row in rows] == [0, None, None, None]
    assert [row["updates"] for row in rows] == [0, 1, 3, 9]


def test_a_network_with_several_fixed_points_has_no_counts(replay, network):
    """Own weight 2 and bias -1: u = 0 and u = 1 everywhere."""
    flat = parameters(network, latent_weight=np.diag([2, 0, 0]), latent_bias=[-1, -1, -1])
    run = dataclasses.replace(replay[64], epochs=1)
    kept = Snapshots(np.array([0, 1]), np.stack([flat, flat]))
    row, _ = units.of_runs([(run, kept)], part(np.sin), lambda done: None).to_pylist()
    assert (row["converged"], row["diverged"], row["active_units"]) == (False, False, None)


def test_points_on_no_line_have_units_and_no_kinks(replay, network):
    inputs = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    weight, bias, *_ = BY_HAND["three kinks"]
    flat = parameters(network, injection_weight=weight, injection_bias=bias)
    kept = Snapshots(np.array([0, 1]), np.stack([flat, flat]))
    points = Part(inputs, inputs[:, 0])
    run = dataclasses.replace(replay[64], epochs=1)
    row, _ = units.of_runs([(run, kept)], points, lambda done: None).to_pylist()
    assert (row["active_units"], row["function_kinks"], row["flat_pieces"]) == (3, None, None)


@pytest.mark.parametrize("worst", [np.nan, np.inf, 1e10])
def test_the_end_of_a_diverged_run_has_no_sharpness(worst, replay, network):
    flat = parameters(network, output_bias=[worst])
    table = sharpness.of_runs([(replay[64], flat)], part(np.sin), lambda done: None)
    (row,) = table.to_pylist()
    assert row["diverged"]
    assert row["active_units"] is None
    assert np.isnan(row["largest_eigenvalue"])


def test_a_network_with_tanh_has_sharpness_and_no_units(replay, network, trained):
    run = dataclasses.replace(replay[64], network=dataclasses.replace(network, activation="tanh"))
    table = sharpness.of_runs([(run, trained)], part(np.sin), lambda done: None)
    (row,) = table.to_pylist()
    assert [row[name] for name in COUNTS] == [None] * 4
    assert row["converged"]
    values = np.linalg.eigvalsh(sharpness.hessian(run.network, trained, part(np.sin)))
    assert row["largest_eigenvalue"] == values[-1]


def test_a_summary_of_other_runs_is_refused(told, summary):
    with pytest.raises(pd.errors.MergeError):
        minima.ends(pd.concat([summary, summary]), told)


def test_figures_of_minima(told, summary, forms):
    figure = figures.kinks(summary, told, forms)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_xticklabels()]
    forms_told = ("constant (1 run)", "line with a flat side (1 run)")
    assert [label.replace("\n", " ") for label in labels] == [
        *forms_told,
        "one kink, slope on both sides (2 runs)",
    ]
    losses = [y for line in axes.lines for y in line.get_ydata()]
    assert set(summary["exact_best_loss"]) <= set(losses)
    levels = [segment[0, 1] for lines in axes.collections for segment in lines.get_segments()]
    assert {0.0151, 0.0012} <= set(levels)
    told_levels = [text.get_text().replace("\n", " ") for text in axes.texts]
    assert {"at least 0.0151", "at least 0.0012"} <= set(told_levels)
    figure = figures.fates(told)
    figure.draw_without_rendering()
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Batches of 600: 2 runs", "Batches of 32: 2 runs"]
    small = figure.axes[1].collections
    # At the end half are constant, half have one kink.
    heights = [max(y for x, y in area.get_paths()[0].vertices if x == 675) for area in small]
    assert heights == [50, 50, 50, 100, 100]
