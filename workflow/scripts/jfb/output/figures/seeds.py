"""What many seeds show: figures of the spread over seeds, drawn from logs or from a summary."""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.config.data_choices import MSE
from jfb.output.figures.inputs import read_logs, read_summary, sample
from jfb.output.figures.style import (
    DASHED,
    NOTE,
    categories,
    counted,
    drawn_from,
    in_percent,
    level_legend,
    level_looks,
    looks,
    loss_axis,
    note,
    outer,
    panels,
    plain_ticks,
    say,
    sized,
    with_diverged,
)

# Seeds at most, of which points are large.
_FEW = 50
# Runs that a panel shows at most.
_SHOWN = 30
# A bar of lowest losses with at least this share of the runs is a level, and its loss is written.
_LEVEL = 0.05
_BARS = 60
# Of curves, so that neighbours differ in more than their colour.
_DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
_REACHES = f"run that reaches {REACHED:g}"
# Of runs, those in front last.
_LOOKS = {
    name: {"color": look["color"], "marker": "", "linewidth": 1.4}
    for name, look in level_looks([_REACHES, "run that does not"]).items()
}


@drawn_from(logs=read_logs)
def bands(logs: pd.DataFrame, full: int) -> Figure:
    """Training loss over epochs, a line per run, a panel per batch size.

    Of a mean squared error, runs that reach 0.001 have a colour of their own, and the title of a
    panel says how many do. Runs that diverged are counted among them and not drawn.

    Args:
        logs: as `jfb.output.figures.inputs.read_logs` returns them.
        full: the size of the full batch.
    """
    figure, by_size, reached = _by_size(logs, full)
    losses = _wide(logs[~logs["diverged"]], "train_loss")
    for size, axes in by_size.items():
        axes.set(yscale="log", ylabel=f"Training loss\n({logs['loss'].iloc[0]})")
        if _has_levels(logs):
            axes.axhline(REACHED, **DASHED)
            got = f"{reached[size].sum()} of {len(reached[size]):,}"
            axes.set_title(f"{axes.get_title()}\n{got} reach {REACHED:g}")
        if size in losses:
            _lines(axes, losses[size], reached[size], _has_levels(logs))
        else:
            say(axes, "all runs diverged" if len(reached[size]) > 1 else "the run diverged")
    if losses.empty:
        next(iter(by_size.values())).set_ylim(1e-4, 1)
    plain_ticks(next(iter(by_size.values())).yaxis)
    outer(by_size.values())
    dashed = f"Dashed: {REACHED:g}." if _has_levels(logs) else ""
    lost = "Runs that diverged are not drawn." if logs["diverged"].any() else ""
    note(figure, f"{_drawn(logs)} {dashed} {lost}")
    return figure


@drawn_from(logs=read_logs)
def accuracy(logs: pd.DataFrame, full: int) -> Figure:
    """Validation accuracy over epochs, a line per run, a panel per batch size.

    The title of a panel has the quartiles of the last epoch. A run that diverged keeps its last
    accuracy. Colours are those of `bands`.

    Args:
        logs: as `jfb.output.figures.inputs.read_logs` returns them.
        full: the size of the full batch.
    """
    figure, by_size, reached = _by_size(logs, full)
    accuracies = _wide(logs, "val_accuracy")
    for size, axes in by_size.items():
        axes.set_ylabel("Validation accuracy (%)")
        last = logs.loc[logs["batch_size"] == size, "epoch"].max()
        own = accuracies[size].loc[:last].ffill()
        _lines(axes, own, reached[size], _has_levels(logs))
        ends = [f"{100 * end:.1f}" for end in own.iloc[-1].quantile([0.25, 0.75])]
        axes.set_title(f"{axes.get_title()}\nin the end {' to '.join(dict.fromkeys(ends))} %")
    in_percent(next(iter(by_size.values())).yaxis)
    outer(by_size.values())
    quartiles = "Above panels: quartiles in the last epoch." if logs["seed"].nunique() > 1 else ""
    lost = "Runs that diverged keep their last accuracy." if logs["diverged"].any() else ""
    accurate = f"Accurate: {logs['accurate'].iloc[0]}."
    note(figure, f"{_drawn(logs)} {quartiles} {accurate} {lost}")
    return figure


