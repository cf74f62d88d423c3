"""What is measured of classifiers that are affine before a relu: bounds, Hessians, impurity."""

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional

from jfb.config import choices, settings
from jfb.measure import (
    class_sharpness,
    gram,
    impurity,
    rescaling,
    sensitivity,
    stability,
    wellposed,
)
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.class_sharpness import LEVEL
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots

M, N, K = 5, 4, 3
NETWORK = settings.Network(M, N, outputs=K)
RNG = np.random.default_rng(5)
INPUTS = RNG.uniform(0, 1, (60, M)).astype(np.float32)
CLASSES = (INPUTS @ RNG.normal(size=(M, K))).argmax(axis=1).astype(np.float32)
PART = Part(INPUTS, CLASSES)


def drawn(seed, network=NETWORK, norm=0.8):
    """Parameters whose latent weight has an infinity norm; float64."""
    rng = np.random.default_rng(seed)
    flat = rng.normal(size=layout.size(network))
    weight = layout.views(flat, network)["latent.weight"]
    weight *= norm / np.abs(weight).sum(axis=1).max()
    return flat


def iterated(flat, inputs):
    """Scores (size, k) of the plain iteration, a torch function of float64 parameters."""
    layers = layout.views(flat, NETWORK)
    bias = layers["injection.bias"] + layers["latent.bias"]
    injected = torch.as_tensor(inputs).double() @ layers["injection.weight"].T + bias
    u = torch.zeros(len(inputs), N, dtype=torch.float64)
    for _ in range(300):
        u = torch.relu(u @ layers["latent.weight"].T + injected)
    return u @ layers["output.weight"].T + layers["output.bias"]


def loss_of(flat, part=PART):
    target = torch.from_numpy(part.target).long()
    return functional.cross_entropy(iterated(flat, part.inputs), target)


def run_of(project, **changes):
    run = project.studies["seeds"].runs[600, 0]
    told = {"network": NETWORK, "loss": "cross_entropy", "epochs": 1, "snapshots": 1} | changes
    return dataclasses.replace(run, **told)


def snapshots(*flats):
    return Snapshots(np.arange(len(flats)), np.array(flats, np.float32))


def test_a_bound_by_hand():
    """One unit: |y - y'| <= |c| / (1 - |w|) |v| |d - d'|."""
    found = wellposed.sensitivity(np.array([[-2.0]]), np.array([[-0.5]]), np.array([[3.0, -1.0]]))
    np.testing.assert_allclose(found, [[12.0, 4.0]])
    with pytest.raises(ValueError, match="Perron-Frobenius"):
        wellposed.sensitivity(np.array([[1.0]]), np.array([[-1.0]]), np.array([[1.0]]))


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_is_over_a_thousand_pairs(seed):
    flat = drawn(seed)
    layers = layout.views(flat, NETWORK)
    bound = wellposed.sensitivity(
        layers["output.weight"], layers["latent.weight"], layers["injection.weight"]
    )
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(2, 1000, M))
    ours, theirs = (iterated(torch.from_numpy(flat), d).numpy() for d in (one, other))
    assert (np.abs(ours - theirs) <= np.abs(one - other) @ bound.T * (1 + 1e-9)).all()


def test_gradients_of_scores_are_finite_differences():
    network = sensitivity.Affine(drawn(1), NETWORK)
    d = INPUTS[:10].astype(float)
    found = network.gradients(network.points(d))
    for j in range(M):
        step = 1e-6 * np.eye(M)[j]
        ends = [network.scores(network.points(d + sign * step)) for sign in (1, -1)]
        np.testing.assert_allclose(found[:, :, j], (ends[0] - ends[1]) / 2e-6, atol=1e-6)


def test_changes_and_radii_of_a_run(project):
    (row,) = sensitivity.along(run_of(project), snapshots(drawn(0), drawn(1)), PART, PART)
    assert row.bounded
    assert row.level == "none"
    scores = iterated(torch.from_numpy(drawn(1).astype(np.float32).astype(float)), INPUTS)
    right = scores.argmax(dim=1).numpy() == CLASSES
    assert row.accuracy == right.mean()
    assert 0 < row.pair_mean < row.pair_largest <= 1
    assert 0 < row.attack_mean < row.attack_largest <= 1
    assert 0 < row.certified < row.attacked


def test_the_certified_radius_is_safe_and_the_attacked_one_is_not(project):
    """One sample, so that medians are its own: every corner of the certified cube is tried."""
    flat = drawn(1).astype(np.float32).astype(float)
    scores = iterated(torch.from_numpy(flat), INPUTS).argmax(dim=1).numpy()
    one = Part(INPUTS[:1], scores[:1].astype(np.float32))
    (row,) = sensitivity.along(run_of(project), snapshots(flat, flat), one, one)
    corners = np.array(np.meshgrid(*[[-1, 1]] * M)).reshape(M, -1).T
    inside = iterated(torch.from_numpy(flat), one.inputs + row.certified * (1 - 1e-9) * corners)
    assert (inside.argmax(dim=1).numpy() == one.target[0]).all()
    at = iterated(torch.from_numpy(flat), one.inputs + row.attacked * corners)
    assert (at.argmax(dim=1).numpy() != one.target[0]).any()
    assert row.certified > 0
    assert row.attacked < sensitivity.RADII[-1]


