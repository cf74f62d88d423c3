"""The report's figures, drawn from the logs of a study."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.output.figures.inputs import read_logs
from jfb.output.figures.style import (
    drawn_from,
    in_percent,
    level_legend,
    looks,
    loss_axis,
    panels,
    with_diverged,
)

_MARKERS_PER_CURVE = 6


@drawn_from(logs=read_logs)
def figure1(logs: pd.DataFrame) -> Figure:
    """Training loss over training time, the end of each run marked, and over epochs."""
    figure, (over_time, over_epochs) = panels(2)
    _curves(over_time, logs, "seconds", "train_loss")
    _mark_ends(over_time, logs, "seconds", "train_loss")
    over_time.set(xscale="log", xlabel="Training time (s); dotted: end of the run")
    _curves(over_epochs, logs, "epoch", "train_loss")
    over_epochs.set(xlabel="Epoch")
    for axes in (over_time, over_epochs):
        loss_axis(axes, logs["train_loss"], "Training loss")
    _legend(figure, logs)
    return figure


@drawn_from(logs=read_logs)
def figure2(logs: pd.DataFrame) -> Figure:
    """Training accuracy over epochs."""
    figure, (axes,) = panels(1)
    _curves(axes, logs, "epoch", "train_accuracy")
    _accuracy_axis(axes, "Training accuracy", logs)
    axes.set(xlabel="Epoch")
    _legend(figure, logs)
    return figure


@drawn_from(logs=read_logs)
def figure3(logs: pd.DataFrame) -> Figure:
    """Validation loss and validation accuracy over epochs."""
    figure, (loss, accuracy) = panels(2)
    _curves(loss, logs, "epoch", "val_loss")
    loss_axis(loss, logs["val_loss"], "Validation loss")
    _curves(accuracy, logs, "epoch", "val_accuracy")
    _accuracy_axis(accuracy, "Validation accuracy", logs)
    for axes in (loss, accuracy):
        axes.set(xlabel="Epoch")
    _legend(figure, logs)
    return figure


def _legend(figure: Figure, logs: pd.DataFrame) -> None:
    """The legend, which says which runs diverged: their curves end early, or leave the others."""
    ended = logs.groupby("batch_size")["diverged"].first()
    by_size = {
        with_diverged(size, ended.loc[[size]]): look for size, look in looks(ended.index).items()
    }
    level_legend(figure, by_size, "Batch size")


def _curves(axes: Axes, logs: pd.DataFrame, x: str, y: str) -> None:
    """Draw every epoch of each run, the smoother curves over the rougher ones."""
    by_size = looks(logs["batch_size"])
    roughness = logs.groupby("batch_size")[y].agg(lambda run: run.diff().abs().median()).fillna(0)
    depth = roughness.rank(ascending=False, method="first") / len(roughness)
    every = max(1, logs["epoch"].max() // _MARKERS_PER_CURVE)
    for place, (size, look) in enumerate(by_size.items()):
        run = logs[logs["batch_size"] == size]
        # Spread, so that the markers of curves that coincide stand side by side.
        first = every * (2 * place + 1) // (2 * len(by_size))
        sns.lineplot(
            run,
            x=x,
            y=y,
            estimator=None,
            ax=axes,
            linewidth=0.9,
            markersize=5.5,
            markevery=(first, every),
            zorder=2 + depth[size],
            **look,
        )


def _mark_ends(axes: Axes, logs: pd.DataFrame, x: str, y: str) -> None:
    for size, look in looks(logs["batch_size"]).items():
        end = logs[logs["batch_size"] == size].iloc[-1]
        axes.axvline(end[x], color=look["color"], linewidth=0.9, linestyle=":")
        axes.plot(end[x], end[y], **look | {"markeredgecolor": "black"}, markersize=7, zorder=4)


def _accuracy_axis(axes: Axes, label: str, logs: pd.DataFrame) -> None:
    accurate = logs["accurate"].iloc[0]
    axes.set(ylim=(-0.03, 1.03), ylabel=f"{label} (% of points\n{accurate})")
    in_percent(axes.yaxis)
