"""The report's figures, drawn from the logs of a study."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from jfb import files, runlog

#: Width in inches at which the figures are read: the text of a page.
PAGE_WIDTH = 6.5

_STYLE = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.4,
    "pdf.fonttype": 42,
    # Without these an SVG differs from one drawing to the next.
    "svg.hashsalt": "jfb",
}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_MARKERS_PER_CURVE = 6


def read_logs(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The logs of a study as one table.

    Args:
        paths: of the logs.

    Returns:
        A row per epoch and run: the columns of `jfb.runlog.Epoch`, batch_size, and seconds,
        the training time since the start of the run. What is not finite is missing.
    """
    parts = []
    for path in paths:
        log = runlog.read(path)
        frame = log.to_pandas().assign(batch_size=runlog.run_of(log).batch_size)
        parts.append(frame.assign(seconds=frame["train_seconds"].cumsum()))
    return pd.concat(parts, ignore_index=True).replace(np.inf, np.nan)


def figure1(logs: pd.DataFrame) -> Figure:
    """Training loss over training time, the end of each run marked, and over epochs."""
    figure, (over_time, over_epochs) = _panels(2)
    _curves(over_time, logs, "seconds", "train_loss")
    _mark_ends(over_time, logs, "seconds", "train_loss")
    over_time.set(xscale="log", xlabel="Training time (s); dotted: end of the run")
    _curves(over_epochs, logs, "epoch", "train_loss")
    over_epochs.set(xlabel="Epoch")
    for axes in (over_time, over_epochs):
        _loss_axis(axes, logs["train_loss"], "Training loss")
    return _finished(figure, logs)


def figure2(logs: pd.DataFrame) -> Figure:
    """Training accuracy over epochs."""
    figure, (axes,) = _panels(1)
    _curves(axes, logs, "epoch", "train_accuracy")
    _accuracy_axis(axes, "Training accuracy")
    axes.set(xlabel="Epoch")
    return _finished(figure, logs)


def figure3(logs: pd.DataFrame) -> Figure:
    """Validation loss and validation accuracy over epochs."""
    figure, (loss, accuracy) = _panels(2)
    _curves(loss, logs, "epoch", "val_loss")
    _loss_axis(loss, logs["val_loss"], "Validation loss")
    _curves(accuracy, logs, "epoch", "val_accuracy")
    _accuracy_axis(accuracy, "Validation accuracy")
    for axes in (loss, accuracy):
        axes.set(xlabel="Epoch")
    return _finished(figure, logs)


FIGURES = {"figure1": figure1, "figure2": figure2, "figure3": figure3}


def write(figure: Figure, paths: Sequence[str | Path]) -> None:
    """Write a figure to each of `paths`, in the format of its ending (svg, pdf, png)."""
    undated: Mapping[str, dict] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    for path in map(Path, paths):
        with files.whole(path) as temporary, mpl.rc_context(_STYLE):
            figure.savefig(temporary, dpi=300, metadata=undated.get(path.suffix))


def _panels(columns: int) -> tuple[Figure, Sequence[Axes]]:
    with sns.axes_style("whitegrid"), mpl.rc_context(_STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, 2.9), layout="constrained")
        return figure, figure.subplots(1, columns, squeeze=False)[0]


def _looks(logs: pd.DataFrame) -> dict[int, dict]:
    """Colour and marker of each batch size; lightness alone tells them apart in greyscale."""
    sizes = sorted(logs["batch_size"].unique(), reverse=True)
    colours = sns.color_palette("viridis", as_cmap=True)(np.linspace(0, 0.87, len(sizes)))
    markers = itertools.cycle(_MARKERS)
    return {
        size: {"color": colour, "marker": marker, "markeredgecolor": "white"}
        for size, colour, marker in zip(sizes, colours, markers, strict=False)
    }


def _curves(axes: Axes, logs: pd.DataFrame, x: str, y: str) -> None:
    """Draw every epoch of each run, the smoother curves over the rougher ones."""
    looks = _looks(logs)
    roughness = logs.groupby("batch_size")[y].agg(lambda run: run.diff().abs().median()).fillna(0)
    depth = roughness.rank(ascending=False, method="first") / len(roughness)
    every = max(1, logs["epoch"].max() // _MARKERS_PER_CURVE)
    for place, (size, look) in enumerate(looks.items()):
        run = logs[logs["batch_size"] == size]
        # Spread, so that the markers of curves that coincide stand side by side.
        first = every * (2 * place + 1) // (2 * len(looks))
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
    for size, look in _looks(logs).items():
        end = logs[logs["batch_size"] == size].iloc[-1]
        axes.axvline(end[x], color=look["color"], linewidth=0.9, linestyle=":")
        axes.plot(end[x], end[y], **look | {"markeredgecolor": "black"}, markersize=7, zorder=4)


def _loss_axis(axes: Axes, losses: pd.Series, label: str) -> None:
    axes.set(yscale="log", ylabel=f"{label} (mean squared error)")
    if losses.isna().all():
        axes.set_ylim(1e-3, 1)
        axes.text(0.5, 0.5, "no finite loss", transform=axes.transAxes, ha="center")


def _accuracy_axis(axes: Axes, label: str) -> None:
    axes.set(ylim=(-0.03, 1.03), ylabel=f"{label} (% of points)")
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))


def _finished(figure: Figure, logs: pd.DataFrame) -> Figure:
    """Put the legend, largest batch first, above the panels."""
    handles = [
        Line2D([], [], label=f"{size}", linewidth=0.9, markersize=5.5, **look)
        for size, look in _looks(logs).items()
    ]
    figure.legend(
        handles=handles,
        title="Batch size",
        loc="outside upper center",
        ncols=len(handles),
        frameon=False,
    )
    return figure
