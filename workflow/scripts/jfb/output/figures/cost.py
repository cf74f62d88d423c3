"""What a step costs beside one with JFB: figure of its memory and seconds by gradient."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.cost import ratios, summarised
from jfb.output.figures.style import (
    counted,
    drawn_from,
    level_looks,
    name_ends,
    note,
    outer,
    panel_grid,
    plain_ticks,
    say,
)

_BASE = "jfb"
_MEASURED = {"peak_bytes_ratio": "Peak memory", "step_seconds_ratio": "Time of a step"}
# What varies: the label of its axis, and of what is held meanwhile, its column and its word.
_VARIED = {
    "iterations": ("Fixed-point iterations", "latent_dim", "dimension"),
    "latent_dim": ("Latent dimension", "iterations", "iteration"),
}
# How people call the gradients of the configuration; others go by their names there.
_WORDS = {
    _BASE: "JFB",
    "neumann_5": "Neumann, order 5",
    "implicit": "exact, point by point",
    "implicit_patterns": "exact, by pattern",
    "implicit_picard": "exact, iterated",
    "phantom_5": "phantom, 5 steps",
}
_LINE = {"linewidth": 1.2, "markersize": 5.5, "markeredgewidth": 0.5}
# Of more values of what varies, not each is written at the axis.
_TICKS = 7
_NOTE = (
    "Lower is cheaper. Memory: peak of the backward pass. Time: forward and backward, "
    "on one thread, median of up to {}."
)


def _read(path: str | Path) -> pd.DataFrame:
    measured = pd.read_csv(path)
    return summarised(measured).assign(rounds=measured["round"].nunique())


@drawn_from(costs=_read)
def cost(costs: pd.DataFrame) -> Figure:
    """Peak memory of the backward pass and seconds of a step over those with JFB, by gradient.

    Args:
        costs: as `jfb.analysis.cost.summarised` returns it, and rounds, how many there were.
    """
    relative = ratios(costs, _BASE)
    looks = level_looks(costs["gradient"])
    figure, all_axes = panel_grid(2, 2, sharex="col", sharey="row")
    for row, (measured, label) in zip(all_axes, _MEASURED.items(), strict=True):
        for axes, (varied, (across, held, unit)) in zip(row, _VARIED.items(), strict=True):
            case = relative[relative["varied"] == varied]
            for level, look in looks.items():
                rows = case[case["gradient"] == level]
                axes.plot(varied, measured, data=rows, **(_LINE | look))
            told = "".join(f", {counted(value, unit)}" for value in case[held].unique())
            axes.set(xscale="log", yscale="log", xlabel=across, ylabel="Times that of JFB")
            axes.set_title(label + told)
            plain_ticks(axes.yaxis, (1, 2, 5) if measured == "step_seconds_ratio" else (1,))
            if case.empty:
                say(axes, "nothing measured\nbeside JFB")
                continue
            plain_ticks(axes.xaxis)
            if case[varied].nunique() <= _TICKS:
                axes.set_xticks(case[varied].unique())
    outer(all_axes.flat)
    note(figure, _NOTE.format(counted(costs["rounds"].max(), "round")))
    for axes, measured in zip(all_axes[:, 1], _MEASURED, strict=True):
        _name(axes, relative[relative["varied"] == "latent_dim"], measured, looks)
    return figure


def _name(axes: Axes, case: pd.DataFrame, measured: str, looks: dict[str, dict]) -> None:
    """Name the gradients at the ends of their lines."""
    last = case.sort_values("latent_dim").groupby("gradient").last()
    ends = {
        _WORDS.get(level, level.replace("_", " ")): (
            last.loc[level, "latent_dim"],
            last.loc[level, measured],
            look["color"],
        )
        for level, look in looks.items()
        if level in last.index
    }
    name_ends(axes, ends)
