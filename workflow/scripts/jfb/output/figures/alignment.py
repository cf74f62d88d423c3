"""JFB beside other gradients along training: figure of the angles between them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.alignment import compared, read
from jfb.output.figures.style import drawn_from, legend, looks, panel_grid

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


@drawn_from(alignments=read)
def alignment(alignments: pd.DataFrame) -> Figure:
    """Angle between a gradient and a reference along training, a panel per comparison.

    In the first row at equal tolerance, in the second that of training beside the tightest, with
    the share of runs in which JFB as trained points uphill. Median and quartiles over seeds, by
    batch size of the run; the gradients are of the full batch.

    Args:
        alignments: as `jfb.analysis.alignment.read` returns them.
    """
    figure, all_axes = panel_grid(2, 3, sharex=True)
    *of_angles, shares = all_axes.flat
    for axes, (name, title) in zip(of_angles, _COMPARED.items(), strict=True):
        chosen = compared(alignments, name)
        _bands(axes, chosen.assign(angle=np.degrees(np.arccos(chosen["cosine"].clip(-1, 1)))))
        axes.axhline(_UPHILL, color="black", linewidth=0.8, linestyle="--")
        axes.set_ylabel("Angle (degrees)")
        if len(chosen):
            tolerances = chosen[["tolerance", "reference_tolerance"]].iloc[0]
            axes.set_title(title.format(*tolerances))
    top = max(100, *(axes.get_ylim()[1] for axes in of_angles))
    for axes in of_angles:
        axes.set(yticks=range(0, 181, 30), ylim=(0, top))
    uphill = compared(alignments, "loose_jfb")
    uphill = uphill.assign(percent=(100.0 * (uphill["sign"] < 0)).where(uphill["converged"]))
    means = uphill.groupby(["batch_size", "epoch"])["percent"].mean()
    for size, look in looks(alignments["batch_size"]).items():
        if size in means:
            shares.plot(means.loc[size], color=look["color"], linewidth=1.2)
    shares.set(ylim=(0, 100), ylabel="Runs (%)", title="Uphill runs of the panel at left")
    for axes in all_axes.flat:
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(0, alignments["epoch"].max())
    for axes in all_axes[1]:
        axes.set_xlabel("Epoch")
    for axes in (all_axes[0][1], all_axes[0][2], all_axes[1][1]):
        axes.label_outer()
    legend(figure, alignments["batch_size"], marker="", linewidth=1.2)
    return figure


def _bands(axes: Axes, rows: pd.DataFrame) -> None:
    groups = rows.groupby(["batch_size", "epoch"])["angle"]
    quartiles = groups.quantile([0.25, 0.5, 0.75]).unstack()
    for size, look in looks(rows["batch_size"]).items():
        own, colour = quartiles.loc[size], look["color"]
        axes.fill_between(own.index, own[0.25], own[0.75], color=colour, alpha=0.25, lw=0)
        axes.plot(own[0.5], color=colour, linewidth=1.2)
