"""Solvers by hand on small cases, on linear maps with known answers, and against the plain rule."""

import dataclasses
import itertools

import pytest
import torch

from jfb.config import choices, gradient_choices, settings
from jfb.engines import reference
from jfb.engines.fused import engine as fused
from jfb.model.deq import DEQ
from jfb.model.solvers import SOLVERS, Picard
from jfb.streams.interface import open_stream


def picard(tolerance=1e-3, max_iterations=1000, size=1, latent_dim=1):
    options = choices.Picard(tolerance=tolerance, max_iterations=max_iterations)
    return Picard(options, size, latent_dim, torch.float64)


def affine(slope, offset):
    """u -> slope u + offset, componentwise."""
    return lambda u, out: torch.add(slope * u, offset, out=out)


def test_keeps_u_and_not_v():
    """T(u) = u/2 + 1 from 0: 0, 1, 1.5, 1.75; the first change below 0.3 is 1.5 -> 1.75."""
    solve = picard(tolerance=0.3)(affine(0.5, torch.tensor(1.0)))
    assert solve.point.item() == 1.5
    assert solve.iterations == 3
    assert solve.residual == 0.25
    assert solve.converged


def test_the_rule_is_strict():
    """The change 0.25 is not below 0.25; the next one, 0.125, is."""
    solve = picard(tolerance=0.25)(affine(0.5, torch.tensor(1.0)))
    assert (solve.point.item(), solve.iterations) == (1.75, 4)


def test_the_largest_component_of_the_whole_batch_decides():
    offset = torch.tensor([[1.0, 0.0], [0.0, 4.0]])
    solve = picard(tolerance=0.3, size=2, latent_dim=2)(affine(0.5, offset))
    # The component with offset 4 changes by 4, 2, 1, 0.5, 0.25.
    assert solve.iterations == 5
    torch.testing.assert_close(solve.point, offset * 1.875, rtol=0, atol=0, check_dtype=False)


def test_the_limit_stops_at_the_last_image():
    """Three applications of T give 1, 1.5, 1.75; the plain loop goes on with the last."""
    solve = picard(tolerance=1e-9, max_iterations=3)(affine(0.5, torch.tensor(1.0)))
    assert (solve.point.item(), solve.iterations, solve.converged) == (1.75, 3, False)
    assert solve.residual == 0.25


@pytest.mark.parametrize("slope", [1.0, 1.05, -1.0])
def test_a_map_without_contraction_does_not_converge(slope):
    solve = picard(max_iterations=200)(affine(slope, torch.tensor(1.0)))
    assert (solve.iterations, solve.converged) == (200, False)


def one_unit(weight, options):
    """y = 0.7 T(u; d) + 0.1 with T = relu(weight u + 2 d + 1) and d from 0 to 1, by JFB."""
    module = DEQ(settings.Network(1, 1), options, gradient_choices.JFB()).double()
    with torch.no_grad():
        values = [weight, 0.5, 2, 0.5, 0.7, 0.1]
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.fill_(value)
    d = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    y = module(d)
    y.square().mean().backward()
    gradients = [parameter.grad.item() for parameter in module.parameters()]
    return d[:, 0], y.detach()[:, 0], gradients


@pytest.mark.parametrize("limit", [1000, 10])
def test_an_even_limit_makes_a_network_of_one_layer(limit):
    """Own weight -1.5: the iterates go from 0 to h = 2 d + 1 and back, and u = 0 is kept.

    The weight has no gradient, and stays where it is; the other layers have one.
    """
    d, y, gradients = one_unit(-1.5, choices.Picard(tolerance=1e-3, max_iterations=limit))
    torch.testing.assert_close(y, 0.7 * (2 * d + 1) + 0.1)
    latent, *others = gradients
    assert latent == 0
    assert all(others)


@pytest.mark.parametrize("limit", [1001, 11])
def test_an_odd_limit_keeps_the_other_point(limit):
    """There u = h, whose image is relu(-0.5 h) = 0: only the output bias has a gradient."""
    _, y, gradients = one_unit(-1.5, choices.Picard(tolerance=1e-3, max_iterations=limit))
    torch.testing.assert_close(y, torch.full_like(y, 0.1))
    *others, bias = gradients
    assert others == [0] * 5
    assert bias != 0


@pytest.mark.parametrize("name", ["anderson", "broyden"])
def test_where_picard_alternates_others_find_the_fixed_point(name):
    """u = h / 2.5, and the weight has a gradient there."""
    options = choices.Solver.all()[name](tolerance=1e-10, max_iterations=20, memory=5)
    d, y, gradients = one_unit(-1.5, options)
    torch.testing.assert_close(y, 0.7 * (2 * d + 1) / 2.5 + 0.1)
    assert all(gradients)


