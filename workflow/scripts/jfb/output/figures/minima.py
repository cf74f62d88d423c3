"""What kind of network a run ends as: figures of units, kinks and sharpness."""

import textwrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from jfb.analysis.minima import CATEGORIES, DIVERGED, category, ends
from jfb.output.figures.inputs import read_sharpness, read_summary, read_units
from jfb.output.figures.style import (
    NOTE,
    counted,
    drawn_from,
    legend,
    level_legend,
    looks,
    loss_axis,
    outer,
    panels,
    say,
)

_SPREAD = 0.7


@drawn_from(summary=read_summary, units=read_units, closed_forms=pd.read_csv)
def kinks(summary: pd.DataFrame, units: pd.DataFrame, closed_forms: pd.DataFrame) -> Figure:
    """Exact loss of each run's best network by its final function, a colour per batch size.

    Lines are the closed forms: the least loss that a function of the form can have. Runs without
    an exact loss are not drawn; below the axis stands how many there are. The best network of a run
    that diverged is one before.

    Args:
        summary, units: of a study, see `jfb.analysis.minima.ends`.
        closed_forms: as `jfb.measure.closed_forms.table` returns them.
    """
    runs = ends(summary, units)
    sizes = looks(runs["batch_size"])
    shown = [name for name in CATEGORIES if (runs["category"] == name).any()]
    figure, (axes,) = panels(1)
    shifts = _SPREAD * (np.arange(len(sizes)) - (len(sizes) - 1) / 2) / len(sizes)
    for shift, (size, look) in zip(shifts, sizes.items(), strict=True):
        own = runs[runs["batch_size"] == size]
        for place, name in enumerate(shown):
            losses = own.loc[own["category"] == name, "exact_best_loss"]
            within = np.linspace(-0.4, 0.4, len(losses)) * _SPREAD / len(sizes)
            x = place + shift + (within if len(losses) > 1 else 0)
            axes.plot(np.broadcast_to(x, len(losses)), losses, linestyle="", markersize=4, **look)
    known = closed_forms.set_index("category")["loss"]
    for place, name in enumerate(shown):
        if name in known:
            axes.hlines(known[name], place - 0.47, place + 0.47, colors="black", linewidth=0.8)
            label = f"least possible {known[name]:.3g}"
            options = {"xytext": (0, -3), "textcoords": "offset points", "fontsize": NOTE}
            axes.annotate(label, (place, known[name]), ha="center", va="top", **options)
    counts = runs["category"].value_counts()
    labels = [f"{textwrap.fill(name, 16)}\n({counted(counts[name], 'run')})" for name in shown]
    axes.set_xticks(range(len(shown)), labels)
    axes.set_xlabel("Final network, as a function of the position on the training points")
    axes.set_xlim(-0.5, len(shown) - 0.5)
    axes.margins(y=0.12)
    axes.grid(visible=False, axis="x")
    loss_axis(axes, runs["exact_best_loss"], "Exact loss", lacking="no exact loss")
    figure.supxlabel(_notes(runs), fontsize=NOTE)
    legend(figure, runs["batch_size"], linestyle="")
    return figure


def _notes(runs: pd.DataFrame) -> str:
    """What `kinks` shows of runs that diverged, and how many runs it cannot show."""
    known = runs["exact_best_loss"].notna()
    notes = []
    if (runs.loc[known, "category"] == DIVERGED).any():
        notes.append("Diverged: the best network before.")
    if not known.all():
        lacking = counted(len(runs), "run")
        notes.append(f"{(~known).sum()} of {lacking} not shown: no exact loss.")
    return " ".join(notes)


@drawn_from(units=read_units)
def fates(units: pd.DataFrame) -> Figure:
    """Share of runs by the function that their network is, over updates, a panel per batch size.

    Args:
        units: see `jfb.records.units.Row`.
    """
    units = units.assign(category=category(units))
    sizes = sorted(units["batch_size"].unique(), reverse=True)
    shown = [name for name in CATEGORIES if (units["category"] == name).any()]
    colours = dict(zip(shown, sns.color_palette("rocket", len(shown)), strict=True))
    most = units["updates"].max()
    ticks = [0, *(100**k for k in range(9) if 100**k <= most)]
    figure, all_axes = panels(len(sizes), sharex=True, sharey=True)
    for axes, size in zip(all_axes, sizes, strict=True):
        own = units[units["batch_size"] == size]
        shares = pd.crosstab(own["updates"], own["category"], normalize="index")
        shares = 100 * shares.reindex(columns=shown, fill_value=0.0)
        colour = [colours[name] for name in shown]
        axes.stackplot(shares.index, shares.T, colors=colour, step="post", linewidth=0)
        axes.set(title=f"Batch size {size}", xlabel="Updates", ylabel="Runs (%)", ylim=(0, 100))
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xticks(ticks)
        axes.set_xlim(0, most)
    outer(all_axes)
    lines = {name: {"color": colours[name], "linewidth": 6} for name in shown}
    level_legend(figure, lines, "Network, as a function of the position")
    return figure


@drawn_from(table=read_sharpness)
def sharpness(table: pd.DataFrame) -> Figure:
    """Measures of sharpness against the loss of each run.

    Runs that ended without a unique fixed point, or diverged, have none; the axis says how many.

    Args:
        table: see `jfb.records.sharpness.Row`.
    """
    measured = {
        "largest_eigenvalue": "Largest eigenvalue of the Hessian",
        "rescaled_eigenvalue": "The same where units\nare scaled to lower it",
        "keskar_sharpness": "Keskar's sharpness (%)",
    }
    figure, all_axes = panels(len(measured), sharex=True)
    known = table[table["converged"] & ~table["diverged"]]
    if left_out := len(table) - len(known):
        diverged = table["diverged"].sum()
        said = f"{left_out} of {counted(len(table), 'run')} not shown: {diverged} diverged, "
        said += f"{left_out - diverged} without a unique fixed point"
        figure.supxlabel(said, fontsize=NOTE)
    for axes, (column, label) in zip(all_axes, measured.items(), strict=True):
        axes.set(xscale="log", yscale="log", ylabel=label)
        axes.set_xlabel("Final training loss")
        shown = known[known[column] > 0]
        for size, look in looks(table["batch_size"]).items():
            own = shown[shown["batch_size"] == size]
            if len(own):
                axes.plot("loss", column, data=own, linestyle="", markersize=4, **look)
        if shown.empty:
            axes.set(xlim=(1e-4, 1), ylim=(1, 1e3))
            say(axes, "no run to measure")
    legend(figure, table["batch_size"], linestyle="")
    return figure
