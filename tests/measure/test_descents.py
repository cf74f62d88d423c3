"""Searches for minima, and what is measured at their ends.

A search on the report's points takes tens of milliseconds.
"""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from jfb.measure import closed_forms, descents, functions, stationary
from jfb.model import fixed_points
from jfb.model.exact_loss import ExactLoss
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.storage import parquet
from jfb.streams.interface import open_stream

#: None at 0, where the functions below have a kink.
T = np.linspace(-1, 1, 40, dtype=np.float32)


def on_a_line(target):
    inputs = np.stack([T, 0 * T, 0 * T], axis=1)
    return Part(inputs, np.asarray(target, np.float32))


def network_of(run, **tensors):
    """A flat vector of zeros but for `tensors`, by name in a state dict with _ for `.`."""
    flat = np.zeros(layout.size(run.network))
    for name, view in layout.views(flat, run.network).items():
        view[...] = tensors.get(name.replace(".", "_"), 0)
    return flat


@pytest.fixture
def run(replay):
    return dataclasses.replace(replay[2400], stream="per_seed")


@pytest.fixture
def searches(run, data, tmp_path):
    """From the first starts, as they come back from a file."""
    training, _ = data
    starts = descents.random_starts(run, 9, 1.0)
    table = descents.from_networks(starts, ExactLoss(run.network, training), 300, lambda _: None)
    parquet.write(tmp_path / "a.parquet", table)
    return descents.read({"here": [tmp_path / "a.parquet"]})


def test_searches_end_at_closed_forms(run, data, searches):
    """Least squares of a line, and of lines with a kink, which know nothing of networks."""
    training, _ = data
    target = training.target.astype(float)
    ends = searches["loss"].to_numpy()
    line = np.polyfit(training.inputs[:, 0].astype(float), target, 1)
    straight = np.square(np.polyval(line, training.inputs[:, 0].astype(float)) - target).mean()
    forms = closed_forms.table(training).set_index("category")["loss"]
    for level in (straight, forms["line with a flat side"], forms["one kink, slope on both sides"]):
        assert (np.abs(ends / level - 1) < 1e-6).any(), level
    settled = searches["ended"] == "gradient"
    assert settled.sum() >= 5
    assert (searches.loc[settled, "gradient"] < 1e-8).all()
    assert (searches["loss"] <= searches["start_loss"]).all()
    for row in searches.itertuples():
        assert row.loss == pytest.approx(fixed_points.loss(row.end, run.network, training))
        assert row.start_loss == pytest.approx(fixed_points.loss(row.start, run.network, training))


def test_starts_are_those_of_training_times_the_width(run):
    (place, wide), *_ = descents.random_starts(run, 1, 2.5)
    assert place == (2400, 0)
    own = open_stream(dataclasses.replace(run, seed=0)).initial_parameters()
    np.testing.assert_allclose(wide, 2.5 * own.astype(float))


def test_without_fixed_points_nothing_is_searched_for(run, data):
    start = network_of(run, latent_weight=2 * np.eye(3), latent_bias=1)
    row, end = descents.descend(ExactLoss(run.network, data[0]), start, 10, (32, 7))
    assert (row.batch_size, row.seed, row.steps, row.ended) == (32, 7, 0, None)
    assert np.isnan([row.start_loss, row.loss, row.gradient]).all()
    assert np.array_equal(end, start)
    diverged = np.full_like(start, np.nan)
    assert descents.descend(ExactLoss(run.network, data[0]), diverged, 10, (32, 7))[0].steps == 0


def test_hops_are_the_same_each_time_and_leave_a_high_minimum(run, data):
    """From the best straight line, ten hops; the first search is from where they start."""
    training, _ = data
    problem = ExactLoss(run.network, training)
    *_, (_, start) = descents.random_starts(run, 4, 1.0)
    _, straight = descents.descend(problem, start, 50, (0, 0))
    tables = [descents.hops(straight, problem, 10, 50, 2400, lambda _: None) for _ in range(2)]
    one, other = (table.to_pandas() for table in tables)
    pd.testing.assert_frame_equal(one, other)
    losses = one["loss"].to_numpy()
    assert len(losses) == 11
    assert losses[0] == pytest.approx(problem.loss(straight))
    assert np.nanmin(losses) < 0.1 * losses[0]


