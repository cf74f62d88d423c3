"""The report's figures, drawn from the logs of a study."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from jfb.analysis import published
from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_logs
from jfb.output.figures.marks import threshold
from jfb.output.figures.style import (
    DASHED,
    drawn_from,
    in_percent,
    looks,
    loss_axis,
    name_ends,
    note,
    outer,
    panels,
    plain_ticks,
    sized,
    with_marker,
)
from jfb.records.summary import ACCURATE

_MARKERS_PER_CURVE = 3
_NAMES = "Beside the lines: batch sizes."
_OF_ONE_RUN = "Over time: one run each,\ntoo few to compare times"


@drawn_from(logs=read_logs)
def figure1(logs: pd.DataFrame, full: int) -> Figure:
    """Training loss over training time, the end of each run marked, and over epochs.

    Args:
        logs: of one run per batch size, as `jfb.output.figures.inputs.read_logs` returns them.
        full: the size of the full batch.
    """
    figure, (over_time, over_epochs) = panels(2, sharey=True)
    _curves(over_time, logs, "seconds", "train_loss")
    _curves(over_epochs, logs, "epoch", "train_loss")
    _mark_ends(over_time, logs, "seconds", "train_loss")
    for axes in (over_time, over_epochs):
        loss_axis(axes, logs["train_loss"], "Training loss")
        axes.set_ylabel("Training loss")
        axes.axhline(REACHED, **DASHED)
    over_time.set(xlabel="Training time (s)", title=_OF_ONE_RUN)
    over_time.xaxis.set_major_locator(MaxNLocator(4))
    _epoch_axis(over_epochs)
    over_epochs.set(title=_first(logs))
    plain_ticks(over_time.yaxis)
    outer((over_time, over_epochs))
    of_loss = f"Loss: {logs['loss'].iloc[0]}, on a logarithmic axis; dashed: {REACHED:g}."
    said = _NAMES, of_loss, "Large mark: end of the run.", _times(logs), _lost(logs)
    note(figure, " ".join(filter(None, said)))
    _name(over_epochs, logs, "train_loss", full)
    _name(over_time, logs, "train_loss", full, x="seconds")
    return figure


@drawn_from(logs=read_logs)
def figure2(logs: pd.DataFrame, full: int) -> Figure:
    """Training accuracy over epochs, and the first epoch of each run with 99 %.

    Args:
        logs, full: as for `figure1`.
    """
    figure, (axes,) = panels(1)
    _curves(axes, logs, "epoch", "train_accuracy")
    _accuracy_axis(axes, "Training accuracy", logs)
    enough = f"{100 * ACCURATE:g} %"
    threshold(axes, ACCURATE, enough, axis="y", va="top")
    _epoch_axis(axes)
    axes.set(title=f"Beside each line: batch size, first epoch with {enough}")
    note(figure, _lost(logs))
    first = logs[logs["train_accuracy"] >= ACCURATE].groupby("batch_size")["epoch"].min()
    told = {size: f"epoch {epoch:,}" for size, epoch in first.items()}
    _name(axes, logs, "train_accuracy", full, told)
    return figure


@drawn_from(logs=read_logs)
def figure3(logs: pd.DataFrame, full: int) -> Figure:
    """Validation loss and validation accuracy over epochs, and how they compare with training.

    Args:
        logs, full: as for `figure1`.
    """
    figure, (loss, accuracy) = panels(2)
    ends = logs[~logs["diverged"]].drop_duplicates("batch_size", keep="last")
    ratio = (ends["val_loss"] / ends["train_loss"]).dropna()
    points = 100 * (ends["val_accuracy"] - ends["train_accuracy"]).abs().max()
    _curves(loss, logs, "epoch", "val_loss")
    loss_axis(loss, logs["val_loss"], "Validation loss")
    plain_ticks(loss.yaxis)
    if len(ratio):
        between = " to ".join(dict.fromkeys(f"{end:.2f}" for end in (ratio.min(), ratio.max())))
        loss.set_title(f"In the end {between} times\nthe training loss")
    _curves(accuracy, logs, "epoch", "val_accuracy")
    _accuracy_axis(accuracy, "Validation accuracy", logs)
    if np.isfinite(points):
        accuracy.set_title(f"In the end within {points:.1f} points\nof the training accuracy")
    # Room for the names of lines that end at the top.
    accuracy.set_ylim(top=1.12)
    for axes in (loss, accuracy):
        _epoch_axis(axes)
    note(figure, f"{_NAMES} {_lost(logs)}")
    _name(loss, logs, "val_loss", full)
    _name(accuracy, logs, "val_accuracy", full)
    return figure


def _first(logs: pd.DataFrame) -> str:
    """Which run is the first at 0.001, and in which epoch."""
    reached = logs[logs["train_loss"] <= REACHED]
    if reached.empty:
        return f"Over epochs: no run\ngets to {REACHED:g}"
    first = reached.loc[reached["epoch"].idxmin()]
    which = "is first" if logs["batch_size"].nunique() > 1 else "is"
    batch = f"batch {first['batch_size']} {which}"
    return f"Over epochs: {batch}\nat {REACHED:g}, in epoch {first['epoch']:,.0f}"


def _times(logs: pd.DataFrame) -> str:
    """Whose times those on the left are, and what the published runs took in all."""
    engine, took = logs["engine"].iloc[0], published.TABLE["training_seconds"]
    between = f"{took.min():.0f} to {took.max():.0f} s"
    return f"Left: the {engine}; the published runs took {between}."


def _lost(logs: pd.DataFrame) -> str:
    """Which runs diverged: their curves end early, or leave the others."""
    sizes = logs.loc[logs["diverged"], "batch_size"].unique()
    return f"Batch size {', '.join(map(str, sizes))} diverged." if len(sizes) else ""


def _name(
    axes: Axes,
    logs: pd.DataFrame,
    y: str,
    full: int,
    told: dict[int, str] | None = None,
    x: str = "epoch",
) -> None:
    """Name each run by its batch size at the end of its curve.

    Args:
        axes: the panel of the curves.
        logs: as for `figure1`.
        y: the column that is drawn.
        full: the size of the full batch.
        told: by batch size, what else is said; "never" where it has none.
        x: the column that it is drawn over.
    """
    ends = {}
    for size, look in looks(logs["batch_size"]).items():
        run = logs[logs["batch_size"] == size].dropna(subset=[y])
        if run.empty:
            continue
        end = run.iloc[-1]
        said = "" if told is None else f": {told.get(size, 'never')}"
        name = with_marker(f"{sized(size, full)}{said}", look)
        ends[name] = (end[x], end[y], look["color"])
    name_ends(axes, ends)


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
            linewidth=0.6,
            markersize=4.5,
            markevery=(first, every),
            zorder=2 + depth[size],
            **look,
        )


def _mark_ends(axes: Axes, logs: pd.DataFrame, x: str, y: str) -> None:
    for size, look in looks(logs["batch_size"]).items():
        end = logs[logs["batch_size"] == size].iloc[-1]
        axes.plot(end[x], end[y], **look | {"markeredgecolor": "black"}, markersize=7, zorder=4)


def _epoch_axis(axes: Axes) -> None:
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _accuracy_axis(axes: Axes, label: str, logs: pd.DataFrame) -> None:
    accurate = logs["accurate"].iloc[0]
    axes.set(ylim=(-0.03, 1.03), ylabel=f"{label} (% of points\n{accurate})")
    in_percent(axes.yaxis)
