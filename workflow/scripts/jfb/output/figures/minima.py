"""What form networks have: figures of their losses by form, and of forms along training."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from jfb.analysis.minima import category, ends
from jfb.output.figures.inputs import read_summary, read_units
from jfb.output.figures.style import (
    NOTE,
    categories,
    counted,
    drawn_from,
    level_legend,
    looks,
    loss_axis,
    note,
    outer,
    panels,
    plain_ticks,
)
from jfb.records.units import (
    CATEGORIES,
    CONSTANT,
    DIVERGED,
    FLAT_SIDE,
    MORE_KINKS,
    ONE_KINK,
    STRAIGHT,
    TWO_KINKS,
)

# Of the runs within a column; letters that fit beside each other below all columns.
_SPREAD, _ACROSS = 0.84, 78
# Times the least loss of its form, a run is not at it.
_FAR = 2
# What closed forms call the first of those that have three or more.
_THREE_KINKS = "three kinks"
#: Up to which part of the last number of updates the last snapshot is drawn.
_END = 1.5
_POINTS = {"linestyle": "", "markersize": 5, "alpha": 0.8, "markeredgewidth": 0}


# What networks can be, as polylines in a square.
_SKETCHES = {
    CONSTANT: [(0, 0.5), (1, 0.5)],
    STRAIGHT: [(0, 0.15), (1, 0.85)],
    FLAT_SIDE: [(0, 0.1), (0.4, 0.9), (1, 0.9)],
    ONE_KINK: [(0, 0.1), (0.4, 0.95), (1, 0.5)],
    TWO_KINKS: [(0, 0.05), (0.3, 0.3), (0.55, 0.95), (1, 0.5)],
    MORE_KINKS: [(0, 0), (0.2, 0.15), (0.45, 0.95), (0.7, 0.65), (1, 0.55)],
}


@drawn_from(summary=read_summary, units=read_units, closed_forms=pd.read_csv)
def kinks(summary: pd.DataFrame, units: pd.DataFrame, closed_forms: pd.DataFrame) -> Figure:
    """Exact loss of each run's best network by its final function, a column per function.

    Lines are the closed forms: the least loss that a function of the form can have; above is a
    sketch of it. Within a column runs are ordered by batch size. Runs without an exact loss are not
    drawn; below the axis stands how many there are. The best network of a run that diverged is one
    before.

    Args:
        summary, units: of a study, see `jfb.analysis.minima.ends`.
        closed_forms: as `jfb.measure.closed_forms.table` returns them.
    """
    runs = ends(summary, units).sort_values("batch_size", ascending=False, kind="stable")
    shown = [name for name in CATEGORIES if (runs["category"] == name).any()]
    figure, (axes,) = panels(1)
    figure.set_figheight(4)
    for place, name in enumerate(shown):
        own = runs[runs["category"] == name]
        within = (np.arange(len(own)) + 0.5) / len(own) - 0.5
        own = own.assign(x=place + within * _SPREAD)
        for size, look in looks(runs["batch_size"]).items():
            rows = own[own["batch_size"] == size]
            axes.plot("x", "exact_best_loss", data=rows, **(_POINTS | look))
    categories(axes, _counted(runs["category"].value_counts()[shown]))
    axes.set_xlabel("Form of the final network along the training points")
    axes.grid(visible=False, axis="x")
    loss_axis(axes, runs["exact_best_loss"], "Exact loss", lacking="no exact loss")
    plain_ticks(axes.yaxis)
    least = closed_forms.set_index("category")["loss"]
    _levels(axes, shown, least)
    more = "; with four kinks it is lower still" if MORE_KINKS in shown else ""
    note(figure, f"Black lines: the least loss of the form{more}. {_notes(runs, least)}")
    sizes = {f"{size}": look | _POINTS for size, look in looks(runs["batch_size"]).items()}
    level_legend(figure, sizes, "Batch size")
    return figure


def _counted(counts: pd.Series) -> list[str]:
    """Names of columns, each with its number of runs, in lines that fit beside each other."""
    letters = _ACROSS // len(counts)
    return [
        f"{textwrap.fill(name, letters)}\n({counted(number, 'run')})"
        for name, number in counts.items()
    ]


def _levels(axes: Axes, shown: Sequence[str], known: pd.Series) -> None:
    """Draw the least loss of each form, by its place, and above it a sketch of the form."""
    for place, name in enumerate(shown):
        # Of a column of several forms, the line is that of the first.
        of = _THREE_KINKS if name == MORE_KINKS else name
        if of in known:
            own = {"colors": "black", "linewidth": 1.4, "zorder": 1}
            axes.hlines(known[of], place - 0.46, place + 0.46, **own)
            patch = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
            options = {"fontsize": NOTE, "ha": "center", "va": "top", "bbox": patch, "zorder": 1.5}
            least = f"at least\n{_plain(known[of])}"
            least += f"\nwith {of.split()[0]}" if of != name else ""
            axes.annotate(least, (place, known[of]), (0, -5), textcoords="offset points", **options)
        else:
            least = "least loss\nnot known"
            options = {"fontsize": NOTE, "ha": "center", "va": "bottom", "zorder": 1.5}
            place_of = {"xy": (place, 0.02), "xycoords": axes.get_xaxis_transform()}
            axes.annotate(least, **place_of, **options)
    low, high = np.log(axes.get_ylim())
    axes.set_ylim(np.exp(low - 0.24 * (high - low)), np.exp(high + 0.25 * (high - low)))
    for place, name in enumerate(shown):
        if name in _SKETCHES:
            x, y = np.transpose(_SKETCHES[name])
            options = {"transform": axes.get_xaxis_transform(), "color": "black", "linewidth": 1.8}
            axes.plot(place + 0.5 * (x - 0.5), 0.85 + 0.11 * y, **options)


def _plain(loss: float) -> str:
    """Three digits, without a power of ten."""
    return np.format_float_positional(loss, precision=3, fractional=False, trim="-")


def _notes(runs: pd.DataFrame, least: pd.Series) -> str:
    """What `kinks` shows of runs far above their line, of those that diverged and of the others."""
    known = runs["exact_best_loss"].notna()
    notes = []
    if (runs["exact_best_loss"] > _FAR * runs["category"].map(least)).any():
        notes.append(
            "Runs far above their line: their loss still falls, or a kink cuts off few points."
        )
    if (runs.loc[known, "category"] == DIVERGED).any():
        notes.append("Diverged: the best network before.")
    if not known.all():
        lacking = counted(len(runs), "run")
        notes.append(f"{(~known).sum()} of {lacking} not shown: no exact loss.")
    return " ".join(notes)


@drawn_from(units=read_units)
def fates(units: pd.DataFrame) -> Figure:
    """What form networks have, over updates: shares of runs in a panel per batch size.

    Of one run per batch size, a bar for each in one panel.

    Args:
        units: see `jfb.records.units.Row`.
    """
    units = units.assign(category=category(units))
    shown = [name for name in CATEGORIES if (units["category"] == name).any()]
    colours = dict(zip(shown, sns.color_palette("rocket", len(shown)), strict=True))
    runs = units.groupby("batch_size")["seed"].nunique().sort_index(ascending=False)
    drawn = _timelines if runs.max() == 1 else _shares_of_forms
    figure, all_axes = drawn(units, runs, colours)
    most = units["updates"].max()
    for axes in all_axes:
        axes.set_xscale("symlog", linthresh=1)
        axes.set(xticks=[0, *(100**k for k in range(9) if 100**k <= most)], xlim=(0, _END * most))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_xlabel("Updates")
    outer(all_axes)
    lines = {name: {"color": colours[name], "linewidth": 6} for name in shown}
    level_legend(figure, lines, "Form of the network along the training points")
    return figure


def _shares_of_forms(
    units: pd.DataFrame, runs: pd.Series, colours: dict[str, tuple]
) -> tuple[Figure, Sequence[Axes]]:
    """A panel per batch size with the share of its runs by form."""
    figure, all_axes = panels(len(runs), sharex=True, sharey=True)
    ends = units.groupby("batch_size")["updates"].max()
    first = runs.index[0]
    for axes, (size, count) in zip(all_axes, runs.items(), strict=True):
        own = units[units["batch_size"] == size]
        shares = pd.crosstab(own["updates"], own["category"], normalize="index")
        shares = 100 * shares.reindex(columns=list(colours), fill_value=0.0)
        shares.loc[_END * ends[size]] = shares.iloc[-1]
        look = {"colors": list(colours.values()), "step": "post", "linewidth": 0}
        axes.stackplot(shares.index, shares.T, **look)
        axes.set(
            ylabel="Runs (%)", ylim=(0, 100), title=f"Batches of {size}: {counted(count, 'run')}"
        )
        if size != first:
            axes.axvline(ends[first], color="white", linestyle="--", linewidth=1)
            options = {"rotation": 90, "color": "white", "fontsize": NOTE, "ha": "right"}
            axes.text(ends[first], 4, f"end of {first} ", va="bottom", **options)
    return figure, all_axes


def _timelines(
    units: pd.DataFrame, runs: pd.Series, colours: dict[str, tuple]
) -> tuple[Figure, Sequence[Axes]]:
    """A bar per batch size, coloured by the form of its one run."""
    figure, all_axes = panels(1)
    (axes,) = all_axes
    for place, size in enumerate(runs.index):
        run = units[units["batch_size"] == size].sort_values("updates")
        starts = run["updates"].to_numpy(float)
        # The last snapshot is the end of the run: a part of its bar, to be seen.
        widths = np.diff(starts, append=_END * starts[-1])
        colour = [colours[name] for name in run["category"]]
        axes.barh(place, widths, left=starts, height=0.7, color=colour, linewidth=0)
    axes.set(yticks=range(len(runs)), ylim=(len(runs) - 0.5, -0.5), ylabel="Batch size (one run)")
    axes.set_yticklabels(runs.index)
    axes.grid(visible=False, axis="y")
    return figure, all_axes
