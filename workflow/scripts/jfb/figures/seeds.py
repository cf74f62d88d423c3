"""What many seeds show: figures of the spread over seeds, drawn from logs or from a summary."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from jfb.figures.style import legend, looks, loss_axis, panels, styled
from jfb.levels import REACHED

_JITTER = 0.12


@styled
def bands(logs: pd.DataFrame) -> Figure:
    """Training loss over epochs: median and interquartile range over seeds, a panel per batch size.

    The medians of the other batch sizes stand behind each in grey. Over runs with a finite loss.

    Args:
        logs: as `jfb.figures.style.read_logs` returns them.
    """
    by_epoch = logs.groupby(["batch_size", "epoch"])["train_loss"]
    quartiles = by_epoch.quantile([0.25, 0.5, 0.75]).unstack()
    seeds = logs["seed"].nunique()
    sizes = looks(logs["batch_size"])
    figure, all_axes = panels(len(sizes), sharex=True, sharey=True)
    for axes, (size, look) in zip(all_axes, sizes.items(), strict=True):
        for other in sizes:
            axes.plot(quartiles.loc[other][0.5], color="0.75", linewidth=0.7)
        own, colour = quartiles.loc[size], look["color"]
        axes.fill_between(own.index, own[0.25], own[0.75], color=colour, alpha=0.35, linewidth=0)
        axes.plot(own[0.5], color=colour, linewidth=1.4)
        axes.set(xlabel="Epoch", title=f"Batch size {size}")
        loss_axis(axes, logs["train_loss"], "Training loss")
        axes.label_outer()
    figure.supxlabel(
        f"Line: median over {seeds} seeds. Band: from the first quartile to the third. "
        "Grey: medians of the other batch sizes.",
        fontsize=7,
    )
    return figure


@styled
def levels(summary: pd.DataFrame) -> Figure:
    """Lowest loss of each run by batch size, runs of one seed joined, and how often each occurs.

    Args:
        summary: with batch_size, seed and lowest_loss.
    """
    sizes = looks(summary["batch_size"])
    wide = summary.pivot(index="seed", columns="batch_size", values="lowest_loss")[list(sizes)]
    figure, (points, counts) = panels(2, sharey=True, width_ratios=[3, 1])
    # The same shift at every batch size, so that the line of a seed keeps its place.
    shift = np.linspace(-_JITTER, _JITTER, len(wide)) if len(wide) > 1 else np.zeros(len(wide))
    places = np.arange(len(sizes))
    points.plot(
        places[:, None] + shift, wide.T, color="0.5", linewidth=0.4, alpha=min(1, 15 / len(wide))
    )
    for place, (size, look) in enumerate(sizes.items()):
        points.plot(place + shift, wide[size], linestyle="", markersize=4, **look | {"mew": 0.3})
    points.set(
        xticks=places,
        xticklabels=sizes,
        xlabel=f"Batch size (each of {len(wide)} lines joins the runs of a seed)",
    )
    points.grid(visible=False, axis="x")
    sns.histplot(
        summary, y="lowest_loss", log_scale=True, bins=60, color="0.4", linewidth=0, ax=counts
    )
    counts.set(xlabel="Runs")
    loss_axis(points, summary["lowest_loss"], "Lowest training loss")
    for axes in (points, counts):
        axes.axhline(REACHED, color="black", linewidth=0.8, linestyle="--")
    points.text(
        1, REACHED, f"{REACHED:g} ", va="bottom", ha="right", transform=points.get_yaxis_transform()
    )
    return figure


@styled
def ecdf(summary: pd.DataFrame) -> Figure:
    """Share of runs at or below each loss, by batch size; a run without a finite loss is above all.

    Args:
        summary: with batch_size, seed and lowest_loss.
    """
    figure, (axes,) = panels(1)
    sizes = looks(summary["batch_size"])
    complete = summary.assign(lowest_loss=summary["lowest_loss"].fillna(np.inf))
    for size, look in sizes.items():
        losses = complete.loc[complete["batch_size"] == size, "lowest_loss"]
        axes.ecdf(losses, color=look["color"], linewidth=1.2)
    axes.axvline(REACHED, color="black", linewidth=0.8, linestyle="--")
    axes.set(xscale="log", ylim=(0, 1.02), ylabel="Runs at or below (% of seeds)")
    axes.set_xlabel("Lowest training loss (mean squared error)")
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    legend(figure, summary["batch_size"], marker="", linewidth=1.2)
    return figure


OF_SUMMARY = {"levels": levels, "ecdf": ecdf}
