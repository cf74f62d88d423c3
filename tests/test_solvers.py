"""Picard's iteration, by hand on small cases and against the plain rule."""

import itertools

import pytest
import torch

from jfb import settings
from jfb.solvers import Picard


def picard(tolerance=1e-3, max_iterations=1000, size=1, latent_dim=1):
    options = settings.Solver("picard", tolerance, max_iterations)
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
