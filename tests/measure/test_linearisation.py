"""What is linear at fixed points, against dense matrices and derivatives of the unrolled loss."""

import dataclasses
import functools

import numpy as np
import pytest
import torch
from torch.nn import functional

from jfb.config import datasets, network_choices, settings
from jfb.measure import linearisation
from jfb.measure.linearisation import Linearised
from jfb.model.autograd.networks import open_cell
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots

RNG = np.random.default_rng(0)
PART = Part(RNG.normal(size=(12, 3)).astype(np.float32), RNG.normal(size=12).astype(np.float32))
APPLICATIONS = 300


def case(run, network, part=PART, loss="mse", scale=0.4):
    """A network at random parameters whose map contracts, and these."""
    run = dataclasses.replace(run, network=network, loss=loss, engine="autograd")
    linearised = Linearised(open_cell(run.network, run.seed), run, part)
    size = sum(p.numel() for p in linearised.cell.parameters())
    flat = scale * np.random.default_rng(1).normal(size=size)
    linearised.move(flat)
    return run, linearised, flat


def unrolled(linearised, part, flat, loss):
    """The loss after many applications of T, as a function of the flat parameters."""
    cell = linearised.cell
    names = [name for name, _ in cell.named_parameters()]
    shapes = [p.shape for p in cell.parameters()]
    d = torch.from_numpy(part.inputs).double()
    target = torch.from_numpy(part.target)
    target = target.long() if loss == "cross_entropy" else target.double()

    def of(theta):
        parts = theta.split([shape.numel() for shape in shapes])
        own = {n: p.view(s) for n, p, s in zip(names, parts, shapes, strict=True)}

        def call(method, *arguments):
            return torch.func.functional_call(
                _Calling(cell, method), {f"cell.{n}": v for n, v in own.items()}, arguments
            )

        q = call("inject", d)
        u = torch.zeros(len(d), *cell.latent_shape, dtype=torch.float64)
        for _ in range(APPLICATIONS):
            u = call("forward", u, q)
        y = call("read_out", u)
        if loss == "cross_entropy":
            return functional.cross_entropy(y, target)
        return (y[:, 0] - target).square().mean()

    return of, torch.from_numpy(flat)


class _Calling(torch.nn.Module):
    def __init__(self, cell, method):
        super().__init__()
        self.cell, self._method = cell, method

    def forward(self, *arguments):
        return getattr(self.cell, self._method)(*arguments)


