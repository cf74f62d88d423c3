"""What many seeds show: figures of the spread over seeds, drawn from logs or from a summary."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_logs, read_summary
from jfb.output.figures.style import (
    NOTE,
    PAGE_WIDTH,
    counted,
    drawn_from,
    in_percent,
    legend,
    level_legend,
    looks,
    loss_axis,
    outer,
    panels,
    say,
    with_diverged,
)

_JITTER = 0.12


@drawn_from(logs=read_logs)
def bands(logs: pd.DataFrame) -> Figure:
    """Training loss over epochs: median and interquartile range over seeds, a panel per batch size.

    The medians of the other batch sizes stand behind each in grey. Over the runs that did not
    diverge; the title of a panel says how many did.

    Args:
        logs: as `jfb.output.figures.inputs.read_logs` returns them.
    """
    runs = logs.drop_duplicates(["batch_size", "seed"]).set_index("batch_size")["diverged"]
    finite = logs[~logs["diverged"]]
    by_epoch = finite.groupby(["batch_size", "epoch"])["train_loss"]
    quartiles = by_epoch.quantile([0.25, 0.5, 0.75]).unstack()
    drawn = {size: quartiles.loc[size] for size in finite["batch_size"].unique()}
    sizes = looks(logs["batch_size"])
    figure, all_axes = panels(len(sizes), sharex=True, sharey=True)
    for axes, (size, look) in zip(all_axes, sizes.items(), strict=True):
        axes.set(xlabel="Epoch", title=with_diverged(f"Batch size {size}", runs.loc[[size]]))
        axes.set(xlim=(0, logs["epoch"].max()))
        axes.set(yscale="log", ylabel=f"Training loss ({logs['loss'].iloc[0]})")
        for other in drawn.keys() - {size}:
            axes.plot(drawn[other][0.5], color="0.75", linewidth=0.7)
        if size not in drawn:
            say(axes, "all runs diverged" if runs.loc[[size]].size > 1 else "the run diverged")
            continue
        own, colour = drawn[size], look["color"]
        axes.fill_between(own.index, own[0.25], own[0.75], color=colour, alpha=0.35, linewidth=0)
        axes.plot(own[0.5], color=colour, linewidth=1.4)
    outer(all_axes)
    if not drawn:
        all_axes[0].set_ylim(1e-3, 1)
    figure.supxlabel(_key(len(sizes), logs["seed"].nunique(), runs.any()), fontsize=NOTE)
    return figure


@drawn_from(logs=read_logs)
def accuracy(logs: pd.DataFrame) -> Figure:
    """Validation accuracy over epochs by batch size: median and interquartile range over seeds.

    A run that diverged keeps its last accuracy.

    Args:
        logs: as `jfb.output.figures.inputs.read_logs` returns them.
    """
    figure = Figure(figsize=(PAGE_WIDTH, 2.9), layout="constrained")
    axes = figure.subplots()
    wide = logs.pivot_table("val_accuracy", "epoch", ["batch_size", "seed"], dropna=False)
    for size, look in looks(logs["batch_size"]).items():
        last = logs.loc[logs["batch_size"] == size, "epoch"].max()
        quartiles = wide[size].loc[:last].ffill().quantile([0.25, 0.5, 0.75], axis=1)
        x, (low, middle, high) = quartiles.columns, quartiles.to_numpy()
        axes.fill_between(x, low, high, color=look["color"], alpha=0.25, linewidth=0)
        axes.plot(x, middle, **look | {"markersize": 3.5, "linewidth": 1.2})
    axes.set(xlabel="Epoch", ylabel="Validation accuracy (%)", xscale="log")
    in_percent(axes.yaxis)
    axes.set_xlim(1, max(2, logs["epoch"].max()))
    seeds = logs["seed"].nunique()
    said = [_over(seeds)] if seeds > 1 else []
    if logs["diverged"].any():
        said.append("Runs that diverged keep their last accuracy.")
    figure.supxlabel("\n".join(said), fontsize=NOTE)
    legend(figure, logs["batch_size"])
    return figure


def _over(seeds: int) -> str:
    return f"Line: median over {seeds} seeds. Band: from the first quartile to the third."


def _key(sizes: int, seeds: int, lost: bool) -> str:
    """What the lines of `bands` are."""
    said = "Line: the run of one seed."
    if seeds > 1:
        said = _over(seeds)
    if sizes > 1:
        said += f" Grey: {'medians of ' if seeds > 1 else ''}the other batch sizes."
    return f"{said}\nRuns that diverged are left out." if lost else said


@drawn_from(summary=read_summary)
def levels(summary: pd.DataFrame) -> Figure:
    """Lowest loss of each run by batch size, runs of one seed joined, and how often each occurs.

    A run that diverged is a cross at the lowest loss that it had before, if it had one; the label
    of its batch size says how many there are.

    Args:
        summary: with batch_size, seed, lowest_loss and diverged.
    """
    sizes = looks(summary["batch_size"])
    wide = summary.pivot(index="seed", columns="batch_size", values=["lowest_loss", "diverged"])
    losses, diverged = wide["lowest_loss"].astype(float), wide["diverged"].astype(bool)
    figure, (points, counts) = panels(2, sharey=True, width_ratios=[3, 1])
    # The same shift at every batch size, so that the line of a seed keeps its place.
    shift = np.linspace(-_JITTER, _JITTER, len(wide)) if len(wide) > 1 else np.zeros(len(wide))
    places = np.arange(len(sizes))
    points.plot(
        places[:, None] + shift,
        losses[list(sizes)].T,
        color="0.5",
        linewidth=0.4,
        alpha=min(1, 15 / len(wide)),
    )
    for place, (size, look) in enumerate(sizes.items()):
        lost, own = diverged[size], losses[size]
        look = look | {"linestyle": "", "markersize": 4, "mew": 0.3}
        points.plot(place + shift, own.mask(lost), **look)
        cross = look | {"marker": "x", "mew": 1, "markeredgecolor": look["color"]}
        points.plot(place + shift[lost], own[lost], **cross)
    labels = [with_diverged(size, diverged[size]) for size in sizes]
    said = f"Batch size ({counted(len(wide), 'seed')}"
    if len(sizes) > 1:
        said += "; a line joins the runs of a seed"
    if losses[diverged].notna().any(axis=None):
        said += "; cross: before it diverged"
    points.set(xticks=places, xticklabels=labels, xlabel=f"{said})")
    points.set_xlim(-0.5, len(sizes) - 0.5)
    points.grid(visible=False, axis="x")
    loss_axis(points, summary["lowest_loss"], "Lowest training loss")
    if summary["lowest_loss"].notna().any():
        sns.histplot(
            summary, y="lowest_loss", log_scale=True, bins=60, color="0.4", linewidth=0, ax=counts
        )
    counts.set(xlabel="Runs", ylabel="")
    for axes in (points, counts):
        axes.axhline(REACHED, color="black", linewidth=0.8, linestyle="--")
    points.text(
        1, REACHED, f"{REACHED:g} ", va="bottom", ha="right", transform=points.get_yaxis_transform()
    )
    return figure


@drawn_from(summary=read_summary)
def ecdf(summary: pd.DataFrame) -> Figure:
    """Share of runs at or below each loss, by batch size; a run without a finite loss is above all.

    The lowest loss of a run that diverged is that before; the legend says how many there are.

    Args:
        summary: with batch_size, seed, lowest_loss and diverged.
    """
    figure, (axes,) = panels(1)
    losses = summary["lowest_loss"].fillna(np.inf)
    labelled = {}
    for size, look in looks(summary["batch_size"]).items():
        own = summary["batch_size"] == size
        if np.isfinite(losses[own]).any():
            axes.ecdf(losses[own], color=look["color"], linewidth=1.2)
        label = with_diverged(size, summary.loc[own, "diverged"])
        labelled[label] = look | {"marker": "", "linewidth": 1.2}
    axes.axvline(REACHED, color="black", linewidth=0.8, linestyle="--")
    axes.set(xscale="log", ylim=(0, 1.02), ylabel="Runs at or below (% of seeds)")
    axes.set_xlabel("Lowest training loss (mean squared error)")
    in_percent(axes.yaxis)
    if np.isinf(losses).all():
        axes.set_xlim(1e-4, 1)
        say(axes, "no finite loss")
    level_legend(figure, labelled, "Batch size")
    return figure
