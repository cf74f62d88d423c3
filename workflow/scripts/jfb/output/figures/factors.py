"""What the factors of a study make of it: figures by factor and batch size."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.analysis.shares import shares as shares_of
from jfb.output.figures.inputs import read_logs, read_summaries, read_summary, sample
from jfb.output.figures.marks import in_rows, rows
from jfb.output.figures.style import (
    DASHED,
    NOTE,
    PAGE_WIDTH,
    categories,
    counted,
    drawn_from,
    in_percent,
    level_legend,
    level_looks,
    looks,
    note,
    outer,
    panels,
    plain_ticks,
    say,
    sized,
    with_diverged,
)

_SPREAD = 0.6
# Inches that a number of two digits takes beside its point, and the height of a level's name.
_NUMBER, _NAME = 0.28, 0.2
# Runs of a level that a panel shows as lines, at most.
_SHOWN = 20


@drawn_from(summary=read_summary)
def shares(summary: pd.DataFrame, factors: Sequence[str], full: int) -> Figure:
    """Share of seeds whose lowest loss reaches the minimum, with its 95 % Wilson interval.

    By batch size, with levels side by side; of one batch size, level below level. Runs that
    diverged are among the seeds; the names of levels say how many did.

    Args:
        summary: of a study, see `jfb.engines.summary`.
        factors: of the study.
        full: the size of the full batch.
    """
    summary = _labelled(summary, factors)
    table = shares_of(summary, ["level", "batch_size"])
    sizes = sorted(table["batch_size"].unique(), reverse=True)
    levels = level_looks(table["level"])
    seeds = summary.groupby("level", sort=False)["seed"].nunique()
    alike = seeds.nunique() == 1
    names = _names(summary, None if alike else seeds)
    figure, (axes,) = panels(1)
    what = f"Runs with a loss of at most {REACHED:g} (%)"
    if len(sizes) == 1:
        _below(axes, table.set_index("level"), names)
        axes.grid(visible=False, axis="y")
        axes.set(xlabel=what, ylabel=_title(factors), xlim=(-0.03, 1.08))
        axes.set(title=f"Batch size {sized(sizes[0], full)}")
        in_percent(axes.xaxis)
    else:
        shifts = _SPREAD * (np.arange(len(levels)) - (len(levels) - 1) / 2) / len(levels)
        numbers = PAGE_WIDTH * _SPREAD / len(levels) / len(sizes) >= _NUMBER
        for shift, (level, look) in zip(shifts, levels.items(), strict=True):
            own = table[table["level"] == level]
            own = own.assign(x=own["batch_size"].map(sizes.index) + shift)
            _side_by_side(axes, own, look, numbers)
        categories(axes, [sized(size, full) for size in sizes])
        axes.set(xlabel="Batch size", ylabel=what, ylim=(-0.03, 1.03))
        axes.grid(visible=False, axis="x")
        in_percent(axes.yaxis)
        shown = {names[level]: look | {"linestyle": ""} for level, look in levels.items()}
        level_legend(figure, shown, _title(factors))
    over = f" over {counted(seeds.iloc[0], 'seed')}" if alike else ""
    note(figure, f"Bars: 95 % intervals{over}.")
    return figure


def _side_by_side(axes: Axes, rows: pd.DataFrame, look: Mapping, numbers: bool) -> None:
    """Draw the shares of a level at `x`, with their numbers beside them or without."""
    options = {"capsize": 2, "linestyle": "", "elinewidth": 1, "markersize": 5}
    axes.errorbar(rows["x"], rows["share_reached"], _reach(rows), **options, **look)
    for x, share in zip(rows["x"], rows["share_reached"], strict=True):
        if numbers:
            _write(axes, share, (x, share))


def _below(axes: Axes, rows: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Draw a share per level, the first at the top, with its number after its interval."""
    for place, (level, look) in enumerate(level_looks(rows.index).items()):
        row = rows.loc[[level]]
        options = {"capsize": 2, "elinewidth": 1, "markersize": 5}
        axes.errorbar(row["share_reached"], [place], xerr=_reach(row), **options, **look)
        _write(axes, row["share_reached"].iloc[0], (row["share_high"].iloc[0], place))
    _lines(axes, names)


def _reach(rows: pd.DataFrame) -> np.ndarray:
    """How far the interval of each share reaches below and above it."""
    share = rows["share_reached"]
    return np.abs([share - rows["share_low"], rows["share_high"] - share])


def _write(axes: Axes, share: float, at: tuple[float, float]) -> None:
    options = {"textcoords": "offset points", "va": "center", "fontsize": NOTE}
    axes.annotate(f"{100 * share:.0f}", at, (5, 0), **options)


