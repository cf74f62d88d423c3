"""What stands at the data of a figure."""

import numpy as np
import pandas as pd
import pytest

from jfb.output.figures import marks, style

ENDS = ["estimate", "low", "high"]


def table(*rows, n=20):
    """Estimates with their intervals, a row each."""
    return pd.DataFrame(rows, columns=ENDS, dtype=float).assign(y=range(len(rows)), n=n)


def drawn(rows, **options):
    """A panel from 0 to 1 with these rows, and where their values are written."""
    figure, (axes,) = style.panels(1)
    marks.rows(axes, [f"row {place}" for place in range(len(rows))])
    axes.set_xlim(0, 1)
    marks.in_rows(axes, {"": rows}, {"": {"color": "k", "marker": "o"}}, **options)
    figure.draw_without_rendering()
    return axes, {text.get_text(): text.get_window_extent() for text in axes.texts}


@pytest.mark.filterwarnings("error")
def test_a_value_stands_beside_its_interval_and_within_the_panel():
    rows = table((0.3, 0.2, 0.4), (0.9, 0.8, 0.95), (0.5, np.nan, np.nan), (np.nan,) * 3)
    axes, values = drawn(rows, written=lambda share: f"{share:.1f}")
    assert list(values) == ["0.3", "0.9", "0.5"]
    at = {x: axes.transData.transform((x, 0))[0] for x in (0.4, 0.5, 0.8, 1)}
    assert values["0.3"].x0 > at[0.4]
    assert values["0.9"].x1 < at[0.8]
    assert at[0.5] < values["0.5"].x0 < values["0.5"].x1 < at[1]


def test_rows_are_named_from_the_top_and_groups_are_apart():
    axes, _ = drawn(table((0.3, 0.2, 0.4), (0.5, 0.4, 0.6)))
    assert axes.transData.transform((0, 0))[1] > axes.transData.transform((0, 1))[1]
    figure, (axes,) = style.panels(1)
    groups = {"one": table((0.3, 0.2, 0.4)), "other": table((0.5, 0.4, 0.6))}
    marks.in_rows(axes, groups, {name: {"marker": "o"} for name in groups}, spread=0.4)
    assert [line.get_ydata()[0] for line in axes.lines] == pytest.approx([-0.2, 0.2])
    assert figure.axes == [axes]


def test_the_one_estimate_of_a_row_is_in_its_middle():
    _, (axes,) = style.panels(1)
    groups = {"one": table((0.3, 0.2, 0.4), (0.3, 0.2, 0.4)), "other": table((0.5, 0.4, 0.6))}
    marks.in_rows(axes, groups, {name: {"marker": "o"} for name in groups}, spread=0.4)
    assert [line.get_ydata()[0] for line in axes.lines] == pytest.approx([-0.2, 1, 0.2])


def test_a_value_keeps_clear_of_a_line():
    rows = table((0.4, 0.35, 0.45), (0.4, 0.35, 0.45))
    axes, _ = drawn(rows, written=lambda share: f"{share}", lines=[0.5])
    assert [text.get_ha() for text in axes.texts] == ["right", "right"]
    far, _ = drawn(rows, written=lambda share: f"{share}", lines=[0.3, 0.8])
    assert [text.get_ha() for text in far.texts] == ["left", "left"]


@pytest.mark.parametrize("count", [2, 5])
def test_colours_of_batch_sizes_are_seen_on_white_and_differ_in_lightness(count):
    """By the luminance that contrast is defined with; a contrast of 1.5 is that of faint lime."""
    colours = np.array([look["color"][:3] for look in style.looks(range(count)).values()])
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722] + 0.05
    assert 1.05 / luminance.max() > 2
    assert (luminance[1:] / luminance[:-1]).min() > 1.35


@pytest.mark.parametrize(
    ("rows", "n", "said"),
    [
        ([(0.3, 0.2, 0.4)], 20, "20 seeds per point; bars: 95 % intervals. Higher."),
        ([(0.3, np.nan, np.nan)], 1, "1 seed per point. Higher."),
        ([(0.3, 0.2, 0.4), (0.3, 0.2, 0.4)], [8, 10], "8 to 10 seeds per point; bars: 95 % in"),
        ([], 0, "Higher."),
    ],
)
def test_a_note_says_how_many_seeds_and_whether_bars_are_intervals(rows, n, said):
    figure, _ = style.panels(1)
    marks.noted(figure, table(*rows, n=n), "Higher")
    text = " ".join(figure.get_supxlabel().split())
    assert text.startswith(said)