def test_a_function_by_hand(run):
    """|t| made of two units, and a third that is off."""
    flat = network_of(
        run,
        injection_weight=[[1, 0, 0], [-1, 0, 0], [0, 0, 0]],
        injection_bias=[0, 0, -1],
        output_weight=[[1, 1, 5]],
        output_bias=[0.25],
    )
    found = functions.of_network(flat, run.network, on_a_line(T))
    np.testing.assert_allclose(found.position, [0, 1, 2], atol=1e-6)
    np.testing.assert_allclose(found.value, [1.25, 0.25, 1.25], atol=1e-6)
    assert found.active_units == 2
    assert found.flat.tolist() == [False, False]
    np.testing.assert_allclose(
        functions.predictions([flat, np.nan * flat], run.network, on_a_line(T)),
        [np.abs(T) + 0.25, np.nan * T],
    )


def test_pieces_have_the_loss_of_the_function_unless_it_jumps(run):
    """A step from 0 to 1 within a thousandth, between two points, is seen as a constant."""
    kink = network_of(
        run, injection_weight=[[1, 0, 0], [0] * 3, [0] * 3], output_weight=[[1, 0, 0]]
    )
    step = network_of(
        run,
        injection_weight=[[1000, 0, 0], [1000, 0, 0], [0] * 3],
        injection_bias=[0, -1, 0],
        output_weight=[[1, -1, 0]],
    )
    target = on_a_line(T > 0)
    losses = [
        (
            functions.loss(functions.of_network(flat, run.network, target), target),
            ExactLoss(run.network, target).loss(flat),
        )
        for flat in (kink, step)
    ]
    assert losses[0][0] == pytest.approx(losses[0][1], rel=1e-6)
    assert losses[1] == pytest.approx((0.5, 0), abs=1e-9)


def test_the_best_nearby_keeps_a_flat_side(run):
    """relu(t) for the target |t|: flat before the kink stays flat; a slope would do better."""
    flat = network_of(
        run, injection_weight=[[1, 0, 0], [0] * 3, [0] * 3], output_weight=[[1, 0, 0]]
    )
    target = on_a_line(np.abs(T))
    function = functions.of_network(flat, run.network, target)
    assert function.flat.tolist() == [True, False]
    best = functions.least_loss_nearby(function, target)
    assert 0.01 < best < ExactLoss(run.network, target).loss(flat)


def test_curvature_of_a_constant(run):
    """All units off: the loss is (b - mean)^2 + variance, of curvature 2 in one parameter."""
    target = on_a_line(T)
    flat = network_of(run, latent_bias=-1)
    found = stationary.curvature(run.network, flat, target)
    assert (found.smallest, found.largest) == pytest.approx((0, 2), abs=1e-12)
    assert found.negative == 0
    # 28 parameters, less 6 changes that leave every function as it is, and the output's bias;
    # of the six, rescaling moves nothing but biases here: the same directions as splitting them.
    assert found.zero == 28 - 6 - 1


def test_a_saddle_has_a_negative_direction_and_is_left(run):
    """f = a c t, a = c = 0, target t: off the diagonal, the Hessian in (a, c) is -2 mean(t^2)."""
    flat = network_of(run, injection_bias=[1, -1, -1])
    target = on_a_line(T)
    found = stationary.curvature(run.network, flat, target)
    assert found.negative == 1
    assert found.smallest < -0.1
    problem = ExactLoss(run.network, target)
    # From a = c = 0 too: what is 0 is moved.
    assert stationary.lower_nearby(problem, flat, 20, 3) == 3


def test_a_minimum_is_not_left(run, data):
    training, _ = data
    problem = ExactLoss(run.network, training)
    *_, (_, start) = descents.random_starts(run, 3, 1.0)
    row, end = descents.descend(problem, start, 100, (0, 0))
    assert row.ended == "gradient"
    assert stationary.lower_nearby(problem, end, 100, 5) == 0
    assert stationary.curvature(run.network, end, training).negative == 0


def test_some_searches_are_written_and_read_again(searches, tmp_path):
    some = searches.loc[[3, 1]]
    parquet.write(tmp_path / "some.parquet", descents.select(some))
    again = descents.read({"here": [tmp_path / "some.parquet"]})
    for name in ("start", "end"):
        assert all(map(np.array_equal, again[name], some[name]))
    rest = [name for name in some if name not in ("start", "end")]
    pd.testing.assert_frame_equal(again[rest], some[rest].reset_index(drop=True))
