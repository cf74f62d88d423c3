"""JFB beside other gradients: figures of its direction and of what each gradient costs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.figures.style import legend, level_legend, level_looks, looks, panels, styled


@styled
def alignment(rows: pd.DataFrame) -> Figure:
    """Cosine and ratio of the norms of the JFB and the exact gradient, and ascent directions.

    Median and quartiles over seeds, by batch size of the run; the gradients are of the full batch.

    Args:
        rows: as `jfb.alignments.read` returns them.
    """
    figure, (cosine, ratio, ascent) = panels(3, sharex=True)
    for axes, column in ((cosine, "cosine"), (ratio, "norm_ratio")):
        _bands(axes, rows, column)
    uphill = rows["sign"].lt(0).astype(float).where(rows["exact_converged"])
    shares = uphill.groupby([rows["batch_size"], rows["epoch"]]).mean()
    for size, look in looks(rows["batch_size"]).items():
        ascent.plot(100 * shares.loc[size], color=look["color"], linewidth=1.2)
    cosine.set(ylabel="Cosine of JFB and exact gradient")
    ratio.set(yscale="log", ylabel="Norm of JFB / norm of exact gradient")
    ratio.axhline(1, color="black", linewidth=0.8, linestyle="--")
    ascent.set(ylabel="Runs where JFB points uphill (%)", ylim=(-2, None))
    for axes in (cosine, ratio, ascent):
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(0, rows["epoch"].max())
        axes.set_xlabel("Epoch")
    legend(figure, rows["batch_size"], marker="", linewidth=1.2)
    return figure


def _bands(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    groups = rows.groupby(["batch_size", "epoch"])[column]
    quartiles = groups.quantile([0.25, 0.5, 0.75]).unstack()
    for size, look in looks(rows["batch_size"]).items():
        own, colour = quartiles.loc[size], look["color"]
        axes.fill_between(own.index, own[0.25], own[0.75], color=colour, alpha=0.25, lw=0)
        axes.plot(own[0.5], color=colour, linewidth=1.2)


_MEASURED = {
    "bytes_kept": "Kept for backward (bytes)",
    "step_seconds": "Seconds per step",
}
# Of the first and the last level, in points; hollow, so that those that coincide lie in each other.
_MARKER_SIZES = 11, 4
_VARIED = {"iterations": "Fixed-point iterations", "latent_dim": "Latent dimension"}


@styled
def cost(table: pd.DataFrame) -> Figure:
    """Bytes kept and seconds per step by gradient, against iterations and latent dimension.

    Args:
        table: as `jfb.cost.measure` returns it.
    """
    levels = level_looks(table["gradient"])
    for look, size in zip(levels.values(), np.linspace(*_MARKER_SIZES, len(levels)), strict=True):
        look |= {"markersize": size, "markerfacecolor": "none", "markeredgecolor": look["color"]}
    figure, all_axes = panels(2, rows=2, sharex="col", sharey="row")
    for row, (measured, label) in zip(all_axes, _MEASURED.items(), strict=True):
        for axes, (varied, name) in zip(row, _VARIED.items(), strict=True):
            for level, look in levels.items():
                chosen = (table["varied"] == varied) & (table["gradient"] == level)
                axes.plot(varied, measured, data=table[chosen], linewidth=0.9, **look)
            axes.set(xscale="log", yscale="log", xlabel=name, ylabel=label)
            axes.label_outer()
    level_legend(figure, levels, "Gradient")
    return figure