def test_what_a_criterion_allows_is_shaded_up_to_the_limits():
    _, (axes,) = style.panels(1)
    axes.set_xlim(-1, 2)
    bounds = {"criterion": ["a", None], "holds_low": [0.1, np.nan], "holds_high": [np.nan] * 2}
    marks.counts(axes, pd.DataFrame(bounds))
    (shade,) = axes.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == pytest.approx((0.1, 2))
    assert axes.get_xlim() == (-1, 2)


def test_criteria_that_differ_are_not_shaded():
    _, (axes,) = style.panels(1)
    bounds = {"criterion": ["a", "b"], "holds_low": [0.1, 0.2], "holds_high": [1.0, 1.0]}
    marks.counts(axes, pd.DataFrame(bounds))
    assert not axes.patches


def test_limits_hold_all_intervals():
    rows = table((0.3, 0.2, 0.4), (-0.5, np.nan, np.nan))
    low, high = marks.around(rows)
    assert low < -0.5
    assert high > 0.4
    assert sum(marks.around(rows, at=0)) == pytest.approx(0)
    assert marks.around(rows, at=0)[0] < -0.5
    low, high = marks.around(table())
    assert low < high


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_threshold_is_named_beside_its_line(axis):
    figure, (axes,) = style.panels(1)
    marks.threshold(axes, 0.5, "half", axis=axis)
    figure.draw_without_rendering()
    (line,), (text,) = axes.lines, axes.texts
    box, (x, y) = text.get_window_extent(), axes.transData.transform((0.5, 0.5))
    assert line.get_linestyle() == "--"
    assert (x < box.x0 < x + 20) if axis == "x" else (y <= box.y0 < y + 20)


def test_batch_sizes_are_named_the_full_one_first():
    assert list(marks.size_names([32, 2400, 32]).values()) == ["full batch (2400)", "batches of 32"]


@pytest.mark.parametrize("turned", [False, True])
def test_differences_of_log10_are_written_as_ratios_where_these_lie(turned):
    """From 10^-0.7, about 0.2, to 10^1.1, about 12.6."""
    _, (axes,) = style.panels(1)
    axes.set_ylim(*((1.1, -0.7) if turned else (-0.7, 1.1)))
    style.in_times(axes.yaxis)
    told = {label.get_text(): label.get_position()[1] for label in axes.get_yticklabels()}
    assert set(told) == {"0.2", "0.5", "1", "2", "5", "10"}
    assert told["1"] == 0
    assert told["2"] == pytest.approx(0.30103, abs=1e-5)


@pytest.mark.parametrize("ends", [(0.03, 0.2), (-0.04, -0.01), (-0.05, 0.15)])
def test_ratios_that_lie_close_are_written_too(ends):
    _, (axes,) = style.panels(1)
    axes.set_ylim(*ends)
    style.in_times(axes.yaxis)
    labels = axes.get_yticklabels()
    assert len(labels) >= 3
    for label in labels:
        assert 10 ** label.get_position()[1] == pytest.approx(float(label.get_text()), rel=1e-5)


@pytest.mark.parametrize(("half", "said"), [(0.2, False), (0.001, True), (0.0, False)])
def test_a_point_that_hides_its_interval_says_so(half, said):
    """Of no width, it is no interval."""
    axes, _ = drawn(table((0.5, 0.5 - half, 0.5 + half)))
    assert ("narrower than the point" in marks.hidden(axes.figure)) is said


def test_no_word_of_a_note_stands_alone_on_a_line():
    figure, _ = style.panels(1)
    style.note(figure, "word " * 17 + "wrapped")
    lines = figure.get_supxlabel().splitlines()
    assert len(lines) == 2
    assert lines[-1].split() == ["word", "wrapped"]
    style.note(figure, "w" * 200)
    assert len(figure.get_supxlabel().splitlines()) == 3
