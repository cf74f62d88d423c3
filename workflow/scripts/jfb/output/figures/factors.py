"""What the factors of a study make of it: figures by factor and batch size."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.analysis.shares import shares as shares_of
from jfb.output.figures.inputs import read_logs, read_summaries, read_summary
from jfb.output.figures.style import (
    NOTE,
    counted,
    drawn_from,
    in_percent,
    level_legend,
    level_looks,
    outer,
    panels,
    say,
    with_diverged,
)

_SPREAD = 0.6


@drawn_from(summary=read_summary)
def shares(summary: pd.DataFrame, factors: Sequence[str]) -> Figure:
    """Share of seeds whose lowest loss reaches the minimum, with its 95 % Wilson interval.

    Runs that diverged are among them; the legend says how many of a level did.

    Args:
        summary: of a study, see `jfb.engines.summary`.
        factors: of the study.
    """
    summary = _labelled(summary, factors)
    table = shares_of(summary, ["level", "batch_size"])
    levels = level_looks(table["level"])
    sizes = sorted(table["batch_size"].unique(), reverse=True)
    figure, (axes,) = panels(1)
    shifts = _SPREAD * (np.arange(len(levels)) - (len(levels) - 1) / 2) / len(levels)
    for shift, (level, look) in zip(shifts, levels.items(), strict=True):
        rows = table[table["level"] == level].set_index("batch_size").reindex(sizes)
        share = rows["share_reached"]
        reach = [share - rows["share_low"], rows["share_high"] - share]
        axes.errorbar(
            np.arange(len(sizes)) + shift,
            share,
            yerr=np.abs(reach),
            capsize=2,
            linestyle="",
            elinewidth=1,
            markersize=5,
            **look,
        )
    axes.set(xticks=range(len(sizes)), xticklabels=sizes, ylim=(-0.03, 1.03))
    axes.set_xlim(-0.5, len(sizes) - 0.5)
    *fewer, most = sorted(summary.groupby("level")["seed"].nunique().unique())
    seeds = "".join(f"{number} or " for number in fewer) + counted(most, "seed")
    axes.set_xlabel(f"Batch size (bars: 95 % intervals over {seeds})")
    axes.set_ylabel(f"Runs with a loss of at most {REACHED:g} (%)")
    axes.grid(visible=False, axis="x")
    in_percent(axes.yaxis)
    level_legend(figure, _named(levels, summary), _title(factors))
    return figure


@drawn_from(summary=read_summary)
def loss_by_level(summary: pd.DataFrame, factors: Sequence[str]) -> Figure:
    """Lowest loss of each run by level of the factors, with medians, a panel per batch size.

    A seed has the same place at every level. A run that diverged is a cross at the lowest loss that
    it had before, if it had one; the legend says how many of a level did. For the median, a run
    without a finite loss is above all.

    Args:
        summary: of a study, see `jfb.engines.summary`.
        factors: of the study.
    """
    summary = _labelled(summary, factors)
    levels = level_looks(summary["level"])
    sizes = sorted(summary["batch_size"].unique(), reverse=True)
    seeds = sorted(summary["seed"].unique())
    # From the left to the right of a level's column.
    order = np.arange(len(seeds)) - (len(seeds) - 1) / 2
    shifts = pd.Series(_SPREAD * order / len(seeds), seeds)
    figure, all_axes = panels(len(sizes), sharex=True, sharey=True)
    for axes, size in zip(all_axes, sizes, strict=True):
        axes.axhline(REACHED, color="black", linewidth=0.8, linestyle="--")
        of_size = summary[summary["batch_size"] == size]
        for place, (level, look) in enumerate(levels.items()):
            runs = of_size[of_size["level"] == level]
            _column(axes, runs.assign(x=place + runs["seed"].map(shifts)), place, look)
        if of_size["lowest_loss"].isna().all():
            say(axes, "no finite loss")
        axes.set(yscale="log", ylabel="Lowest training loss\n(mean squared error)")
        axes.set(title=f"Batch size {size}", xticks=[], xlim=(-0.6, len(levels) - 0.4))
    outer(all_axes)
    if summary["lowest_loss"].isna().all():
        all_axes[0].set_ylim(1e-3, 1)
    figure.supxlabel(_marks(summary, len(seeds)), fontsize=NOTE)
    named = {name: look | {"linestyle": ""} for name, look in _named(levels, summary).items()}
    level_legend(figure, named, _title(factors))
    return figure


def _column(axes: Axes, runs: pd.DataFrame, place: int, look: Mapping) -> None:
    """Draw the runs of a level, each at its `x`, and their median around the level's place."""
    size, edge = (4, 0.3) if len(runs) <= 50 else (2, 0)
    look = look | {"linestyle": "", "markersize": size, "mew": edge}
    kept, lost = runs[~runs["diverged"]], runs[runs["diverged"]]
    axes.plot("x", "lowest_loss", data=kept, **look)
    cross = look | {"marker": "x", "markersize": 4, "mew": 1, "markeredgecolor": look["color"]}
    axes.plot("x", "lowest_loss", data=lost, **cross)
    median = runs["lowest_loss"].fillna(np.inf).median()
    if np.isfinite(median):
        axes.hlines(median, place - 0.44, place + 0.44, "black", linewidth=1, zorder=3)


