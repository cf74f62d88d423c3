"""JFB beside the exact gradient along training: figure of the angles between them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from jfb.analysis.alignment import compared, read
from jfb.output.figures.style import (
    NOTE,
    counted,
    darker,
    drawn_from,
    looks,
    note,
    outer,
    panel_grid,
)

#: Above it a step against the gradient ascends, in degrees.
_UPHILL = 90
# A column of panels each, by name of `alignment.COMPARISONS`; the tolerances are put in.
_COMPARED = {
    "trained": "JFB, fixed points to {0},\nagainst exact, to {0}",
    "loose_jfb": "JFB, fixed points to {0},\nagainst exact, to {1}",
    "loose_exact": "exact, fixed points to {0},\nagainst exact, to {1}",
}
_NOTE = (
    "A line per run. "
    "Grey, above 90\N{DEGREE SIGN}: a descent step by the first-named gradient goes uphill by "
    "the second."
)


@drawn_from(alignments=read)
def alignment(alignments: pd.DataFrame, full: int) -> Figure:
    """Angle between a gradient and a reference along training, a line per run.

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
            column[0].set_title(title.format(*map(_power, tolerances)), fontsize=NOTE)
        for axes, size in zip(column, sizes, strict=True):
            own = chosen[chosen["batch_size"] == size]
            _runs(axes, own, darker(by_size[size]["color"]))
            whose = "Full batch" if size == full else f"Batches of {size}"
            axes.set_ylabel(f"{whose}\nAngle (degrees)")
    most = alignments["epoch"].max()
    for axes in all_axes.flat:
        axes.set_xscale("symlog", linthresh=1)
        ticks = [0, *(10**k for k in range(9) if 10**k <= most)]
        axes.set(xlim=(0, most), xticks=ticks[:: 1 + len(ticks) // 4], xlabel="Epoch")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set(ylim=(0, 180), yticks=range(0, 181, 45))
    outer(all_axes.flat)
    note(figure, _NOTE)
    return figure


def _power(tolerance: float) -> str:
    """A power of ten as 1e-3, unlike a loss of 0.001."""
    return f"{tolerance:.0e}".replace("e-0", "e-")


def _runs(axes: Axes, rows: pd.DataFrame, colour: tuple) -> None:
    """Draw the angle along each run, and say how many runs point uphill at some snapshot."""
    angles = np.degrees(np.arccos(rows["cosine"].clip(-1, 1)))
    for _, run in rows.assign(angle=angles).groupby("seed"):
        axes.plot("epoch", "angle", data=run, color=colour, linewidth=0.8, alpha=0.6)
    axes.axhspan(_UPHILL, 180, color="0.9", linewidth=0, zorder=0)
    uphill = (rows["converged"] & (rows["sign"] < 0)).groupby(rows["seed"]).any()
    said = f"uphill at some epoch:\n{uphill.sum()} of {counted(len(uphill), 'run')}"
    options = {"transform": axes.transAxes, "va": "top", "fontsize": NOTE}
    axes.text(0.04, 0.96, said, **options)
