"""How far training takes the parameters from their start."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from jfb.analysis.questions.diffusion import FEWEST, FROM, laws
from jfb.analysis.questions.inputs import distances as read_distances
from jfb.output.figures.inputs import read_answers
from jfb.output.figures.marks import threshold
from jfb.output.figures.style import (
    NOTE,
    categories,
    counted,
    darker,
    drawn_from,
    estimates,
    in_percent,
    looks,
    note,
    panels,
    plain_ticks,
)


@drawn_from(answers=read_answers, distances=read_distances)
def diffusion(answers: pd.DataFrame, distances: pd.DataFrame) -> Figure:
    """The distance from the start by updates, and how many runs a logarithm fits better.

    Left: the median over the runs of a batch size, whose name stands where they end, with quartiles
    of the largest and the smallest; and the two laws that are nearest to the median of the
    smallest, whose runs have the most updates. Right: the share of runs that a
    logarithm leaves nearer than a power does, with its interval, by batch size.

    Args:
        answers: to the question of that name.
        distances: see `jfb.analysis.questions.inputs.distances`.
    """
    figure, (left, right) = panels(2, width_ratios=[5, 3])
    by_size = looks(distances["batch_size"])
    _along(left, distances, by_size)
    shares = answers[(answers["measure"] == "logarithm") & (answers["level"] == "")]
    shares = shares.set_index("batch_size")
    known = [size for size in by_size if size in shares.index]
    for place, size in enumerate(known):
        estimates(right, [place], shares.loc[[size]], by_size[size])
    categories(right, known)
    in_percent(right.yaxis)
    right.grid(visible=False, axis="x")
    right.set(ylim=(0, 1), xlabel="Batch size", ylabel="Runs (%)")
    right.set_title("A logarithm fits better\nthan a power")
    threshold(right, 0.5, "half of the runs", axis="y", va="top")
    runs = distances.groupby("batch_size")["seed"].nunique().max()
    spread = (
        f"Left: medians; bands: quartiles, at {max(by_size)} and {min(by_size)}. "
        if runs > 1
        else ""
    )
    said = f"{counted(runs, 'run')} per batch size. {spread}"
    fits = f"Fits: from the first snapshot at {FROM} updates or later. Right: 95 % intervals."
    note(figure, said + fits)
    return figure


def _fit(axes: Axes, median: pd.Series, size: int, colour: tuple) -> None:
    """Draw the laws nearest to a median by updates, where the answers fit them.

    `size` is the batch size of the median, `colour` that of its laws.
    """
    late = median[median.index >= FROM]
    if len(late) < FEWEST:
        return
    fitted = laws(late.index.to_numpy(float), late.to_numpy())
    look = {"color": colour, "linewidth": 1.4, "zorder": 5}
    for law, values, style in (
        ("logarithm", fitted.logarithm, "--"),
        ("power", fitted.power, ":"),
    ):
        axes.plot(late.index, values, linestyle=style, label=f"{law}, fitted to {size}", **look)
    axes.legend(loc="upper left", frameon=False, fontsize=NOTE, handlelength=1.6)


def _along(axes: Axes, distances: pd.DataFrame, by_size: dict[int, dict]) -> None:
    """Draw the distances by updates, and name the batch sizes where they end."""
    groups = distances.groupby(["batch_size", "updates"])["distance"]
    low, middle, high = (groups.quantile(q) for q in (0.25, 0.5, 0.75))
    for place, (size, look) in enumerate(by_size.items()):
        line, colour = middle[size], look["color"]
        if size in (max(by_size), min(by_size)):
            band = {"color": colour, "alpha": 0.2, "linewidth": 0}
            axes.fill_between(line.index, low[size], high[size], **band)
        axes.plot(line, color=colour, linewidth=1.2)
        end = line.index[-1], line.iloc[-1]
        axes.plot(*end, **look, markersize=5.5, zorder=4)
        # Names of neighbours stand on either side, since they end side by side.
        side = -1 if place % 2 else 1
        options = {"ha": "center", "va": "center", "fontsize": NOTE, "textcoords": "offset points"}
        options["path_effects"] = [withStroke(linewidth=2.5, foreground="white")]
        options["arrowprops"] = {"arrowstyle": "-", "color": colour, "linewidth": 0.6}
        axes.annotate(f"{size}", end, (4 * side, -28 * side), color=darker(colour), **options)
    axes.set(xscale="log", xlabel="Updates", ylabel="Distance of the parameters\nfrom their start")
    smallest = min(by_size)
    _fit(axes, middle[smallest], smallest, darker(by_size[smallest]["color"]))
    axes.set_title("Distance by updates")
    plain_ticks(axes.xaxis)
