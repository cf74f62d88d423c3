"""JFB beside the exact gradient along training: figure of the angles between them."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from jfb.analysis.alignment import compared, mean_over_epochs, read, weighted
from jfb.output.figures.style import (
    NOTE,
    counted,
    darker,
    drawn_from,
    level_legend,
    looks,
    note,
    outer,
    panel_grid,
)

#: Above it a step against the gradient ascends, in degrees.
_UPHILL = 90
# A column of panels each, by name of `alignment.COMPARISONS`; the tolerances are put in.
_COMPARED = {
    "trained": "JFB at {0},\njudged by exact at {1}",
    "loose_jfb": "JFB at {0},\njudged by exact at {1}",
    "loose_exact": "Exact at {0},\njudged by exact at {1}",
}
_UPHILL_RUN = {"color": sns.color_palette("colorblind")[3], "linewidth": 1.1}
#: More such runs than this are drawn thin, so that each can be seen.
_MANY, _ONE_OF_MANY = 8, {"linewidth": 0.4, "alpha": 0.6}
# Points above a panel that what is said of it takes.
_ABOVE = 28
_NOTE = (
    "Grey, above 90\N{DEGREE SIGN}: a step by the first gradient goes uphill by the second. "
    "{0} and {1}: how near the solver gets to fixed points; {0} is that of training. "
    "Bands: all runs. Share of epochs: mean over runs, each snapshot counting for those nearest."
)


@drawn_from(alignments=read)
def alignment(alignments: pd.DataFrame, full: int) -> Figure:
    """Angle between a gradient and a reference along training.

    The median over runs, in a band from the lowest to the highest, and each run that points uphill
    at some snapshot.

    A column per comparison: JFB at the tolerance of the exact gradient, JFB at that of training
    beside the exact one at the tightest, and the exact one at either. A row for the largest batch
    size and one for the smallest. The gradients are of the full batch.

    Args:
        alignments: as `jfb.analysis.alignment.read` returns them.
        full: the size of the full batch.
    """
    sizes = sorted({alignments["batch_size"].max(), alignments["batch_size"].min()}, reverse=True)
    by_size = looks(alignments["batch_size"])
    figure, all_axes = panel_grid(len(sizes), len(_COMPARED), sharex=True, sharey=True)
    for column, (name, title) in zip(all_axes.T, _COMPARED.items(), strict=True):
        chosen = compared(alignments, name)
        if len(chosen):
            tolerances = chosen[["tolerance", "reference_tolerance"]].iloc[0]
            column[0].set_title(title.format(*map(_power, tolerances)), pad=_ABOVE)
        for axes, size in zip(column, sizes, strict=True):
            own = chosen[chosen["batch_size"] == size]
            _runs(axes, own, darker(by_size[size]["color"]))
            whose = "Full batch" if size == full else f"Batches of {size}"
            axes.set_ylabel(f"{whose}\nAngle (degrees)")
        # Room for what stands above the panels below the first, too.
        for axes in column[1:]:
            axes.set_title(" \n ", fontsize=NOTE)
    most = alignments["epoch"].max()
    for axes in all_axes.flat:
        axes.set_xscale("symlog", linthresh=1)
        ticks = [0, *(10**k for k in range(9) if 10**k <= most)]
        axes.set(xlim=(0, most), xticks=ticks[:: 1 + len(ticks) // 4], xlabel="Epoch")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set(ylim=(0, 180), yticks=range(0, 181, 45))
    outer(all_axes.flat)
    legend = {
        "median": {"color": "0.2", "linewidth": 2},
        "run that points uphill at some epoch": _UPHILL_RUN,
    }
    level_legend(figure, legend, "")
    ends = alignments["reference_tolerance"].agg(["max", "min"])
    note(figure, _NOTE.format(*map(_power, ends)))
    return figure


def _power(tolerance: float) -> str:
    """A power of ten as 1e-3, unlike a loss of 0.001."""
    return f"{tolerance:.0e}".replace("e-0", "e-")


def _percent(share: float) -> str:
    """A share to two digits, of which none is told as 0 that is not, and an unknown one."""
    if np.isnan(share):
        return "unknown share"
    return "<0.01 %" if 0 < share < 1e-4 else f"{100 * share:.2g} %"


def _runs(axes: Axes, rows: pd.DataFrame, colour: tuple) -> None:
    """Draw the angles of all runs, those that point uphill alone, and say how many do."""
    angles = np.degrees(np.arccos(rows["cosine"].clip(-1, 1)))
    wide = rows.assign(angle=angles).pivot(index="epoch", columns="seed", values="angle")
    uphill = (rows["converged"] & (rows["sign"] < 0)).groupby(rows["seed"]).any()
    band = {"color": colour, "alpha": 0.25, "linewidth": 0}
    axes.fill_between(wide.index, wide.min(axis=1), wide.max(axis=1), **band)
    look = _UPHILL_RUN | (_ONE_OF_MANY if uphill.sum() > _MANY else {})
    axes.plot(wide[uphill.index[uphill]], **look)
    axes.plot(wide.median(axis=1), color=colour, linewidth=2)
    axes.axhspan(_UPHILL, 180, color="0.9", linewidth=0, zorder=0)
    share = 1 - mean_over_epochs(weighted(rows), "downhill").mean()
    runs = f"in {uphill.sum()} of {counted(len(uphill), 'run')}"
    said = f"uphill: {_percent(share)} of epochs,\n{runs}"
    place = {"transform": axes.transAxes, "va": "bottom", "color": "0.3", "fontsize": NOTE}
    # Panels are as wide as each other, whatever stands above them.
    axes.text(0, 1.02, said, **place).set_in_layout(False)
