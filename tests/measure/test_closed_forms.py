"""The least losses of simple functions, and the pieces of a network along a line.

A search for two kinks takes a second, one for four several: all choices of a grid are tried.
"""

import itertools

import numpy as np
import pytest
from scipy.optimize import least_squares

from jfb.config import settings
from jfb.measure import closed_forms, lines
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.dataset import Part

NETWORK = settings.Network(input_dim=3, latent_dim=3)


def curve(size):
    x = np.linspace(0, 10, size)
    return x, np.tanh(x) + x / (1 + x * x)


def evaluated(form, x, numbers):
    """Functions of each form, written out: values and slopes first, then the kinks."""
    match form:
        case "line with a flat side":
            a, b, k = numbers
            return a + b * np.where(x < k, x - k, 0)
        case "one kink, slope on both sides":
            a, b, c, k = numbers
            return a + np.where(x < k, b, c) * (x - k)
        case "two kinks":
            a, b, c, d, k, m = numbers
            at_m = a + c * (m - k)
            middle = np.where(x < m, a + c * (x - k), at_m + d * (x - m))
            return np.where(x < k, a + b * (x - k), middle)
        case "three kinks" | "four kinks":
            # Values at the ends and the kinks, then the kinks.
            kinks = numbers[1 + len(numbers) // 2 :]
            return np.interp(x, [x[0], *kinks, x[-1]], numbers[: len(kinks) + 2])


STARTS = {
    "line with a flat side": [[1, 0.5, k] for k in (0.5, 1, 2, 4)],
    "one kink, slope on both sides": [[1, 0.5, 0, k] for k in (0.5, 1, 2, 4)],
    "two kinks": [
        [1, 0.5, 0.1, 0, *k] for k in itertools.combinations((0.3, 0.6, 1, 1.5, 2, 4, 6), 2)
    ],
    **{
        form: [
            [*np.interp((0, *k, 10), *curve(300)), *k]
            for k in itertools.combinations(places, kinks)
        ]
        for form, kinks, places in (
            ("three kinks", 3, (0.3, 0.6, 1, 1.5, 2, 4, 6)),
            ("four kinks", 4, (0.3, 0.45, 0.9, 1.5, 3, 5)),
        )
    },
}


@pytest.mark.parametrize("form", STARTS)
def test_kinks_are_those_of_nonlinear_least_squares(form):
    """scipy's, over all numbers at once, from several starts, finds nothing lower.

    It stops up to a thousandth above where a kink passes a point, which bends its loss.
    """
    x, target = curve(300)
    found = [
        least_squares(lambda p: evaluated(form, x, p) - target, start, xtol=1e-14, ftol=1e-14)
        for start in STARTS[form]
    ]
    expected = min(2 * result.cost / len(x) for result in found)
    bases, kinks = closed_forms.FORMS[form]
    best = min(closed_forms.fit(basis, kinks, x, target) for basis in bases)
    assert 0.999 * expected < best.loss < (1 + 1e-9) * expected


def test_kinks_at_the_points_are_no_better():
    """Every pair of a few points as kinks, by ordinary least squares."""
    x, target = curve(25)
    losses = []
    for k, m in itertools.combinations(x[1:-1], 2):
        columns = np.stack([np.ones(25), x, np.abs(x - k), np.abs(x - m)], axis=1)
        _, residual, *_ = np.linalg.lstsq(columns, target)
        losses.append(residual[0] / 25)
    best = closed_forms.fit(closed_forms.piecewise, 2, x, target)
    assert min(losses) / 2 < best.loss <= min(losses)


def test_a_function_of_a_form_is_found_again():
    x, _ = curve(200)
    for form, numbers in {
        "line with a flat side": [2, -0.7, 3.21],
        "one kink, slope on both sides": [1, 0.4, -0.3, 5.55],
        "two kinks": [1, 0.4, -0.3, 0.9, 2.22, 7.77],
        "three kinks": [1, 0.2, 0.9, -0.3, 0.1, 1.11, 4.44, 7.77],
    }.items():
        bases, kinks = closed_forms.FORMS[form]
        target = evaluated(form, x, numbers)
        best = min(closed_forms.fit(basis, kinks, x, target) for basis in bases)
        assert best.loss < 1e-12
        assert best.kinks == pytest.approx(numbers[-kinks:], abs=1e-4)


def test_levels_of_the_report(data):
    """As the mean, and NumPy's polynomial of degree 1, have the first two."""
    training, _ = data
    table = closed_forms.table(training).set_index("category")["loss"]
    x, target = training.inputs[:, 0].astype(np.float64), training.target.astype(np.float64)
    assert table["constant"] == pytest.approx(target.var())
    line = np.polyval(np.polyfit(x, target, 1), x)
    assert table["straight line"] == pytest.approx(np.square(line - target).mean())
    expected = [0.020656, 0.0202228, 0.0016122, 0.00048961, 0.00026991]
    assert table.tolist()[:5] == pytest.approx(expected, rel=5e-5)
    assert table["two kinks"] > table["three kinks"] > table["four kinks"] > 0


def test_points_on_no_line_have_no_closed_forms():
    inputs = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    assert lines.through(inputs) is None
    assert closed_forms.table(Part(inputs, inputs[:, 0])).empty


def test_a_line_by_hand():
    """The point at t has the distance t from the first, in any order; direction (2, 1, 2) / 3."""
    t = np.array([3.0, 0, 9, 6], np.float32)
    line = lines.through(t[:, None] * np.array([2, 1, 2], np.float32) / 3 + 1)
    assert line.order.tolist() == [1, 0, 3, 2]
    np.testing.assert_allclose(line.position, [0, 3, 6, 9], rtol=1e-6)
    np.testing.assert_allclose(line.direction, [2 / 3, 1 / 3, 2 / 3], rtol=1e-6)


def test_slopes_are_differences_of_the_output():
    """Of random networks on many points: where neighbours' patterns agree, so do differences."""
    t = np.linspace(-3, 3, 2001)
    inputs = t[:, None] * np.array([0.6, 0.8, 0])
    line = lines.through(inputs)
    rng = np.random.default_rng(1)
    several = []
    for _ in range(40):
        flat = rng.uniform(-1, 1, layout.size(NETWORK))
        point = fixed_points.find(flat, NETWORK, inputs).point
        if np.isnan(point).any():
            continue
        layers = layout.views(flat, NETWORK)
        differences = np.diff(point @ layers["output.weight"][0]) / np.diff(t)
        # A piece is what has the same difference at least twice; at a kink it is a mean of two.
        same = np.isclose(differences[1:], differences[:-1], rtol=0, atol=1e-9)
        pieces = differences[1:][same]
        expected = pieces[np.r_[True, np.abs(np.diff(pieces)) > 1e-6]]
        found = lines.pieces(point, flat, NETWORK, line).slope
        np.testing.assert_allclose(found, expected, atol=1e-8)
        several.append(len(found) - 1)
    assert max(several) >= 3


def test_a_unit_that_switches_twice_makes_more_kinks_than_units():
    """Unit 1 is relu(|t| - 1) with |t| of units 0 and 2: off between -1 and 1, on outside."""
    t = np.linspace(-3, 3, 61).astype(np.float32)
    inputs = np.stack([t, 0 * t, 0 * t], axis=1)
    flat = np.zeros(layout.size(NETWORK))
    layers = layout.views(flat, NETWORK)
    layers["injection.weight"][[0, 2], 0] = [1, -1]
    layers["latent.weight"][1] = [1, 0, 1]
    layers["latent.bias"][1] = -1
    layers["output.weight"][0] = [0, 1, 0]
    point = fixed_points.find(flat, NETWORK, inputs).point
    # Where |t| has its kink the output is flat on both sides: no kink of the function there.
    found = lines.pieces(point, flat, NETWORK, lines.through(inputs)).slope
    np.testing.assert_allclose(found, [-1, 0, 1])
    layers["output.weight"][0] = [0, 1, 0.5]
    found = lines.pieces(point, flat, NETWORK, lines.through(inputs)).slope
    np.testing.assert_allclose(found, [-1.5, -0.5, 0, 1])
