"""Questions on what papers say that the report cites: large_batch."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers
from jfb.output.figures.marks import barred, in_rows, rows
from jfb.output.figures.style import (
    NOTE,
    counted,
    drawn_from,
    in_percent,
    level_legend,
    looks,
    note,
    panel_grid,
)

#: What is in a row, by its level and whether it is the full batch.
_METHODS = {
    ("usual", False): "batches of 32",
    ("constant", True): "Adam",
    ("lamb", True): "LAMB",
    ("lars", True): "LARS",
    ("adam", True): "Adam, warm-up",
    ("sgd", True): "SGD, warm-up",
}
_PICTURES = {("constant", False): "batches of 32"} | {k: v for k, v in _METHODS.items() if k[1]}
_NORMALISED = {
    ("batch", False): "batches of 32",
    ("batch", True): "whole batches",
    ("ghost", True): "ghost batches",
}
_GROWN = {
    ("constant", False): "batches of 32",
    ("decayed", False): "32, rate falls",
    ("growing", True): "starts at 32, grows",
}
# Where values stand below each other, right of the panel, in its widths.
_VALUES = 1.14
_FULL, _SMALL, _GROWING = "full batch", "batches of 32", "growing batch"


@drawn_from(answers=read_answers)
def large_batch(answers: pd.DataFrame) -> Figure:
    """The full batch by methods for large batches, beside small batches.

    Args:
        answers: to the question of that name.
    """
    figure, ((points, pictures), (grown, normalised)) = panel_grid(2, 2, height_ratios=[6, 3.4])
    figure.set_figheight(5.2)
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.15)
    full, small = looks((2, 1)).values()
    own = {"color": sns.color_palette("colorblind")[1], "marker": "^"}
    looks_of = {_FULL: full, _SMALL: small, _GROWING: small | own}
    means = answers[answers["against"] == ""]
    for axes, measure, names, title in (
        (points, "share", _METHODS, "Report's network"),
        (pictures, "accuracy", _PICTURES, "Digits"),
        (grown, "share_grown", _GROWN, "Batch grows"),
        (normalised, "accuracy_normalised", _NORMALISED, "Batch norm"),
    ):
        table = means[means["measure"] == measure]
        _draw(axes, table, names, looks_of)
        seeds = table["n"].max() if len(table) else 0
        axes.set_title(f"{title}, {counted(int(seeds), 'seed')}")
        reached = f"Seeds that reach {REACHED:g} (%)"
        axes.set_xlabel(reached if measure.startswith("share") else "Validation accuracy (%)")
    bars = "Bars: 95 % intervals. " if barred(means) else ""
    said = (
        "Further right is better. Dashed: batches of 32, with Adam. "
        "On digits the full batch makes 12 updates."
    )
    note(figure, f"{bars}{said}")
    level_legend(figure, {k: look | {"linestyle": ""} for k, look in looks_of.items()}, "")
    return figure


def _draw(
    axes: Axes,
    table: pd.DataFrame,
    names: Mapping[tuple[str, bool], str],
    looks_of: Mapping[str, Mapping],
) -> None:
    """Draw the estimates in the order of their names, by what the batch is."""
    is_full = table["batch_size"] == table["batch_size"].max()
    places = list(zip(table["level"], is_full, strict=True))
    order = [place for place in names if place in places]
    table = table[np.array([place in order for place in places], bool)]
    is_full = is_full[table.index]
    levels = zip(table["level"], is_full, strict=True)
    table = table.assign(y=[order.index(place) for place in levels])
    rows(axes, [names[place] for place in order])
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    in_percent(axes.xaxis)
    reached = table.loc[(table["y"] == 0) & ~is_full, "estimate"].tolist()
    for value in reached:
        axes.axvline(value, color="0.3", linewidth=1.2, linestyle="--", zorder=1)
    batch = is_full.map({True: _FULL, False: _SMALL}).mask(table["level"] == "growing", _GROWING)
    groups = {name: table[batch == name] for name in looks_of}
    in_rows(axes, groups, looks_of)
    for _, row in table.iterrows():
        options = {"ha": "right", "va": "center_baseline", "size": NOTE}
        options["transform"] = axes.get_yaxis_transform()
        axes.text(_VALUES, row["y"], f"{100 * row['estimate']:.0f}", **options)
