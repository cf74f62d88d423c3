"""The catalogue of minima: the functions that they are, and who ends there."""

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from jfb.output.figures.style import NOTE, PAGE_WIDTH, drawn_from
from jfb.records import dataset

#: Entries that are drawn: the lowest, and those at which most searches from random starts end.
SHOWN = 8
_COLUMNS = 4
# The scale of positions: the functions differ where the target is steep. Also of margins below 0.
_ROOT = (lambda x: np.sign(x) * np.sqrt(np.abs(x))), (lambda x: np.sign(x) * np.square(x))


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
    """The functions of the lowest entry and of the commonest ones, with residuals.

    Args:
        entries, shares, fits: the tables of the catalogue, see `jfb.analysis.catalogue`.
        data: the target by position.
    """
    known = entries[entries["loss"].notna()].sort_values("loss")
    common = known.iloc[1:].nlargest(SHOWN - 1, "share").sort_values("loss")
    shown = pd.concat([known.iloc[:1], common]).to_dict("records")
    figure = Figure(figsize=(PAGE_WIDTH, 5.2), layout="constrained")
    rows = -(-SHOWN // _COLUMNS)
    heights = {"height_ratios": [2, 1] * rows}
    axes = figure.subplots(2 * rows, _COLUMNS, sharex=True, sharey="row", **heights)
    colour = sns.color_palette("colorblind")[3]
    for place, entry in enumerate(shown):
        row, column = divmod(place, _COLUMNS)
        above, below = axes[2 * row, column], axes[2 * row + 1, column]
        fit = fits[fits["id"] == entry["id"]]
        value = np.interp(data["position"], fit["position"], fit["value"])
        above.plot("position", "target", data=data, color="0.65", linewidth=2.5)
        above.plot(data["position"], value, color=colour, linewidth=1)
        kinks = fit.iloc[1:-1]
        above.plot("position", "value", data=kinks, color=colour, linestyle="", marker="o", ms=3)
        below.plot(data["position"], value - data["target"], color=colour, linewidth=0.8)
        below.axhline(0, color="0.65", linewidth=0.6)
        above.set_title(f"{entry['id']}: loss {entry['loss']:.3g}")
        options = {"transform": above.transAxes, "ha": "right", "va": "bottom", "fontsize": NOTE}
        above.text(0.97, 0.06, _said(entry, shares), **options)
    for place in range(len(shown), SHOWN):
        for axis in axes[2 * (place // _COLUMNS) :, place % _COLUMNS][:2]:
            axis.set_visible(False)
    for axis in axes.flat:
        axis.set_xscale("function", functions=_ROOT)
        axis.set_xticks([0, 1, 4, 9, 16, 25])
        axis.set_xlim(-0.05, data["position"].max())
    for row, axis in enumerate(axes[:, 0]):
        axis.set_ylabel("Residual" if row % 2 else "Output")
    for axis in axes[-1]:
        axis.set_xlabel("Position (m)")
    return figure


def _said(entry: dict, shares: pd.DataFrame) -> str:
    """What the function is, and the shares of searches that end there, by where they start."""
    own = shares[shares["id"] == entry["id"]]
    trained = own[own["source"] == own["source"].iloc[-1]].set_index("batch_size")["share"]
    ends = {size: f"batches of {size}" for size in (trained.index.max(), trained.index.min())}
    lines = [*textwrap.wrap(entry["form"], 22), f"random starts: {entry['share']:.1%}"]
    lines += [f"{said}: {trained[size]:.0%}" for size, said in ends.items()]
    return "\n".join(lines)