def _marks(summary: pd.DataFrame, seeds: int) -> str:
    """What the marks of `loss_by_level` are, and how many runs it cannot show."""
    missing = summary["lowest_loss"].isna()
    order = "" if seeds == 1 else ", in the same order at each level"
    said = f"A point per run: {counted(seeds, 'seed')}{order}. Bar: median. Dashed: {REACHED:g}."
    if (summary["diverged"] & ~missing).any():
        said += " Cross: before it diverged."
    if missing.any():
        said += f"\n{missing.sum()} of {counted(len(summary), 'run')} not shown: no finite loss."
    return said


@drawn_from(summaries=read_summaries)
def updates(summaries: Sequence[pd.DataFrame], after: Sequence[str]) -> Figure:
    """Share of seeds that reach the minimum after the same epochs and after the same updates.

    Args:
        summaries: of two studies, see `jfb.engines.summary`.
        after: what the runs of each had the same number of, in words.
    """
    parts = zip(summaries, after, strict=True)
    return shares(pd.concat([table.assign(after=what) for table, what in parts]), ["after"])


@drawn_from(logs=read_logs)
def spectral_norm(logs: pd.DataFrame, factors: Sequence[str]) -> Figure:
    """Spectral norm of the latent weight over epochs: median and quartiles over seeds.

    A panel per batch size, a colour per level of the factors. Over the runs that did not diverge;
    the title of a panel says how many did.

    Args:
        logs: as `jfb.output.figures.inputs.read_logs` returns them.
        factors: of the study.
    """
    logs = _labelled(logs, factors)
    levels = level_looks(logs["level"])
    runs = logs.drop_duplicates(["level", "batch_size", "seed"]).set_index("batch_size")["diverged"]
    finite = logs[~logs["diverged"]]
    quartiles = {
        place: of_epoch["spectral_norm"].quantile([0.25, 0.5, 0.75]).unstack()
        for place, rows in finite.groupby(["batch_size", "level"])
        for of_epoch in [rows.groupby("epoch")]
    }
    sizes = sorted(logs["batch_size"].unique(), reverse=True)
    figure, all_axes = panels(len(sizes), sharex=True, sharey=True)
    for axes, size in zip(all_axes, sizes, strict=True):
        axes.axhline(1, color="black", linewidth=0.8, linestyle="--")
        axes.set(xlabel="Epoch", ylabel="Spectral norm of the latent weight")
        axes.set(xlim=(0, logs["epoch"].max()))
        axes.set(title=with_diverged(f"Batch size {size}", runs.loc[[size]]))
        if runs.loc[[size]].all():
            say(axes, "all runs diverged")
        for level, look in levels.items():
            if (size, level) not in quartiles:
                continue
            own, colour = quartiles[size, level], look["color"]
            axes.fill_between(own.index, own[0.25], own[0.75], color=colour, alpha=0.12, lw=0)
            axes.plot(own[[0.25, 0.75]], color=colour, linewidth=0.5, alpha=0.6)
            axes.plot(own[0.5], color=colour, linewidth=1.4)
    outer(all_axes)
    if factors:
        lines = {level: look | {"marker": "", "linewidth": 1.4} for level, look in levels.items()}
        level_legend(figure, lines, _title(factors))
    return figure


def _named(levels: Mapping[str, dict], summary: pd.DataFrame) -> dict[str, dict]:
    """The looks of levels by their names with the number of their runs that diverged."""
    diverged = summary.set_index("level")["diverged"]
    return {with_diverged(level, diverged.loc[[level]]): look for level, look in levels.items()}


def _title(factors: Sequence[str]) -> str:
    return ", ".join(factors).replace("_", " ").capitalize()


def _labelled(table: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """The table with a column `level`: the levels of all factors in one text."""
    if not factors:
        return table.assign(level="all runs")
    return table.assign(level=table[list(factors)].agg(", ".join, axis=1))