def test_nan_does_not_converge():
    solve = picard(max_iterations=70)(affine(0.5, torch.tensor(float("nan"))))
    assert (solve.iterations, solve.converged) == (70, False)


def plain(transform, shape, tolerance, limit):
    u = torch.zeros(shape, dtype=torch.float64)
    for k in range(limit):
        v = transform(u, torch.empty_like(u))
        if torch.max(torch.abs(u - v)) < tolerance:
            return u, k + 1
        u = v
    return u, limit


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 63, 64, 65, 130, 1000])
def test_checking_in_blocks_changes_nothing(limit):
    """One solver through solves of very different lengths, against the plain rule each time."""
    solver = picard(max_iterations=limit, size=5, latent_dim=3)
    generator = torch.Generator().manual_seed(0)
    for slope in (0.1, 0.95, 0.3, 0.99, 0.0, 0.5, 0.9):
        offset = torch.randn(3, 5, generator=generator, dtype=torch.float64)
        transform = affine(slope, offset)
        point, iterations = plain(transform, (3, 5), 1e-3, limit)
        solve = solver(transform)
        assert solve.iterations == iterations
        assert torch.equal(solve.point, point)


def test_applies_the_map_little_more_often_than_needed():
    counter = itertools.count()

    def transform(u, out):
        next(counter)
        return torch.add(0.8 * u, 1.0, out=out)

    solver = picard()
    iterations = [solver(transform).iterations for _ in range(10)]
    assert next(counter) <= sum(iterations) + 4


def linear(radius, n=64, size=5, seed=0):
    """u -> A u + b with the known fixed point (I - A)^-1 b; A symmetric, eigenvalues in [-r, r]."""
    generator = torch.Generator().manual_seed(seed)
    draw = {"generator": generator, "dtype": torch.float64}
    vectors, _ = torch.linalg.qr(torch.randn(n, n, **draw))
    values = radius * torch.linspace(-1, 1, n, dtype=torch.float64)
    matrix = vectors * values @ vectors.T
    offset = torch.randn(n, size, **draw)

    def transform(u, out):
        assert not u.isnan().any()
        return torch.mm(matrix, u, out=out).add_(offset)

    return transform, torch.linalg.solve(torch.eye(n, dtype=torch.float64) - matrix, offset)


def counted(transform):
    """The map, and how often it was applied."""
    calls = itertools.count()

    def wrapped(u, out):
        next(calls)
        return transform(u, out)

    return wrapped, calls


OPTIONS = {
    "picard": choices.Picard(tolerance=1e-8, max_iterations=3000),
    "anderson": choices.Anderson(tolerance=1e-8, max_iterations=3000, memory=5),
    "broyden": choices.Broyden(tolerance=1e-8, max_iterations=3000, memory=10),
}
RADII = [0.1, 0.5, 0.9, 0.95, 0.97, 0.99]


def solved(name, transform, size=5, n=64, dtype=torch.float64, **changes):
    options = dataclasses.replace(OPTIONS[name], **changes)
    return SOLVERS[name](options, size, n, dtype)(transform)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("radius", RADII)
def test_the_fixed_point_of_a_linear_map_is_found(name, radius):
    transform, expected = linear(radius)
    wrapped, calls = counted(transform)
    solve = solved(name, wrapped)
    applied = next(calls)
    assert solve.converged
    assert solve.residual < 1e-8
    # |u - u*| <= |u - T(u)| / (1 - r), in the 2-norm.
    assert (solve.point - expected).norm() <= 1e-8 * (64 * 5) ** 0.5 / (1 - radius)
    residual = (transform(solve.point, torch.empty_like(expected)) - solve.point).abs().max()
    assert residual.item() == pytest.approx(solve.residual, rel=1e-3)
    # Picard checks several iterations at a time.
    assert solve.iterations <= applied <= solve.iterations + (63 if name == "picard" else 0)


@pytest.mark.parametrize("name", ["anderson", "broyden"])
@pytest.mark.parametrize("radius", RADII[-3:])
def test_acceleration_takes_fewer_iterations(name, radius):
    fast, plain_ = (solved(solver, linear(radius)[0]).iterations for solver in (name, "picard"))
    assert fast < plain_ / 2


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("limit", [1, 2, 50, 400])
def test_a_radius_above_1_is_reported(name, limit):
    """Eigenvalues on both sides of 1: neither the map nor a short memory leads to the point."""
    wrapped, calls = counted(linear(1.05)[0])
    solve = solved(name, wrapped, max_iterations=limit)
    assert not solve.converged
    assert solve.iterations <= limit
    assert next(calls) <= limit
    assert solve.point.isfinite().all()
    assert solve.residual >= 1e-8


