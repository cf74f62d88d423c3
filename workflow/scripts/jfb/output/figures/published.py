"""The report's figures, drawn from the logs of a study."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

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
    panel_grid,
    panels,
    plain_ticks,
    sized,
    with_marker,
)
from jfb.records.summary import ACCURATE

_MARKERS_PER_CURVE = 3
# Epochs whose median a curve shows at the one in the middle, so that a rough curve can be read.
_AROUND = 31
# In inches, with room for the notes.
_HEIGHT = 3.8
# Of panels below each other.
_HEIGHT_OF_TWO = 5.6
_OF_ONE_RUN = "Over training time:\none run of each batch size"
# What the times of one run are worth.
_WORTH = "One run shows the order of magnitude of a time, not which batch size is faster."


@drawn_from(logs=read_logs)
def figure1(logs: pd.DataFrame, full: int) -> Figure:
    """Training loss over training time, the end of each run marked, and over epochs.

    Args:
        logs: of one run per batch size, as `jfb.output.figures.inputs.read_logs` returns them.
        full: the size of the full batch.
    """
    figure, (over_time, over_epochs) = panels(2, sharey=True)
    figure.set_figheight(_HEIGHT)
    over_epochs.set_xscale("log")
    _curves(over_time, logs, "seconds", "train_loss")
    _curves(over_epochs, logs, "epoch", "train_loss")
    _mark_ends(over_time, logs, "seconds", "train_loss")
    for axes in (over_time, over_epochs):
        loss_axis(axes, logs["train_loss"], "Training loss")
        axes.set_ylabel(f"Training loss (log scale,\n{logs['loss'].iloc[0]})")
        axes.axhline(REACHED, **DASHED)
    over_time.set(xlabel="Training time (s)", title=_OF_ONE_RUN)
    over_time.xaxis.set_major_locator(MaxNLocator(4))
    over_epochs.set(title=_first(logs), xlabel="Epoch (log scale)")
    over_epochs.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    over_epochs.xaxis.set_minor_formatter(NullFormatter())
    plain_ticks(over_time.yaxis)
    outer((over_time, over_epochs))
    _note(figure, logs, "Outlined: the end of a run.", _times(logs), _WORTH)
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
    _note(figure, logs)
    first = logs[logs["train_accuracy"] >= ACCURATE].groupby("batch_size")["epoch"].min()
    told = {size: f"epoch {epoch:,}" for size, epoch in first.items()}
    _name(axes, logs, "train_accuracy", full, told)
    return figure


@drawn_from(logs=read_logs)
def figure3(logs: pd.DataFrame, full: int) -> Figure:
    """Validation loss and validation accuracy over epochs, over those of training.

    Args:
        logs, full: as for `figure1`.
    """
    figure, ((loss,), (accuracy,)) = panel_grid(2, 1)
    figure.set_figheight(_HEIGHT_OF_TWO)
    ends = logs[~logs["diverged"]].drop_duplicates("batch_size", keep="last")
    ratio = (ends["val_loss"] / ends["train_loss"]).dropna()
    points = 100 * (ends["val_accuracy"] - ends["train_accuracy"]).abs().max()
    _curves(loss, logs, "epoch", "val_loss", beneath="train_loss")
    loss_axis(loss, logs["val_loss"], "Loss")
    loss.set_ylabel(f"Loss (log scale,\n{logs['loss'].iloc[0]})")
    plain_ticks(loss.yaxis)
    if len(ratio):
        between = " to ".join(dict.fromkeys(f"{end:.2f}" for end in (ratio.min(), ratio.max())))
        loss.set_title(f"In the end {between} times the training loss")
    _curves(accuracy, logs, "epoch", "val_accuracy", beneath="train_accuracy")
    _accuracy_axis(accuracy, "Accuracy", logs)
    if np.isfinite(points):
        accuracy.set_title(f"In the end within {points:.1f} points of the training accuracy")
    # Room for the names of lines that end at the top.
    accuracy.set_ylim(top=1.12)
    for axes in (loss, accuracy):
        _epoch_axis(axes)
    _note(figure, logs, "Broad bands: training; lines on them: validation.")
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
    return f"Left, as the report has it: the {engine}; the published runs took {between}."


def _note(figure: Figure, logs: pd.DataFrame, *words: str) -> None:
    """Note below the panels how many runs there are, what a curve is, `words`, and who diverged."""
    runs = "One run per batch size, named beside its line."
    has_medians = logs["epoch"].max() >= _AROUND
    curve = f"Lines: running medians of {_AROUND} epochs; pale: every epoch." if has_medians else ""
    note(figure, " ".join(filter(None, (runs, curve, *words, _lost(logs)))))


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


def _curves(axes: Axes, logs: pd.DataFrame, x: str, y: str, beneath: str | None = None) -> None:
    """Draw each run, the smoother curves over the rougher ones.

    Args:
        axes: the panel.
        logs: as for `figure1`.
        x, y: the columns that are drawn.
        beneath: a column whose medians are a pale band below all curves.
    """
    by_size = looks(logs["batch_size"])
    roughness = logs.groupby("batch_size")[y].agg(lambda run: run.diff().abs().median()).fillna(0)
    depth = roughness.rank(ascending=False, method="first") / len(roughness)
    for place, (size, look) in enumerate(by_size.items()):
        run = logs[logs["batch_size"] == size]
        pale = {"color": look["color"], "zorder": 1.5}
        if beneath:
            axes.plot(run[x], _medians(run[beneath]), linewidth=6, alpha=0.3, **pale)
        axes.plot(run[x], run[y], linewidth=0.7, alpha=0.55, **pale)
        axes.plot(
            run[x],
            _medians(run[y]),
            linewidth=1.6,
            markersize=6,
            markevery=_marked(axes, run[x], (place + 0.5) / len(by_size)),
            zorder=2 + depth[size],
            **look,
        )


def _marked(axes: Axes, x: pd.Series, shift: float) -> list[int]:
    """Where a curve has its markers: as far apart as the axis has them, from `shift` of a step on.

    So the markers of curves that coincide stand side by side.
    """
    to_axis = axes.xaxis.get_transform()
    along = to_axis.transform(x.to_numpy(float))
    ends = along[0], along[-1]
    steps = (np.arange(_MARKERS_PER_CURVE) + shift) / _MARKERS_PER_CURVE
    return np.unique(np.searchsorted(along, np.interp(steps, (0, 1), ends))).tolist()


def _medians(values: pd.Series) -> pd.Series:
    """The median of the epochs around each one; of the first and the last, themselves."""
    return values.rolling(_AROUND, center=True).median().fillna(values)


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