def _lines(axes: Axes, names: Mapping[str, str]) -> None:
    """Name the places 0, 1, ... of y, from the top."""
    axes.set(yticks=range(len(names)), yticklabels=names.values(), ylim=(len(names) - 0.4, -0.6))


@drawn_from(summary=read_summary)
def loss_by_level(summary: pd.DataFrame, factors: Sequence[str], full: int) -> Figure:
    """Lowest loss of each run, level below level of the factors, by batch size.

    Beside a level stands how many of its runs reach 0.001. A seed has the same place at every
    level. A run that diverged is a cross at the lowest loss that it had before, if it had one; the
    name of a level says how many did.

    Args:
        summary: of a study, see `jfb.engines.summary`.
        factors: of the study.
        full: the size of the full batch.
    """
    summary = _labelled(summary, factors)
    levels = level_looks(summary["level"])
    sizes = sorted(summary["batch_size"].unique(), reverse=True)
    seeds = sorted(summary["seed"].unique())
    # From the top to the bottom of a level's line.
    order = np.arange(len(seeds)) - (len(seeds) - 1) / 2
    shifts = pd.Series(_SPREAD * order / len(seeds), seeds)
    figure, all_axes = panels(len(sizes), sharex=True, sharey=True)
    rows = all_axes[0].get_gridspec().nrows
    figure.set_figheight(max(figure.get_figheight(), rows * (0.9 + _NAME * len(levels))))
    for axes, size in zip(all_axes, sizes, strict=True):
        axes.axvline(REACHED, **DASHED)
        of_size = summary[summary["batch_size"] == size]
        for place, (level, look) in enumerate(levels.items()):
            runs = of_size[of_size["level"] == level]
            _line(axes, runs.assign(y=place + runs["seed"].map(shifts)), place, look)
        if of_size["lowest_loss"].isna().all():
            say(axes, "no finite loss")
        axes.set(xscale="log", xlabel="Lowest training loss", ylabel=_title(factors))
        axes.set(title=f"Batch size {sized(size, full)}")
        axes.grid(visible=False, axis="y")
    _lines(all_axes[0], _names(summary))
    if summary["lowest_loss"].isna().all():
        all_axes[0].set_xlim(1e-4, 1)
    plain_ticks(all_axes[0].xaxis)
    outer(all_axes)
    note(figure, _marks(summary, len(seeds)))
    return figure


def _line(axes: Axes, runs: pd.DataFrame, place: int, look: Mapping) -> None:
    """Draw the runs of a level, each at its `y`, and write how many reach 0.001 at the right."""
    size, edge = (4, 0.3) if len(runs) <= 50 else (2, 0)
    look = look | {"linestyle": "", "markersize": size, "mew": edge}
    cross = look | {"marker": "x", "markersize": 4, "mew": 1, "markeredgecolor": look["color"]}
    for lost, marks in ((False, look), (True, cross)):
        own = runs[runs["diverged"] == lost]
        axes.plot(own["lowest_loss"], own["y"], **marks)
    reached = f"{(runs['lowest_loss'] <= REACHED).sum()}/{len(runs):,}"
    at_right = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points"}
    axes.annotate(reached, (1, place), (3, 0), va="center", fontsize=NOTE, **at_right)


def _marks(summary: pd.DataFrame, seeds: int) -> str:
    """What the marks of `loss_by_level` are, and how many runs it cannot show."""
    missing = summary["lowest_loss"].isna()
    order = "" if seeds == 1 else ", in the same order at each level"
    said = f"Mean squared errors; left is better. A point per run: {counted(seeds, 'seed')}{order}."
    said += f" Right: runs at {REACHED:g} (dashed) or less."
    if (summary["diverged"] & ~missing).any():
        said += " Cross: before it diverged."
    if missing.any():
        said += f" {missing.sum()} of {counted(len(summary), 'run')} not shown: no finite loss."
    return said


