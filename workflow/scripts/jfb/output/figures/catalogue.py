"""The catalogue of minima: the functions that they are, and who ends there."""

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.output.figures.style import (
    NOTE,
    PAGE_WIDTH,
    categories,
    counted,
    drawn_from,
    looks,
    note,
    outer,
)
from jfb.records import dataset

#: Entries that are drawn: the lowest, and those at which most searches from random starts end.
SHOWN = 6
_COLUMNS = 3
# The row of searches that end at no entry.
_NO_ENTRY = 0
# Times the position of the last kink, up to where functions are drawn: beyond they are straight.
_BEYOND = 1.25
_KINKS = {"marker": "o", "markersize": 6}
# In inches: of a row of functions, and of the shares.
_HEIGHTS = 1.9, 2.6
_NOTE = (
    "Numbers before names: entries of the catalogue. Runs: trained with JFB at this batch size. "
    "Functions go on straight, to {length:.0f} m."
)


def _target(path: str | Path) -> pd.DataFrame:
    """The target by position along the line of the training points, in metres."""
    training, _ = dataset.read(path)
    inputs = training.inputs.astype(np.float64)
    position = np.linalg.norm(inputs - inputs[inputs[:, 0].argmin()], axis=1)
    return pd.DataFrame({"position": position, "target": training.target}).sort_values("position")


@drawn_from(entries=pd.read_csv, shares=pd.read_csv, fits=pd.read_csv, data=_target)
def catalogue(
    entries: pd.DataFrame, shares: pd.DataFrame, fits: pd.DataFrame, data: pd.DataFrame
) -> Figure:
    """The functions of the lowest entry and of the commonest ones, and the searches that end there.

    Args:
        entries, shares, fits: the tables of the catalogue, see `jfb.analysis.catalogue`.
        data: the target by position.
    """
    known = entries[entries["loss"].notna()].sort_values("loss")
    common = known.iloc[1:].nlargest(SHOWN - 1, "share").sort_values("loss")
    shown = pd.concat([known.iloc[:1], common])
    rows = -(-len(shown) // _COLUMNS)
    heights = [*[_HEIGHTS[0]] * rows, _HEIGHTS[1]]
    figure = Figure(figsize=(PAGE_WIDTH, sum(heights)), layout="constrained")
    grid = figure.add_gridspec(rows + 1, _COLUMNS, height_ratios=heights)
    kinks = fits[fits["id"].isin(shown["id"])].groupby("id")["position"].nth(slice(1, -1))
    length = data["position"].max()
    end = min(length, _BEYOND * kinks.max()) if len(kinks) else length
    first = None
    for place, (_, entry) in enumerate(shown.iterrows()):
        row, column = divmod(place, _COLUMNS)
        axes = figure.add_subplot(grid[row, column], sharex=first, sharey=first)
        first = first or axes
        _function(axes, fits[fits["id"] == entry["id"]], data)
        loss = np.format_float_positional(float(f"{entry['loss']:.3g}"), trim="-")
        axes.set_title(f"{_called(entry)}\nloss {loss}")
        axes.set(xlabel="Position (m)", ylabel="Output", xlim=(0, end))
    outer(figure.axes)
    said = {"ha": "right", "va": "bottom", "fontsize": NOTE, "transform": first.transAxes}
    first.text(0.97, 0.05, "grey: target\nline: network\ndots: its kinks", **said)
    _ends(figure.add_subplot(grid[rows, :]), shown, entries, shares)
    note(figure, _NOTE.format(length=length))
    return figure


def _called(entry: pd.Series) -> str:
    """The id of an entry, and its form in short."""
    return f"{entry['id']}: {entry['form'].partition(',')[0]}"


def _function(axes: Axes, fit: pd.DataFrame, data: pd.DataFrame) -> None:
    """Draw the function of an entry over the target."""
    colour = sns.color_palette("colorblind")[3]
    axes.plot("position", "target", data=data, color="0.7", linewidth=4.5)
    value = np.interp(data["position"], fit["position"], fit["value"])
    axes.plot(data["position"], value, color=colour, linewidth=1.7)
    axes.plot("position", "value", data=fit.iloc[1:-1], color=colour, linestyle="", **_KINKS)


def _ends(axes: Axes, shown: pd.DataFrame, entries: pd.DataFrame, shares: pd.DataFrame) -> None:
    """Draw the share of searches that end at each entry shown, at others and at none, by start."""
    trained = shares[shares["source"] == shares["source"].iloc[-1]]
    starts = shares.loc[shares["source"] == shares["source"].iloc[0], "runs"].iloc[0]
    groups = {counted(starts, "random start"): (entries.set_index("id")["share"], "0.6")}
    sizes = (trained["batch_size"].max(), trained["batch_size"].min())
    for size, look in looks(sizes).items():
        own = trained[trained["batch_size"] == size].set_index("id")
        name = f"{counted(own['runs'].iloc[0], 'run')} at {size}"
        groups[name] = own["share"], look["color"]
    width = 0.8 / len(groups)
    for k, (name, (share, colour)) in enumerate(groups.items()):
        at = 100 * share.reindex(shown["id"]).to_numpy()
        none = 100 * share.get(_NO_ENTRY, 0.0)
        x = np.arange(len(at) + 2) + (k - (len(groups) - 1) / 2) * width
        bars = axes.bar(x, [*at, 100 - at.sum() - none, none], width, color=colour, label=name)
        # Halves are rounded up, as people do.
        axes.bar_label(bars, fmt=lambda value: f"{np.floor(value + 0.5):.0f}", fontsize=NOTE)
    labels = [textwrap.fill(_called(entry), 10) for _, entry in shown.iterrows()]
    categories(axes, [*labels, "other\nentries", "none\nof them"])
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.15)
    axes.set_ylabel("Searches (%)")
    axes.set_title("Where searches end, by what they start from", pad=22)
    above = {"loc": "lower center", "bbox_to_anchor": (0.5, 0.98), "ncols": len(groups)}
    axes.legend(frameon=False, fontsize=NOTE, **above)
