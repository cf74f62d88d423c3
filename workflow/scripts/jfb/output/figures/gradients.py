"""JFB beside other gradients: figures of its direction and of what each gradient costs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.alignment import compared
from jfb.output.figures.style import legend, level_legend, level_looks, looks, panels, styled

#: Above it a step against the gradient ascends, in degrees.
_UPHILL = 90
# A panel each, by name of `alignment.COMPARISONS`; the tolerances are put in.
_COMPARED = {
    "trained": "JFB and exact, both at {0:g}",
    "tight": "JFB and exact, both at {0:g}",
    "unrolled": "JFB and unrolled, both at {0:g}",
    "loose_exact": "Exact at {0:g}, exact at {1:g}",
    "loose_jfb": "JFB at {0:g}, exact at {1:g}",
}


@styled
def alignment(rows: pd.DataFrame) -> Figure:
    """Angle between a gradient and a reference along training, a panel per comparison.

    In the first row at equal tolerance, in the second that of training beside the tightest, with
    the share of runs in which JFB as trained points uphill. Median and quartiles over seeds, by
    batch size of the run; the gradients are of the full batch.

    Args:
        rows: as `jfb.analysis.alignment.read` returns them.
    """
    figure, all_axes = panels(3, rows=2, sharex=True)
    *of_angles, shares = all_axes.flat
    for axes, (name, title) in zip(of_angles, _COMPARED.items(), strict=True):
        chosen = compared(rows, name)
        _bands(axes, chosen.assign(angle=np.degrees(np.arccos(chosen["cosine"].clip(-1, 1)))))
        axes.axhline(_UPHILL, color="black", linewidth=0.8, linestyle="--")
        axes.set_ylabel("Angle (degrees)")
        if len(chosen):
            tolerances = chosen[["tolerance", "reference_tolerance"]].iloc[0]
            axes.set_title(title.format(*tolerances))
    top = max(100, *(axes.get_ylim()[1] for axes in of_angles))
    for axes in of_angles:
        axes.set(yticks=range(0, 181, 30), ylim=(0, top))
    uphill = compared(rows, "loose_jfb")
    uphill = uphill.assign(percent=(100.0 * (uphill["sign"] < 0)).where(uphill["converged"]))
    means = uphill.groupby(["batch_size", "epoch"])["percent"].mean()
    for size, look in looks(rows["batch_size"]).items():
        if size in means:
            shares.plot(means.loc[size], color=look["color"], linewidth=1.2)
    shares.set(ylim=(0, 100), ylabel="Runs (%)", title="Uphill runs of the panel at left")
    for axes in all_axes.flat:
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(0, rows["epoch"].max())
    for axes in all_axes[1]:
        axes.set_xlabel("Epoch")
    for axes in (all_axes[0][1], all_axes[0][2], all_axes[1][1]):
        axes.label_outer()
    legend(figure, rows["batch_size"], marker="", linewidth=1.2)
    return figure


def _bands(axes: Axes, rows: pd.DataFrame) -> None:
    groups = rows.groupby(["batch_size", "epoch"])["angle"]
    quartiles = groups.quantile([0.25, 0.5, 0.75]).unstack()
    for size, look in looks(rows["batch_size"]).items():
        own, colour = quartiles.loc[size], look["color"]
        axes.fill_between(own.index, own[0.25], own[0.75], color=colour, alpha=0.25, lw=0)
        axes.plot(own[0.5], color=colour, linewidth=1.2)


_MEASURED = {
    "peak_bytes": "Peak of backward (bytes)",
    "step_seconds": "Seconds per step",
}
# Of the first and the last level, in points; hollow, so that those that coincide lie in each other.
_MARKER_SIZES = 11, 4
_VARIED = {"iterations": "Fixed-point iterations", "latent_dim": "Latent dimension"}


@styled
def cost(table: pd.DataFrame) -> Figure:
    """Peak memory of the backward pass and seconds of a step, by gradient, against what varied.

    Args:
        table: as `jfb.analysis.cost.summarised` returns it.
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