@pytest.mark.parametrize("name", ["anderson", "broyden"])
def test_a_fixed_point_that_repels_can_be_found(name):
    """In one dimension the secant of u -> 1.05 u + 1 leads to u* = -20, where picard overflows."""
    solve = solved(name, affine(1.05, torch.tensor(1.0)), 1, 1)
    assert solve.converged
    assert solve.point.item() == pytest.approx(-20, abs=1e-6)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_map_without_a_fixed_point_is_reported(name):
    """u -> u + 1 has none."""
    solve = solved(name, lambda u, out: torch.add(u, 1.0, out=out), max_iterations=100)
    assert not solve.converged
    assert solve.residual == 1


@pytest.mark.parametrize("name", ["anderson", "broyden"])
def test_an_overflow_is_reported_with_the_best_point(name):
    """u -> u^2 + 10 grows without end."""
    solve = solved(name, lambda u, out: torch.mul(u, u, out=out).add_(10), max_iterations=200)
    assert not solve.converged
    assert solve.point.isfinite().all()
    assert solve.residual < float("inf")


@pytest.mark.parametrize("name", ["anderson", "broyden"])
def test_the_limit_stops_at_the_point_of_the_smallest_residual(name):
    """It is 1 at u = 0 and 11 anywhere else."""
    away = solved(name, lambda u, out: torch.add(u, 1 + 10.0 * (u != 0), out=out), max_iterations=4)
    assert (away.iterations, away.converged) == (4, False)
    assert (away.point == 0).all()
    assert away.residual == 1


@pytest.mark.parametrize("name", ["anderson", "broyden"])
def test_a_map_that_is_not_finite_is_reported_at_once(name):
    nan = torch.tensor(float("nan"))
    solve = solved(name, lambda u, out: torch.add(u, nan, out=out))
    assert (solve.iterations, solve.converged) == (1, False)


def test_anderson_by_hand():
    """T(u) = u/2 + 1: u = 0, then T(0) = 1 with f = 1 and 1/2, and the secant hits u* = 2."""
    found = []

    def transform(u, out):
        found.append(u.item())
        return torch.add(0.5 * u, 1.0, out=out)

    solve = solved("anderson", transform, 1, 1)
    assert found == pytest.approx([0, 1, 2], abs=1e-12)
    assert solve.iterations == 3


def test_broyden_by_hand():
    """The same map: the first step is T(0) = 1, and the secant of g = 1 - u/2 hits u* = 2."""
    found = []

    def transform(u, out):
        found.append(u.item())
        return torch.add(0.5 * u, 1.0, out=out)

    solve = solved("broyden", transform, 1, 1)
    assert found == pytest.approx([0, 1, 2], abs=1e-12)
    assert solve.iterations == 3


