"""Questions on what papers say that the report cites: large_batch."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers
from jfb.output.figures.style import (
    categories,
    drawn_from,
    estimates,
    in_percent,
    level_legend,
    looks,
    panel_grid,
)

#: What is at a place, by its level and whether it is the full batch.
_METHODS = {
    ("lars", True): "LARS",
    ("lamb", True): "LAMB",
    ("sgd", True): "SGD",
    ("adam", True): "Adam",
    ("constant", True): "Adam,\nconstant",
    ("usual", False): "Adam,\nconstant",
    ("constant", False): "Adam,\nconstant",
}
_NORMALISED = {
    ("batch", True): "over the\nbatch",
    ("ghost", True): "over ghost\nbatches of 32",
    ("batch", False): "over the\nbatch",
}
_GROWN = {
    ("constant", False): "rate\nconstant",
    ("decayed", False): "rate\nfalls",
    ("growing", True): "batch\ngrows",
}
_SIZES = {True: "full batch", False: "batches of 32"}


@drawn_from(answers=read_answers)
def large_batch(answers: pd.DataFrame) -> Figure:
    """The full batch by methods for large batches, beside small batches.

    Args:
        answers: to the question of that name.
    """
    figure, ((points, pictures), (normalised, grown)) = panel_grid(2, 2)
    by_size = dict(zip(_SIZES, looks((2, 1)).values(), strict=True))
    means = answers[answers["against"] == ""]
    for axes, measure, names, title in (
        (points, "share", _METHODS, "The report's network"),
        (pictures, "accuracy", _METHODS, "Digits"),
        (normalised, "accuracy_normalised", _NORMALISED, "Digits, batch normalisation in T"),
    ):
        _draw(axes, means[means["measure"] == measure], names, by_size)
        axes.set_title(title)
    rows = means[means["measure"] == "share_grown"]
    # All of them begin on batches of 32.
    _draw(grown, rows, _GROWN, dict.fromkeys(_SIZES, by_size[False]))
    grown.set_title("The report's network, batches of 32 first")
    for axes in (points, grown):
        axes.set_ylabel(f"Seeds with a loss\nof at most {REACHED:g} (%)")
    for axes in (pictures, normalised):
        axes.set_ylabel("Validation accuracy (%)")
    handles = {_SIZES[is_full]: look | {"linestyle": ""} for is_full, look in by_size.items()}
    level_legend(figure, handles, "")
    return figure


def _draw(
    axes: Axes,
    rows: pd.DataFrame,
    names: Mapping[tuple[str, bool], str],
    by_size: Mapping[bool, Mapping],
) -> None:
    """The estimates in the order of their names, the full batch and small ones apart by look."""
    is_full = rows["batch_size"] == rows["batch_size"].max()
    places = list(zip(rows["level"], is_full, strict=True))
    order = [place for place in names if place in places]
    rows = rows.assign(x=[order.index(place) for place in places])
    for full, look in by_size.items():
        some = rows[is_full == full]
        estimates(axes, some["x"], some, look)
    categories(axes, [names[place] for place in order], size=6)
    in_percent(axes.yaxis)