def _has_levels(logs: pd.DataFrame) -> bool:
    return logs["loss"].iloc[0] == MSE.label


def _by_size(logs: pd.DataFrame, full: int) -> tuple[Figure, Mapping[int, Axes], pd.Series]:
    """A figure over epochs, its panels by batch size, and which runs reach 0.001."""
    runs = logs.groupby(["batch_size", "seed"])
    diverged, reached = runs["diverged"].first(), runs["train_loss"].min() <= REACHED
    sizes = sorted(logs["batch_size"].unique(), reverse=True)
    figure, all_axes = panels(len(sizes), sharex=True, sharey=True)
    for size, axes in zip(sizes, all_axes, strict=True):
        title = f"Batch size {sized(size, full)}"
        axes.set(title=with_diverged(title, diverged[size]))
        axes.set(xlabel="Epoch (logarithmic)", xscale="log")
    all_axes[0].set_xlim(1, max(2, logs["epoch"].max()))
    plain_ticks(all_axes[0].xaxis)
    if _has_levels(logs):
        level_legend(figure, _LOOKS, "")
    return figure, dict(zip(sizes, all_axes, strict=True)), reached


def _wide(logs: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column with a row per epoch and a column per batch size and seed."""
    return logs.pivot(index="epoch", columns=["batch_size", "seed"], values=column)


def _lines(axes: Axes, runs: pd.DataFrame, reached: pd.Series, has_levels: bool) -> None:
    """Draw runs, a column per seed, or a sample of them that is the same at every batch size."""
    shown = runs[runs.columns.intersection(sample(reached.index, _SHOWN))]
    for group, look in _LOOKS.items():
        own = shown.loc[:, reached[shown.columns] == (group == _REACHES)]
        colour = look["color"] if has_levels else "0.35"
        axes.plot(own, color=colour, linewidth=0.8, alpha=0.7)


def _drawn(logs: pd.DataFrame) -> str:
    """How many runs a panel shows."""
    seeds = logs["seed"].nunique()
    if seeds > _SHOWN:
        return f"A line per run: {_SHOWN} of {seeds:,} seeds, drawn at random."
    return f"A line per run: {counted(seeds, 'seed')}."


@drawn_from(summary=read_summary)
def levels(summary: pd.DataFrame, full: int) -> Figure:
    """Lowest loss of each run by batch size, and how often each occurs.

    Below a batch size stands how many of its runs reach 0.001; beside the bars, the loss of those
    that are levels. A run that diverged is a cross at the lowest loss that it had before, if it had
    one; the label of its batch size says how many there are.

    Args:
        summary: with batch_size, seed, lowest_loss and diverged.
        full: the size of the full batch.
    """
    sizes = looks(summary["batch_size"])
    wide = summary.pivot(index="seed", columns="batch_size", values=["lowest_loss", "diverged"])
    losses, diverged = wide["lowest_loss"].astype(float), wide["diverged"].eq(True)
    figure, (points, counts) = panels(2, sharey=True, width_ratios=[3, 1])
    few = len(wide) <= _FEW
    # A seed has the same place at every batch size.
    shift = np.linspace(-0.3, 0.3, len(wide)) if len(wide) > 1 else np.zeros(len(wide))
    labels = []
    for place, (size, look) in enumerate(sizes.items()):
        lost, own = diverged[size], losses[size]
        drawn = {"markersize": 4, "mew": 0.3} if few else {"markersize": 2, "mew": 0}
        look = look | {"linestyle": ""} | drawn
        points.plot(place + shift, own.mask(lost), **look)
        cross = look | {"marker": "x", "markersize": 4, "mew": 1, "markeredgecolor": look["color"]}
        points.plot(place + shift[lost], own[lost], **cross)
        said = f"{sized(size, full)}\n{(own <= REACHED).sum():,} reach"
        labels.append(f"{said}\n{lost.sum():,} diverged" if lost.any() else said)
    categories(points, labels)
    points.set_xlabel(f"Batch size, and how many of {counted(len(wide), 'seed')} reach {REACHED:g}")
    points.grid(visible=False, axis="x")
    loss_axis(points, summary["lowest_loss"], "Lowest training loss")
    plain_ticks(points.yaxis)
    counts.set_title("Levels")
    _bars(counts, summary["lowest_loss"].dropna())
    for axes in (points, counts):
        axes.axhline(REACHED, **DASHED)
    said = "A point per run."
    if losses[diverged].notna().any(axis=None):
        said += " Cross: before it diverged."
    note(figure, f"{said} Dashed: {REACHED:g}. Lower is better.")
    return figure


def _bars(axes: Axes, losses: pd.Series) -> None:
    """Count the runs by loss, and write the losses of levels, the highest bars around."""
    axes.set(xlabel="Runs", xlim=(0, 1))
    if losses.empty:
        return
    edges = np.geomspace(losses.min() / 1.03, losses.max() * 1.03, _BARS + 1)
    numbers, _ = np.histogram(losses, edges)
    axes.stairs(numbers, edges, orientation="horizontal", fill=True, color="0.4")
    axes.set_xlim(0, 1.9 * numbers.max())
    around = np.lib.stride_tricks.sliding_window_view(np.pad(numbers, 2), 5).max(axis=1)
    for place in np.flatnonzero((numbers == around) & (numbers >= _LEVEL * len(losses))):
        of_bar = losses[losses.between(edges[place], edges[place + 1])]
        at = numbers[place], np.sqrt(edges[place] * edges[place + 1])
        options = {"textcoords": "offset points", "va": "center", "fontsize": NOTE}
        axes.annotate(f"{of_bar.median():.2g}", at, (3, 0), **options)


@drawn_from(summary=read_summary)
def ecdf(summary: pd.DataFrame, full: int) -> Figure:
    """Share of runs at or below each loss, by batch size; a run without a finite loss is above all.

    The marker of a batch size and its number in the legend are its share at 0.001. The lowest loss
    of a run that diverged is that before; the legend says how many there are.

    Args:
        summary: with batch_size, seed, lowest_loss and diverged.
        full: the size of the full batch.
    """
    figure, (axes,) = panels(1)
    losses = summary["lowest_loss"].fillna(np.inf)
    axes.axvline(REACHED, **DASHED)
    labelled = {}
    for (size, look), style in zip(
        looks(summary["batch_size"]).items(), itertools.cycle(_DASHES), strict=False
    ):
        look = look | {"linestyle": style}
        own = losses[summary["batch_size"] == size]
        if np.isfinite(own).any():
            axes.ecdf(own, color=look["color"], linewidth=1.2, linestyle=style)
        share = own.le(REACHED).mean()
        axes.plot(REACHED, share, markersize=6, zorder=3, **look)
        diverged = summary.loc[own.index, "diverged"]
        labelled[with_diverged(f"{sized(size, full)}: {100 * share:.0f} %", diverged)] = look
    axes.set(xscale="log", ylim=(-0.02, 1.02), ylabel="Runs at or below (% of seeds)")
    axes.set_xlabel("Lowest training loss (mean squared error)")
    plain_ticks(axes.xaxis)
    in_percent(axes.yaxis)
    if np.isinf(losses).all():
        axes.set_xlim(1e-4, 1)
        say(axes, "no finite loss")
    seeds = counted(summary["seed"].nunique(), "seed")
    level_legend(figure, labelled, f"Batch size, and its share of {seeds} at {REACHED:g} or less")
    note(figure, f"Dashed: {REACHED:g}. Left and up is better.")
    return figure
