"""Questions whose answer is a share of seeds: rates, hybrid."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers
from jfb.output.figures.marks import in_rows, noted, rows, size_legend
from jfb.output.figures.style import (
    LINE,
    NOTE,
    PAGE_WIDTH,
    categories,
    drawn_from,
    estimates,
    in_percent,
    level_legend,
    level_looks,
    looks,
    panels,
)

_SPREAD = 0.3
# Of neighbouring batch sizes on one axis, in steps between its places.
_APART = 0.2
_REACHED = f"Seeds that reach {REACHED:g} (%)"


def _shifts(sizes: Collection[int]) -> dict[int, float]:
    """By how much the points of batch sizes stand beside their place, so that all are seen."""
    apart = _APART * (np.arange(len(sizes)) - (len(sizes) - 1) / 2)
    return dict(zip(sizes, apart, strict=True))


def _points(axes: Axes, table: pd.DataFrame, levels: list[str]) -> None:
    """Shares by level, joined for each batch size, with their intervals."""
    by_size = looks(table["batch_size"])
    table = table[table["level"].isin(levels)]
    table = table.assign(x=table["level"].map(levels.index)).sort_values("x")
    shifts = _shifts(by_size)
    for size, look in by_size.items():
        shift = shifts[size]
        of_size = table[table["batch_size"] == size]
        axes.plot(of_size["x"] + shift, of_size["estimate"], color=look["color"], linewidth=LINE)
        estimates(axes, of_size["x"] + shift, of_size, look)
    categories(axes, levels)
    axes.set_ylim(-0.03, 1.03)
    in_percent(axes.yaxis)
    axes.grid(visible=False, axis="x")


def _ring(axes: Axes, table: pd.DataFrame, levels: list[str], shifts: Mapping[int, float]) -> None:
    """Ring shares that `_points` has drawn with these shifts."""
    for _, row in table.iterrows():
        place = levels.index(row["level"]) + shifts[row["batch_size"]]
        ring = {"marker": "o", "markersize": 12, "markerfacecolor": "none", "color": "black"}
        axes.plot(place, row["estimate"], linestyle="", **ring)


def _short(rate: str) -> str:
    """A learning rate as one writes it in a narrow place: 3e-4."""
    mantissa, _, exponent = f"{float(rate):e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}"


_RULES = {
    "0.001": "0.001 for all",
    "sqrt_32": "grows as \u221abatch,\n0.001 at 32",
    "linear_32": "grows as batch,\n0.001 at 32",
    "sqrt_2400": "grows as \u221abatch,\n0.001 at 2400",
    "linear_2400": "grows as batch,\n0.001 at 2400",
}


@drawn_from(answers=read_answers)
def rates(answers: pd.DataFrame) -> Figure:
    """Share of seeds that reach 0.001 by learning rate, constant or by a rule, and batch size.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2)
    shown = answers[answers["measure"] == "share"]
    constant = sorted(
        {level for level in shown["level"] if level not in _RULES} | {"0.001"}, key=float
    )
    _points(left, shown, constant)
    chosen = answers[answers["measure"] == "share_at_best"]
    _ring(left, chosen, constant, _shifts(looks(shown["batch_size"])))
    left.set_xticklabels(map(_short, constant))
    left.set(xlabel="Learning rate", ylabel=_REACHED)
    left.set_title("The same rate for both")
    rows(right, list(_RULES.values()))
    right.set(xlim=(0, 1), xlabel=_REACHED, title="Rate set by the batch size")
    by_rule = shown[shown["level"].isin(_RULES)]
    by_rule = by_rule.assign(y=by_rule["level"].map(list(_RULES).index))
    by_size = looks(shown["batch_size"])
    groups = {size: by_rule[by_rule["batch_size"] == size] for size in by_size}
    in_rows(right, groups, by_size, _SPREAD)
    in_percent(right.xaxis)
    noted(
        figure,
        shown,
        "Left: higher is better; ring: the rate that other seeds chose",
    )
    size_legend(figure, shown["batch_size"])
    return figure


_SCHEDULES = {
    "full": "full batch, 3,000 epochs",
    "full_as_4": "full batch, 3,296 epochs",
    "full_as_41": "full batch, 6,034 epochs",
    "full_as_122": "full batch, 12,028 epochs",
    "small_4": "32 for 4 epochs, then full",
    "small_41": "32 for 41 epochs, then full",
    "small_122": "32 for 122 epochs, then full",
    "growing": "grows from 32 to full",
    "last_41": "full, then 32 for 41 epochs",
    "constant_1200": "batches of 1200",
    "constant_600": "batches of 600",
    "constant_100": "batches of 100",
    "constant_32": "batches of 32",
}
_UPDATES = {
    "3,000\nto 3,296": ("full", "full_as_4", "small_4"),
    "6,000\nto 6,034": ("full_as_41", "constant_1200", "last_41", "small_41"),
    "12,000\nto 12,028": ("full_as_122", "constant_600", "small_122"),
    "72,000": ("constant_100", "growing"),
    "225,000": ("constant_32",),
}
_SMALL_FIRST, _OTHERS = "small batches, then the full batch", "other ways to as many updates"
_ALONE = "for comparison"


@drawn_from(answers=read_answers)
def hybrid(answers: pd.DataFrame) -> Figure:
    """Share of seeds that reach 0.001 by schedule of the batch size, by number of updates.

    Args:
        answers: to the question of that name.
    """
    figure = Figure(figsize=(PAGE_WIDTH, 4.4), layout="constrained")
    axes = figure.subplots()
    order = [schedule for group in _UPDATES.values() for schedule in group]
    shown = answers[(answers["measure"] == "share") & answers["level"].isin(order)]
    shown = shown.assign(y=shown["level"].map(order.index))
    rows(axes, [_SCHEDULES[schedule] for schedule in order])
    axes.set(xlim=(0, 1), xlabel=_REACHED)
    in_percent(axes.xaxis)
    by_kind = level_looks([_SMALL_FIRST, _OTHERS])
    by_kind[_ALONE] = {"color": "0.4", "marker": "D", "markeredgecolor": "white"}
    kinds = dict.fromkeys(order, _OTHERS)
    kinds |= {alone: _ALONE for alone, *partners in _UPDATES.values() if not partners}
    kinds |= {s: _SMALL_FIRST for s in order if s.startswith(("small", "growing"))}
    kind = shown["level"].map(kinds)
    groups = {name: shown[kind == name] for name in by_kind}
    in_rows(axes, groups, by_kind, written=lambda share: f"{100 * share:.0f}")
    start, beside = 0, {"transform": axes.get_yaxis_transform(), "size": NOTE}
    for updates, schedules in _UPDATES.items():
        end = start + len(schedules)
        middle = (start + end - 1) / 2
        axes.text(1.02, middle, updates, va="center_baseline", **beside)
        axes.axhline(end - 0.5, color="black", linewidth=0.5)
        start = end
    axes.set_title("Updates", loc="right", x=1.14, size=NOTE, ha="right")
    noted(
        figure,
        shown,
        "Further right is better. Compare equal updates",
        "The growing batch: 32, 64, 600, 1200, full, 600 epochs each",
    )
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in by_kind.items()}, "")
    return figure
