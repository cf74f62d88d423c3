"""What a step costs: figure of its memory and seconds by gradient."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from jfb.analysis.cost import summarised
from jfb.output.figures.style import drawn_from, level_legend, level_looks, outer, panel_grid

_MEASURED = {
    "peak_bytes": "Peak of backward (bytes)",
    "step_seconds": "Seconds per step",
}
# Of the first and the last level, in points; hollow, so that those that coincide lie in each other.
_MARKER_SIZES = 11, 4
_VARIED = {"iterations": "Fixed-point iterations", "latent_dim": "Latent dimension"}


def _read(path: str | Path) -> pd.DataFrame:
    return summarised(pd.read_csv(path))


@drawn_from(costs=_read)
def cost(costs: pd.DataFrame) -> Figure:
    """Peak memory of the backward pass and seconds of a step, by gradient, against what varied.

    Args:
        costs: as `jfb.analysis.cost.summarised` returns it.
    """
    levels = level_looks(costs["gradient"])
    for look, size in zip(levels.values(), np.linspace(*_MARKER_SIZES, len(levels)), strict=True):
        look |= {"markersize": size, "markerfacecolor": "none", "markeredgecolor": look["color"]}
    figure, all_axes = panel_grid(2, 2, sharex="col", sharey="row")
    for row, (measured, label) in zip(all_axes, _MEASURED.items(), strict=True):
        for axes, (varied, name) in zip(row, _VARIED.items(), strict=True):
            for level, look in levels.items():
                chosen = (costs["varied"] == varied) & (costs["gradient"] == level)
                axes.plot(varied, measured, data=costs[chosen], linewidth=0.9, **look)
            axes.set(xscale="log", yscale="log", xlabel=name, ylabel=label)
    outer(all_axes.flat)
    level_legend(figure, levels, "Gradient")
    return figure