@drawn_from(summaries=read_summaries)
def updates(
    summaries: Sequence[pd.DataFrame],
    same: Sequence[tuple[int, int]],
    after: Sequence[str],
    full: int,
) -> Figure:
    """Share of seeds that reach the minimum, with its 95 % Wilson interval, by batch size.

    A panel after equal epochs, and one after equal updates, of the runs that both have. Those
    that diverged are among them; the note says how many.

    Args:
        summaries: of two studies, see `jfb.engines.summary`.
        same: batch size and seed of the runs that both have, but for their length.
        after: what the runs of each had the same number of, in words.
        full: the size of the full batch.
    """
    both = pd.DataFrame(same, columns=["batch_size", "seed"])
    sizes = sorted(both["batch_size"].unique(), reverse=True)
    figure, all_axes = panels(2, sharey=True)
    diverged = 0
    for axes, summary, what in zip(all_axes, summaries, after, strict=True):
        axes.set_title(f"After {what}")
        if not sizes:
            say(axes, "the studies share no runs")
            continue
        runs = summary.merge(both)
        diverged += runs["diverged"].sum()
        ends = {"share_reached": "estimate", "share_low": "low", "share_high": "high"}
        table = shares_of(runs, ["batch_size"]).rename(columns=ends)
        table = table.assign(y=table["batch_size"].map(sizes.index))
        rows(axes, [sized(size, full) for size in sizes])
        axes.set(xlim=(0, 1), xticks=np.arange(5) / 5)
        axes.set_xlabel(f"Seeds that reach a loss of {REACHED:g} (%)")
        in_percent(axes.xaxis)
        groups = {size: table[table["batch_size"] == size] for size in sizes}
        in_rows(axes, groups, looks(sizes), written=lambda share: f"{100 * share:.0f} %")
    all_axes[0].set_ylabel("Batch size")
    said = f"{counted(both['seed'].nunique(), 'seed')}, the same in both panels"
    lost = f" {counted(diverged, 'run')} diverged." if diverged else ""
    note(figure, f"{said}; bars: 95 % intervals. Further right is better.{lost}")
    return figure


@drawn_from(logs=read_logs)
def spectral_norm(logs: pd.DataFrame, factors: Sequence[str], full: int) -> Figure:
    """Spectral norm of the latent weight over epochs, a line per run, a panel per batch size.

    A colour per level of the factors; the name of a level says how many of its runs end below 1, of
    all that there are. Runs that diverged are not drawn; the title of a panel says how many did.

    Args:
        logs: as `jfb.output.figures.inputs.read_logs` returns them.
        factors: of the study.
        full: the size of the full batch.
    """
    logs = _labelled(logs, factors)
    levels = level_looks(logs["level"])
    runs = logs.drop_duplicates(["level", "batch_size", "seed"], keep="last")
    sizes = sorted(logs["batch_size"].unique(), reverse=True)
    seeds = logs["seed"].unique()
    shown = sample(seeds, _SHOWN)
    drawn = logs[~logs["diverged"] & logs["seed"].isin(shown)]
    figure, all_axes = panels(len(sizes), sharex=True, sharey=True)
    for axes, size in zip(all_axes, sizes, strict=True):
        of_size = runs[runs["batch_size"] == size]
        title = f"Batch size {sized(size, full)}"
        axes.set(title=with_diverged(title, of_size["diverged"]), xlabel="Epoch", xscale="log")
        axes.set_ylabel("Spectral norm\nof the latent weight")
        if of_size["diverged"].all():
            say(axes, "all runs diverged")
        for level, look in levels.items():
            own = drawn[(drawn["batch_size"] == size) & (drawn["level"] == level)]
            lines = own.pivot(index="epoch", columns="seed", values="spectral_norm")
            axes.plot(lines, color=look["color"], linewidth=0.7, alpha=0.7)
        axes.axhline(1, zorder=3, **DASHED)
    all_axes[0].set_xlim(1, max(2, logs["epoch"].max()))
    plain_ticks(all_axes[0].xaxis)
    outer(all_axes)
    below = {}
    for level, look in levels.items():
        norms = runs.loc[runs["level"] == level, "spectral_norm"]
        said = f"{(norms < 1).sum():,} of {counted(len(norms), 'run')} below 1 in the end"
        below[f"{level}: {said}" if factors else said] = look | {"marker": "", "linewidth": 1.4}
    level_legend(figure, below, _title(factors))
    of = f"{len(shown)} of " if len(shown) < len(seeds) else ""
    said = f"A line per run: {of}{counted(len(seeds), 'seed')}."
    note(figure, f"{said} Below 1 (dashed) the map contracts in the spectral norm.")
    return figure


def _names(summary: pd.DataFrame, seeds: pd.Series | None = None) -> dict[str, str]:
    """By level, its name, with the number of its seeds, and of its runs that diverged, if any."""
    diverged = summary.set_index("level")["diverged"]
    counts = {} if seeds is None else {k: f", {counted(n, 'seed')}" for k, n in seeds.items()}
    levels = dict.fromkeys(summary["level"])
    return {k: with_diverged(f"{k}{counts.get(k, '')}", diverged.loc[[k]]) for k in levels}


def _title(factors: Sequence[str]) -> str:
    return ", ".join(factors).replace("_", " ").capitalize()


def _labelled(table: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """The table with a column `level`: the levels of all factors in one text."""
    if not factors:
        return table.assign(level="all runs")
    levels = table[list(factors)].agg(", ".join, axis=1)
    return table.assign(level=levels.str.replace("_", " "))