NETWORKS = {
    "report": settings.Network(3, 4, "tanh"),
    "mlp": settings.Network(3, 4, "tanh", network_choices.MLP(depth=2)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_and_curvature_are_those_of_the_unrolled_loss(name, replay):
    _, linearised, flat = case(replay[32], NETWORKS[name])
    loss, theta = unrolled(linearised, PART, flat, "mse")
    gradient = torch.autograd.functional.jacobian(loss, theta).numpy()
    found = linearised.gradient(linearisation._EXACT)
    np.testing.assert_allclose(found, gradient, rtol=1e-5, atol=1e-8)
    assert linearised.loss == pytest.approx(loss(theta).item(), rel=1e-8)
    hessian = torch.autograd.functional.hessian(loss, theta).numpy()
    largest = np.linalg.eigvalsh(hessian)[-1]
    assert linearised.curvature(flat) == pytest.approx(largest, rel=0.02)
    # From where they were, the search for fixed points starts at 0 again.
    linearised.move(flat)
    np.testing.assert_array_equal(linearised.gradient(linearisation._EXACT), found)


def test_the_radius_is_the_largest_eigenvalue_of_each_samples_jacobian(replay):
    _, linearised, _ = case(replay[32], NETWORKS["report"], scale=0.6)
    linearised.gradient(linearisation._JFB)
    u, cell = linearised.deq.point, linearised.cell
    with torch.no_grad():
        a = cell(u, cell.inject(torch.from_numpy(PART.inputs).double()))
    weight = cell.latent.weight.detach().numpy()
    expected = [
        np.abs(np.linalg.eigvals((1 - row**2)[:, None] * weight)).max() for row in a.numpy()
    ]
    np.testing.assert_allclose(linearised.radii(), expected, rtol=0.05)


def test_where_samples_are_coupled_there_is_one_radius(replay):
    network = settings.Network(3, 4, "tanh", network_choices.MLP(depth=1, normalisation="batch"))
    _, linearised, _ = case(replay[32], network, scale=0.15)
    linearised.gradient(linearisation._JFB)
    cell = linearised.cell
    injected = cell.inject(torch.from_numpy(PART.inputs).double()).detach()
    whole = torch.autograd.functional.jacobian(
        lambda u: cell(u, injected), linearised.deq.point
    ).reshape(48, 48)
    expected = np.abs(np.linalg.eigvals(whole.numpy())).max()
    assert linearised.radii() == pytest.approx([expected], rel=0.05)


def test_rows_of_runs_have_the_cosine_and_the_curvature_at_the_end(replay):
    network = NETWORKS["mlp"]
    run, linearised, flat = case(replay[32], network)
    kept = Snapshots(np.array([0, 3]), np.stack([flat * 0.5, flat]).astype(np.float32))
    told = []
    table = linearisation.of_runs([(run, kept)], PART, told.append).to_pandas()
    assert told == [1]
    assert table["epoch"].tolist() == [0, 3]
    assert table["updates"].tolist() == [0, 3 * 75]
    linearised.move(kept.parameters[1])
    jfb, exact = (linearised.gradient(k) for k in (linearisation._JFB, linearisation._EXACT))
    cosine = jfb @ exact / np.linalg.norm(jfb) / np.linalg.norm(exact)
    assert table["cosine"][1] == pytest.approx(cosine)
    assert 0 < table["cosine"][1] < 1
    assert table["norm_ratio"][1] == pytest.approx(np.linalg.norm(jfb) / np.linalg.norm(exact))
    assert table["curvature"].isna().tolist() == [True, False]
    assert (table["radius"] >= table["radius_mean"]).all()
    assert table["converged"].all()


def test_a_map_without_a_fixed_point_that_is_found_has_no_numbers(replay, monkeypatch):
    short = dataclasses.replace(linearisation._SOLVER, max_iterations=2)
    monkeypatch.setattr(linearisation, "_SOLVER", short)
    run, _, flat = case(replay[32], NETWORKS["report"])
    kept = Snapshots(np.array([0]), flat[None].astype(np.float32))
    (row,) = linearisation.of_runs([(run, kept)], PART, lambda _: None).to_pylist()
    assert not row["converged"]
    assert all(np.isnan(row[name]) for name in ("cosine", "norm_ratio", "radius", "curvature"))


def of_pictures(replay, scale):
    cell = network_choices.FPN(channels=2, blocks=1, gamma=0.4, normalisation="layer", pool=3)
    network = settings.Network(64, 8, "relu", cell, 10, (1, 8, 8))
    rng = np.random.default_rng(5)
    part = Part(rng.uniform(size=(6, 64)).astype(np.float32), np.arange(6, dtype=np.float32))
    run = dataclasses.replace(replay[32], dataset=datasets.Digits(0.5, 1))
    _, linearised, flat = case(run, network, part, "cross_entropy", scale)
    return network, linearised, flat


def _of_one(cell, injected, u):
    return cell(u, injected)


def test_a_convolutional_map_has_the_radius_of_its_dense_jacobian(replay):
    _, linearised, _ = of_pictures(replay, scale=0.5)
    linearised.gradient(linearisation._JFB)
    assert linearised.deq.solve.converged
    cell, u = linearised.cell, linearised.deq.point
    injected = cell.inject(linearised._d).detach()
    expected = []
    for point, q in zip(u.split(1), injected.split(1), strict=True):
        dense = torch.autograd.functional.jacobian(functools.partial(_of_one, cell, q), point)
        eigenvalues = np.linalg.eigvals(dense.reshape(point.numel(), -1).numpy())
        expected.append(np.abs(eigenvalues).max())
    np.testing.assert_allclose(linearised.radii(), expected, rtol=0.05)


def test_the_curvature_of_a_network_with_kinks_hardly_depends_on_the_step(replay, monkeypatch):
    """Differences of the gradient also sum its jumps where activations change."""
    _, linearised, flat = of_pictures(replay, scale=0.3)
    found = []
    for factor in (0.25, 1, 4):
        monkeypatch.setattr(linearisation, "STEP", factor * 1e-4)
        linearised.move(flat)
        found.append(linearised.curvature(flat))
    assert found[0] > 0
    np.testing.assert_allclose(found, found[0], rtol=0.03)


def test_a_gradient_of_jfb_that_is_not_found_is_no_agreement(replay, monkeypatch):
    """Its search ends at the limit, and the next one goes on from there and converges."""
    run, _, flat = case(replay[32], NETWORKS["report"])
    kept = Snapshots(np.array([0]), flat[None].astype(np.float32))
    gradient = Linearised.gradient

    def failing(self, kind):
        found = gradient(self, kind)
        return np.full_like(found, np.nan) if kind.name == "jfb" else found

    monkeypatch.setattr(Linearised, "gradient", failing)
    (row,) = linearisation.of_runs([(run, kept)], PART, lambda _: None).to_pylist()
    assert not row["converged"]
    assert np.isnan(row["cosine"])


def test_classes_of_pictures_are_measured_too(replay):
    network, linearised, flat = of_pictures(replay, scale=0.1)
    shapes = linearisation.shapes(network)
    assert sum(np.prod(shape) for shape in shapes.values()) == flat.size
    jfb, exact = (linearised.gradient(k) for k in (linearisation._JFB, linearisation._EXACT))
    assert linearised.converged
    assert 0 < jfb @ exact / np.linalg.norm(jfb) / np.linalg.norm(exact) <= 1