def test_without_a_bound_there_are_no_ratios(project):
    (row,) = sensitivity.along(
        run_of(project), snapshots(drawn(0, norm=3.0), drawn(0, norm=3.0)), PART, PART
    )
    assert not row.bounded
    assert np.isnan([row.pair_largest, row.certified, row.attacked]).all()
    broken = np.full(layout.size(NETWORK), np.nan)
    (row,) = sensitivity.along(run_of(project), snapshots(broken, broken), PART, PART)
    assert (row.bounded, row.accuracy) == (False, 0)


def test_radii_of_one_unit_by_hand(project):
    """Scores 2 d and 1, d = 0.9: they meet at d = 0.5; |W| = 0.5 halves what is certified."""
    network = settings.Network(1, 1, outputs=2)
    flat = np.zeros(layout.size(network))
    layers = layout.views(flat, network)
    # u = -0.5 u + 1.5 d, that is u = d.
    layers["latent.weight"][...], layers["injection.weight"][...] = -0.5, 1.5
    layers["output.weight"][0], layers["output.bias"][1] = 2.0, 1.0
    one = Part(np.float32([[0.9]]), np.float32([0]))
    run = dataclasses.replace(run_of(project), network=network)
    (row,) = sensitivity.along(run, snapshots(flat, flat), one, one)
    # A lead of 0.8 over 2 (1 - 0.5)^-1 1.5.
    assert row.certified == pytest.approx(0.8 / 6, rel=1e-5)
    assert row.attacked == min(r for r in sensitivity.RADII if r > 0.4)
    # All changes are 2 |d - d'|, their bound 6 |d - d'|; the other score stays.
    assert (row.pair_largest, row.attack_mean) == pytest.approx((1 / 3, 1 / 3))


def test_a_sample_without_a_fixed_point_is_wrong(project):
    """u = relu(-2 u + ...) has one; u = relu(2 u + q) none for q > 0, and no bound either."""
    network = settings.Network(1, 1, outputs=2)
    flat = np.zeros(layout.size(network))
    layers = layout.views(flat, network)
    layers["latent.weight"][...], layers["injection.weight"][...] = 2.0, 1.0
    layers["output.bias"][0] = 1.0
    two = Part(np.float32([[1.0], [-1.0]]), np.float32([0, 0]))
    run = dataclasses.replace(run_of(project), network=network)
    (row,) = sensitivity.along(run, snapshots(flat, flat), two, two)
    assert (row.bounded, row.perron_frobenius) == (False, 2)
    scores = np.array([[np.nan, 0.0], [1.0, 0.0]])
    assert sensitivity.right(scores, np.array([0, 0])).tolist() == [False, True]
    assert row.accuracy < 1
    (last,) = class_sharpness.along(run, snapshots(flat), two, two)
    assert np.isnan([last.loss, last.val_accuracy, last.largest]).all()


def test_the_hessian_is_that_of_the_iterated_network():
    """By PyTorch's Hessian of the loss through 300 iterations: a second."""
    flat = drawn(2)
    found = class_sharpness.hessian(flat, NETWORK, PART)
    expected = torch.autograd.functional.hessian(loss_of, torch.from_numpy(flat), vectorize=True)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-9)
    assert class_sharpness.cross_entropy(flat, NETWORK, PART) == pytest.approx(
        loss_of(torch.from_numpy(flat)).item(), rel=1e-12
    )


def test_sharpness_of_classifiers_survives_a_rescaling():
    flat = drawn(3)
    factors = np.exp(rescaling.exponents(NETWORK) @ np.log([3.0, 0.3, 1.7, 0.8]))
    other = flat * factors
    inputs = [iterated(torch.from_numpy(p), INPUTS).numpy() for p in (flat, other)]
    np.testing.assert_allclose(*inputs, rtol=1e-9, atol=1e-12)
    before, after = (class_sharpness.hessian(p, NETWORK, PART) for p in (flat, other))
    assert rescaling.largest(after)[0] > 1.5 * rescaling.largest(before)[0]
    assert class_sharpness.relative(after, other) == pytest.approx(
        class_sharpness.relative(before, flat), rel=1e-9
    )
    ours, theirs = (rescaling.least_largest_eigenvalue(h, NETWORK) for h in (before, after))
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert ours < rescaling.largest(before)[0]


def test_lanczos_finds_what_a_decomposition_does(monkeypatch):
    matrix = np.random.default_rng(0).normal(size=(250, 250))
    matrix = matrix @ matrix.T
    value, vector = rescaling.largest(matrix)
    assert value == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-8)
    np.testing.assert_allclose(matrix @ vector, value * vector, rtol=1e-5, atol=1e-4)
    hessian = class_sharpness.hessian(drawn(4), NETWORK, PART)
    dense = rescaling.least_largest_eigenvalue(hessian, NETWORK)
    monkeypatch.setattr(rescaling, "DENSE", 0)
    assert rescaling.least_largest_eigenvalue(hessian, NETWORK) == pytest.approx(dense, rel=1e-5)


