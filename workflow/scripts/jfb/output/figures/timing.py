"""Where the time goes: figure of the seconds of a run by engine and batch size."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis import published
from jfb.analysis.timing import read, relative, summarised, with_published
from jfb.output.figures.style import drawn_from, level_legend, level_looks, panels
from jfb.records.timing import Collector

#: What is drawn, by engine and collector. A frozen collector takes the time of none: see the table.
_NAMES = {
    (published.SOURCE, Collector.RUNNING): "published",
    ("dataloader", Collector.RUNNING): "DataLoader, as in the report",
    ("dataloader", Collector.DISABLED): "DataLoader without garbage collection",
    ("reference", Collector.RUNNING): "reference engine",
    ("fused", Collector.RUNNING): "fused engine",
}


@drawn_from(measured=read)
def timing(measured: pd.DataFrame, epochs: int) -> Figure:
    """Seconds of a run, and seconds over those of the full batch: medians, bars to the extremes.

    The published times stand beside the measured ones.

    Args:
        measured: of one machine, as `jfb.analysis.timing.read` returns it.
        epochs: of a run.
    """
    both = with_published(measured)
    seconds, ratios = summarised(both, epochs), relative(both)
    figure, (left, right) = panels(2)
    looks = dict(zip(_NAMES, level_looks(_NAMES.values()).values(), strict=True))
    known = set(zip(seconds["engine"], seconds["collector"], strict=True))
    drawn = {which: look for which, look in looks.items() if which in known}
    for axes, table in ((left, seconds), (right, ratios)):
        _lines(axes, table, drawn)
    left.set_ylabel(f"Seconds of {epochs:,} epochs")
    right.set_ylabel("Relative to the full batch")
    right.axhline(1, color="black", linewidth=0.8, linestyle="--")
    level_legend(figure, {_NAMES[which]: look for which, look in drawn.items()}, "Time of training")
    return figure


def _lines(axes: Axes, table: pd.DataFrame, drawn: dict[tuple[str, Collector], dict]) -> None:
    sizes = sorted(table["batch_size"].unique(), reverse=True)
    for (engine, collector), look in drawn.items():
        rows = table[(table["engine"] == engine) & (table["collector"] == collector)]
        rows = rows.set_index("batch_size").reindex(sizes)
        reach = [rows["median"] - rows["lowest"], rows["highest"] - rows["median"]]
        axes.errorbar(
            np.arange(len(sizes)),
            rows["median"],
            yerr=np.abs(reach),
            capsize=2,
            linewidth=1,
            markersize=5,
            **look,
        )
    axes.set(xticks=range(len(sizes)), xticklabels=sizes, yscale="log", xlabel="Batch size")
