"""The joint spectral radius of the latent map, and fixed points that exist or are reached."""

import dataclasses
import itertools

import numpy as np
import pytest

from jfb.measure import contraction, joint_spectral_radius
from jfb.records import layout
from jfb.records.dataset import Part

A_QUARTER_TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


def random_weights(n, count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, n, n))


def products(weight, length):
    """All D_1 W ... D_k W, one after the other."""
    n = len(weight)
    matrices = [np.diag(d) @ weight for d in itertools.product((0, 1), repeat=n)]
    found = [np.eye(n)]
    for _ in range(length):
        found = [p @ m for p in found for m in matrices]
    return np.array(found)


@pytest.mark.parametrize(
    ("weight", "radius"),
    [
        (np.diag([0.5, -0.9, 0.2]), 0.9),
        (np.array([[0.3, 7.0, -5.0], [0.0, 0.8, 9.0], [0.0, 0.0, -0.6]]), 0.8),
        # Symmetric: the spectral norm is an eigenvalue.
        (np.array([[0.2, 0.5], [0.5, -0.4]]), np.linalg.norm([[0.2, 0.5], [0.5, -0.4]], 2)),
        (A_QUARTER_TURN, 1.0),
        (0.7 * A_QUARTER_TURN, 0.7),
        # Nilpotent, and so is every product, whatever its norm.
        (np.array([[0.0, 50.0], [0.0, 0.0]]), 0.0),
        (np.zeros((3, 3)), 0.0),
        (np.array([[-0.3]]), 0.3),
    ],
)
def test_known_joint_spectral_radii(weight, radius):
    low, high = joint_spectral_radius.bounds(weight)
    assert low - 1e-9 <= radius <= high + 1e-9
    assert high - low <= 2e-3 * np.linalg.norm(weight, 2)


@pytest.mark.parametrize("n", [2, 3])
def test_the_bounds_are_between_those_of_all_products_of_a_length(n):
    """A product's spectral radius is at most, and the largest norm at least, the radius^length."""
    length = {2: 7, 3: 5}[n]
    for weight in random_weights(n, 4):
        every = products(weight, length)
        least = np.abs(np.linalg.eigvals(every)).max() ** (1 / length)
        most = np.linalg.norm(every, 2, axis=(1, 2)).max() ** (1 / length)
        low, high = joint_spectral_radius.bounds(weight)
        assert low <= high
        assert least <= high + 1e-9
        assert low <= most + 1e-9
        assert high <= np.linalg.norm(weight, 2) + 1e-9
        assert high <= 1.05 * low


def test_a_step_that_grows_is_found_by_long_products():
    """Of a network whose map contracts in no norm, no product needs to be long to show it."""
    weight = np.array([[0.0, 1.6], [-0.7, 0.0]])
    low, _ = joint_spectral_radius.bounds(weight)
    assert low == pytest.approx((1.6 * 0.7) ** 0.5, rel=2e-3)


def test_units_in_other_scales_have_the_same_bounds():
    for weight in random_weights(3, 5):
        scale = np.array([0.3, 1.0, 5.0])
        scaled = scale[:, None] * weight / scale
        ours = np.array(joint_spectral_radius.bounds(weight))
        theirs = np.array(joint_spectral_radius.bounds(scaled))
        np.testing.assert_allclose(ours, theirs, rtol=0.02)
        least = joint_spectral_radius.norm_after_rescaling(weight)
        assert least == pytest.approx(joint_spectral_radius.norm_after_rescaling(scaled), rel=1e-4)
        assert ours[1] <= least + 1e-9
        assert least <= np.linalg.norm(weight, 2)


def test_the_norm_after_rescaling_by_hand():
    """[[0, a], [b, 0]] is balanced where both entries are the root of a b."""
    weight = np.array([[0.0, 8.0], [0.02, 0.0]])
    assert joint_spectral_radius.norm_after_rescaling(weight) == pytest.approx(0.4, rel=1e-6)


def test_more_units_than_patterns_are_tried_for_have_looser_bounds():
    (weight,) = random_weights(12, 1)
    low, high = joint_spectral_radius.bounds(0.1 * weight)
    assert 0 < low < high <= np.linalg.norm(0.1 * weight, 2)


# Of a network.


@pytest.fixture
def run(project):
    return project.studies["replay"].runs[2400, 42]


def network(run, weight):
    flat = np.zeros(layout.size(run.network), np.float32)
    layers = layout.views(flat, run.network)
    layers["latent.weight"][:] = weight
    layers["latent.bias"][:] = 1.0
    layers["output.weight"][:] = 1.0
    return flat


def row_of(run, weight):
    points = np.zeros((5, 3), np.float32)
    part = Part(points, np.zeros(5, np.float32))
    table = contraction.of_runs([(run, network(run, weight))], part, lambda done: None)
    (row,) = table.to_pylist()
    return row


@pytest.mark.parametrize(
    ("own_weight", "contracts", "unique", "reached"),
    [
        (0.5, True, True, True),
        # u = 1 - 1.5 u has one solution, and the iteration goes between 0 and 1.
        (-1.5, False, True, False),
        # u = 1 + 2 u has none above 0.
        (2.0, False, False, False),
    ],
)
def test_a_fixed_point_can_exist_and_not_be_reached(run, own_weight, contracts, unique, reached):
    row = row_of(run, np.diag([own_weight, 0.0, 0.0]))
    assert (row["contraction_high"] < 1) == contracts
    assert (row["contraction_low"] < 1) == contracts
    assert (row["unique"], row["reached"]) == (unique, reached)
    assert row["spectral_norm"] == pytest.approx(abs(own_weight))
    assert (row["batch_size"], row["seed"], row["diverged"]) == (2400, 42, False)


def test_how_the_iteration_misses_a_fixed_point(run):
    """u = 1 - 1.5 u: from 0 the iterates are 1, 0, 1, 0, ...; u = 1 + 0.9 u: slow."""
    alternating = np.diag([0.3, -1.5, 0.0])
    told = ("reached", "alternates", "stops_at_zero", "own_weight")

    def at(limit, weight):
        solver = dataclasses.replace(run.solver, max_iterations=limit)
        row = row_of(dataclasses.replace(run, solver=solver), weight)
        return tuple(row[name] for name in told)

    alone = np.diag([-1.5, -1.5, -1.5])
    assert at(1000, alone) == (False, True, True, -1.5)
    assert at(1001, alone) == (False, True, False, -1.5)
    # A unit that arrives elsewhere keeps the whole point from 0.
    assert at(1000, alternating) == (False, True, False, -1.5)
    assert at(3, np.diag([0.9, 0, 0])) == (False, False, False, 0)
    assert at(1000, np.diag([0.9, 0, 0])) == (True, False, False, 0)


def test_a_map_that_contracts_in_another_norm_only(run):
    row = row_of(run, [[0.0, 3.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert row["spectral_norm"] == pytest.approx(3)
    assert row["contraction_high"] == pytest.approx(0.3**0.5, rel=2e-3)
    assert row["unique"]
    assert row["reached"]


def test_the_limit_of_the_run_decides_what_is_reached(run):
    few = dataclasses.replace(run.solver, max_iterations=3)
    assert row_of(run, np.diag([0.9, 0, 0]))["reached"]
    assert not row_of(dataclasses.replace(run, solver=few), np.diag([0.9, 0, 0]))["reached"]


def test_a_diverged_network_has_no_bounds(run):
    row = row_of(run, np.full((3, 3), np.nan))
    assert row["diverged"]
    assert not row["unique"]
    assert not row["reached"]
    assert np.isnan([row["contraction_low"], row["contraction_high"]]).all()