def test_the_snapshots_around_the_level_are_measured(project):
    """Parameters that fit the classes, approached in steps."""
    flat = torch.from_numpy(drawn(6)).requires_grad_()
    optimiser = torch.optim.Adam([flat], lr=0.1)
    kept = [flat.detach().numpy().copy()]
    for step in range(1, 121):
        optimiser.zero_grad()
        loss_of(flat).backward()
        optimiser.step()
        if step % 15 == 0:
            kept.append(flat.detach().numpy().copy())
    losses = [loss_of(torch.from_numpy(p)).item() for p in kept]
    first = int(np.argmax(np.array(losses) <= LEVEL))
    assert first > 0
    run = run_of(project, epochs=8, snapshots=8)
    before, after = class_sharpness.along(run, snapshots(*kept), PART, PART)
    assert [before.epoch, after.epoch] == [first - 1, first]
    # 300 iterations of a map that training has made slow.
    assert after.loss == pytest.approx(losses[first], rel=1e-2)
    assert before.loss > LEVEL >= after.loss
    (only,) = class_sharpness.along(run, snapshots(kept[0]), PART, PART)
    assert only.loss > LEVEL


def test_impurity_of_a_run(project):
    """A network without weights has equal probabilities: by hand."""
    even = np.zeros(layout.size(NETWORK))
    first, second = impurity.along(run_of(project), snapshots(even, drawn(1)), PART, PART)
    assert first.impurity == pytest.approx(1 - 1 / K)
    assert first.loss == pytest.approx(np.log(K))
    # Only the biases of the scores have derivatives, 1 each; p is 1/3 for each class.
    assert first.jacobian == pytest.approx(K)
    assert first.trace == pytest.approx(1 - 1 / K)
    assert second.converged
    assert second.epoch == 1
    scores = iterated(torch.from_numpy(drawn(1).astype(np.float32).astype(float)), INPUTS)
    p = scores.softmax(dim=1)
    assert second.impurity == pytest.approx(1 - p.square().sum(dim=1).mean().item(), rel=1e-6)
    assert second.val_accuracy == (scores.argmax(dim=1).numpy() == CLASSES).mean()


def test_runs_that_diverged_are_told(project):
    """No snapshot is kept after a run diverges: what is missing is not what it ends with."""
    run = run_of(project, epochs=2, snapshots=2)
    first, second, lost = impurity.along(run, snapshots(drawn(0), drawn(1)), PART, PART)
    assert (first.converged, second.converged, lost.converged) == (True, True, False)
    assert (lost.epoch, np.isnan(lost.trace)) == (2, True)
    (row,) = sensitivity.along(run, snapshots(drawn(0), drawn(1)), PART, PART)
    assert (row.bounded, row.accuracy) == (False, 0)


def test_a_search_at_the_end_of_a_run(project):
    """dT/du of a network whose units are all active is its weight, whatever the input."""
    flat = drawn(1)
    layers = layout.views(flat, NETWORK)
    layers["latent.bias"][...] = 20.0
    weight = layers["latent.weight"].astype(np.float32).astype(float)
    solver = choices.Picard(tolerance=1e-6, max_iterations=200)
    run = run_of(project, solver=solver)
    (row,) = stability.along(run, snapshots(drawn(0), flat), PART, PART)
    assert row.converged
    assert row.norm == pytest.approx(np.sqrt(np.square(weight).sum() / N), rel=1e-9)
    assert row.radius == pytest.approx(np.abs(np.linalg.eigvals(weight)).max(), rel=1e-9)
    u, before = np.zeros((len(INPUTS), N)), np.inf
    iterations = 0
    while np.abs(u - before).max() >= 1e-6:
        before = u
        injected = INPUTS @ layers["injection.weight"].T + layers["injection.bias"] + 20.0
        u = np.maximum(0, u @ layers["latent.weight"].T + injected)
        iterations += 1
    assert abs(row.iterations - iterations) <= 1
    (row,) = stability.along(
        run_of(project, solver=choices.Picard(tolerance=1e-6, max_iterations=3)),
        snapshots(flat),
        PART,
        PART,
    )
    assert (row.iterations, row.converged) == (3, False)


def test_eigenvalues_of_the_fixed_points(project):
    points = np.random.default_rng(0).normal(size=(3, 6))
    values = np.linalg.eigvalsh(points @ points.T)
    assert gram.ends(points) == pytest.approx((values[0], values[-1]))
    smallest, largest = gram.ends(points.T)
    assert smallest == 0
    assert largest == pytest.approx(values[-1])
    assert np.isnan(gram.ends(np.full((2, 2), np.nan))).all()
    flat = drawn(1)
    few = Part(INPUTS[:2], CLASSES[:2])
    (row,) = gram.along(run_of(project), snapshots(flat, drawn(2)), few, PART)
    expected = fixed_points.find(flat.astype(np.float32), NETWORK, few.inputs).point
    assert (row.smallest, row.largest) == gram.ends(expected)
    assert (row.latent_dim, row.samples) == (N, 2)
