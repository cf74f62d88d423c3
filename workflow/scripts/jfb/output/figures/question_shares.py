"""Questions whose answer is a share of seeds: width, rates, hybrid."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers
from jfb.output.figures.style import (
    PAGE_WIDTH,
    categories,
    drawn_from,
    in_percent,
    legend,
    looks,
    panel_grid,
    panels,
    side_by_side,
)

_SPREAD = 0.36


def _points(axes: Axes, rows: pd.DataFrame, levels: list[str]) -> None:
    """Shares by level, a colour per batch size, with their intervals."""
    by_size = looks(rows["batch_size"])
    rows = rows[rows["level"].isin(levels)]
    rows = rows.assign(x=rows["level"].map(levels.index))
    groups = {size: rows[rows["batch_size"] == size] for size in by_size}
    side_by_side(axes, groups, by_size, _SPREAD)
    categories(axes, levels)
    axes.set_ylim(-0.03, 1.03)
    in_percent(axes.yaxis)


_LENGTHS = {"long": "3,000", "short": "300"}


@drawn_from(answers=read_answers)
def width(answers: pd.DataFrame) -> Figure:
    """Share of seeds that reach 0.001 by latent dimension and batch size, in long and short runs.

    Args:
        answers: to the question of that name.
    """
    figure, all_axes = panel_grid(2, 2, sharey=True)
    for row, (length, number) in zip(all_axes, _LENGTHS.items(), strict=True):
        for axes, what in zip(row, ("epochs", "updates"), strict=True):
            rows = answers[answers["measure"] == f"share_{length}_{what}"]
            _points(axes, rows, sorted(set(rows["level"]), key=int))
            axes.set_title(f"After {number} {what}")
    for axes in all_axes[1]:
        axes.set_xlabel("Latent dimension")
    figure.supylabel(f"Seeds with a loss of at most {REACHED:g} (%)")
    legend(figure, answers.loc[answers["batch_size"] > 0, "batch_size"], linestyle="")
    return figure


_RULES = {
    "0.001": "1e-3\nfor all",
    "sqrt_32": "root,\n1e-3 at 32",
    "linear_32": "linear,\n1e-3 at 32",
    "sqrt_2400": "root,\n1e-3 at\n2400",
    "linear_2400": "linear,\n1e-3 at\n2400",
}


@drawn_from(answers=read_answers)
def rates(answers: pd.DataFrame) -> Figure:
    """Share of seeds that reach 0.001 by learning rate, constant or by a rule, and batch size.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2, sharey=True)
    rows = answers[answers["measure"] == "share"]
    constant = sorted(
        {level for level in rows["level"] if level not in _RULES} | {"0.001"}, key=float
    )
    _points(left, rows, constant)
    left.set_xticklabels([f"{float(level):g}" for level in constant])
    left.set(
        xlabel="Learning rate",
        title="Constant",
        ylabel=f"Seeds with a loss of at most {REACHED:g} (%)",
    )
    _points(right, rows, list(_RULES))
    right.set_xticklabels(_RULES.values())
    right.set(title="By the batch size")
    legend(figure, rows["batch_size"], linestyle="")
    return figure


_SCHEDULES = {
    "full": "full batch",
    "full_as_4": "full batch, 3,296 epochs",
    "full_as_41": "full batch, 6,034 epochs",
    "full_as_122": "full batch, 12,028 epochs",
    "small_4": "32 for 4 epochs, then full",
    "small_41": "32 for 41 epochs, then full",
    "small_122": "32 for 122 epochs, then full",
    "growing": "32, 64, 600, 1200, full, 600 epochs each",
    "last_41": "full, then 32 for 41 epochs",
    "constant_1200": "1200",
    "constant_600": "600",
    "constant_100": "100",
    "constant_32": "32",
}
_UPDATES = {
    "3,000": ("full", "full_as_4", "small_4"),
    "6,000": ("full_as_41", "small_41", "last_41", "constant_1200"),
    "12,000": ("full_as_122", "small_122", "constant_600"),
    "72,000": ("growing", "constant_100"),
    "225,000": ("constant_32",),
}


@drawn_from(answers=read_answers)
def hybrid(answers: pd.DataFrame) -> Figure:
    """Share of seeds that reach 0.001 by schedule of the batch size, by number of updates.

    Args:
        answers: to the question of that name.
    """
    figure = Figure(figsize=(PAGE_WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    rows = answers[answers["measure"] == "share"].set_index("level")
    named, y, ticks = [], 0.0, []
    for updates, schedules in _UPDATES.items():
        axes.text(
            1.01,
            y + (len(schedules) - 1) / 2,
            updates,
            va="center",
            size=7,
            transform=axes.get_yaxis_transform(),
        )
        for schedule in schedules:
            row = rows.loc[schedule]
            reach = [[row["estimate"] - row["low"]], [row["high"] - row["estimate"]]]
            noisy = schedule.startswith(("small", "growing"))
            colour = "#d95f02" if noisy else "#444444"
            axes.errorbar(
                row["estimate"],
                y,
                xerr=np.abs(reach),
                marker="o",
                color=colour,
                markersize=5,
                elinewidth=1,
                markeredgecolor="white",
            )
            named.append(_SCHEDULES[schedule])
            ticks.append(y)
            y += 1
        axes.axhline(y - 0.5, color="black", linewidth=0.4)
    axes.text(1.01, -0.9, "updates", va="center", size=7, transform=axes.get_yaxis_transform())
    axes.set(yticks=ticks, yticklabels=named, ylim=(y - 0.5, -0.5))
    axes.set_xlabel(f"Seeds with a loss of at most {REACHED:g} (%), with 95 % intervals")
    in_percent(axes.xaxis)
    axes.grid(visible=False, axis="y")
    return figure