@pytest.mark.parametrize("name", OPTIONS)
def test_points_of_a_batch_do_not_touch_each_other(name):
    """With iterations given, each column is what it would be alone."""
    transform, _ = linear(0.9)
    limit = 12
    together = solved(name, transform, max_iterations=limit)
    for k in range(5):
        offset = transform(torch.zeros(64, 5, dtype=torch.float64), torch.empty(64, 5).double())

        def alone(u, out, k=k, offset=offset):
            wide = torch.zeros(64, 5, dtype=torch.float64)
            wide[:, k : k + 1] = u
            return out.copy_(transform(wide, torch.empty_like(offset))[:, k : k + 1])

        one = solved(name, alone, size=1, max_iterations=limit)
        torch.testing.assert_close(one.point, together.point[:, k : k + 1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["anderson", "broyden"])
@pytest.mark.parametrize("n", [1, 3])
def test_a_network_is_solved_in_float32(name, n):
    """relu networks of the report's size, against Picard to a smaller tolerance."""
    generator = torch.Generator().manual_seed(n)
    solver = SOLVERS[name](
        choices.Solver.all()[name](tolerance=1e-5, max_iterations=200, memory=5), 100, n
    )
    exact = Picard(choices.Picard(tolerance=1e-12, max_iterations=5000), 100, n, torch.float64)
    for _ in range(20):
        weight = torch.randn(n, n, generator=generator)
        weight *= 0.95 / torch.linalg.matrix_norm(weight, 2)
        offset = torch.randn(n, 100, generator=generator)

        def transform(u, out, weight=weight, offset=offset):
            return out.copy_((weight.to(u.dtype) @ u + offset).relu())

        solve = solver(transform)
        assert solve.converged
        # 1e-5 sqrt(n) / (1 - 0.95)
        assert (solve.point - exact(transform).point).abs().max() <= 20 * n**0.5 * 1e-5


def test_the_explicit_network_applies_the_map_a_given_number_of_times():
    wrapped, calls = counted(affine(0.5, torch.tensor(1.0)))
    solve = SOLVERS["explicit"](choices.Explicit(applications=4), 1, 1, torch.float64)(wrapped)
    # States 0, 1, 1.5, 1.75, 1.875; the last application is that of the readout.
    assert (solve.point.item(), solve.iterations, solve.converged) == (1.75, 4, True)
    assert solve.residual == 0.125
    assert next(calls) == 4


def test_picard_finds_the_same_point_from_any_start():
    """A map with slope 0.8 at most, which is not linear: 1e-10 / (1 - 0.8) from the point."""
    generator = torch.Generator().manual_seed(0)
    draw = {"generator": generator, "dtype": torch.float64}
    weight = torch.randn(4, 4, **draw)
    weight *= 0.8 / torch.linalg.matrix_norm(weight, 2)
    offset = torch.randn(4, 30, **draw)

    def transform(u, out):
        return torch.mm(weight, u, out=out).add_(offset).tanh_()

    solver = picard(tolerance=1e-10, size=30, latent_dim=4)
    expected = solver(transform).point.clone()
    assert expected.abs().max() > 0.1
    for scale in (1e-3, 1, 100, 1e6):
        start = scale * torch.randn(4, 30, **draw)
        kept = start.clone()
        solve = solver(transform, start)
        assert solve.converged
        assert (solve.point - expected).norm() <= 2 * 1e-10 * (4 * 30) ** 0.5 / (1 - 0.8)
        assert torch.equal(start, kept)


def test_from_the_fixed_point_picard_takes_one_iteration():
    transform, expected = linear(0.9)
    solver = picard(tolerance=1e-10, size=5, latent_dim=64)
    assert solver(transform).iterations > 50
    solve = solver(transform, expected)
    assert (solve.iterations, solve.converged) == (1, True)
    assert torch.equal(solve.point, expected)
    # What it found last is no start.
    assert solver(transform).iterations > 50


def test_a_limit_of_one_applies_the_map_once_to_the_start():
    """T(u) = u/2 + 1: from 5 it is 3.5; 2.1 is within 0.06 of 2.05, and stays."""
    solver = picard(tolerance=0.06, max_iterations=1)
    transform = affine(0.5, torch.tensor(1.0))
    far = solver(transform, torch.tensor([[5.0]], dtype=torch.float64))
    assert (far.point.item(), far.iterations, far.residual, far.converged) == (3.5, 1, 1.5, False)
    near = solver(transform, torch.tensor([[2.1]], dtype=torch.float64))
    assert (near.point.item(), near.iterations, near.converged) == (2.1, 1, True)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 64, 65, 1000])
def test_checking_in_blocks_changes_nothing_from_another_start(limit):
    """From u = s, T is from 0 what u -> T(u + s) - s is."""
    solver, shifted = (picard(max_iterations=limit, size=5, latent_dim=3) for _ in range(2))
    generator = torch.Generator().manual_seed(0)
    for slope in (0.1, 0.95, 0.3, 0.99, 0.0, 0.5, 0.9):
        offset, start = torch.randn(2, 3, 5, generator=generator, dtype=torch.float64)
        solve = solver(affine(slope, offset), start)
        expected = shifted(affine(slope, offset + (slope - 1) * start))
        assert (solve.iterations, solve.converged) == (expected.iterations, expected.converged)
        torch.testing.assert_close(solve.point, expected.point + start)


@pytest.mark.parametrize("engine", [reference, fused])
@pytest.mark.parametrize("batch_size", [2400, 64])
def test_runs_that_remember_differ_from_the_second_epoch_on(batch_size, engine, project, data):
    """A sample's first search starts from 0; the next ones from near where they end."""
    run = dataclasses.replace(project.studies["seeds"].runs[batch_size, 0], epochs=2)
    logs = [
        engine.train(chosen, open_stream(chosen), *data, lambda row: None).log
        for chosen in (
            dataclasses.replace(run, solver=dataclasses.replace(run.solver, start=start))
            for start in ("zero", "previous")
        )
    ]
    for column in logs[0].keys() - {"train_seconds"}:
        assert logs[0][column][0] == logs[1][column][0]
    assert logs[0]["train_loss"][1] != logs[1]["train_loss"][1]
    zero, previous = (log["iterations_mean"][1] for log in logs)
    assert previous < zero - 1
