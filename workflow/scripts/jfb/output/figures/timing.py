"""Where the time goes: figure of the seconds of a run by program and batch size."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis import published
from jfb.analysis.timing import read, relative, summarised, with_published
from jfb.output.figures.style import (
    drawn_from,
    level_looks,
    mark,
    name_ends,
    note,
    outer,
    panel_grid,
    plain_ticks,
)
from jfb.records.timing import Collector

#: What is drawn, by engine and collector. A frozen collector takes the time of none: see the table.
_NAMES = {
    (published.SOURCE, Collector.RUNNING): "as published",
    ("dataloader", Collector.RUNNING): "report's program",
    ("dataloader", Collector.DISABLED): "without garbage collector",
    ("reference", Collector.RUNNING): "tensors in PyTorch",
    ("fused", Collector.RUNNING): "compiled",
}


@drawn_from(measured=read)
def timing(measured: pd.DataFrame, epochs: int) -> Figure:
    """Seconds of a run, and seconds over those of the full batch: medians, bars to the extremes.

    The published times, of another machine, stand beside the measured ones.

    Args:
        measured: of one machine, as `jfb.analysis.timing.read` returns it.
        epochs: of a run.
    """
    both = with_published(measured)
    figure, all_axes = panel_grid(2, 1, sharex=True)
    above, below = all_axes.flat
    looks = dict(zip(_NAMES, level_looks(_NAMES.values()).values(), strict=True))
    above.set(title=f"Seconds of {epochs:,} epochs: lower is faster", ylabel="Seconds")
    largest = both["batch_size"].max()
    below.set(title=f"Over the seconds of a batch of {largest}: above 1 is slower", ylabel="Ratio")
    named = [_lines(above, summarised(both, epochs), looks, "{:.3g} s")]
    named.append(_lines(below, relative(both), looks, "{:.1f} times"))
    plain_ticks(below.yaxis, (1, 2, 5))
    mark(below, 1, f"as long as at {largest}")
    outer(all_axes.flat)
    note(figure, _measured_on(measured))
    for axes, ends in zip((above, below), named, strict=True):
        name_ends(axes, ends)
    return figure


def _measured_on(measured: pd.DataFrame) -> str:
    rounds = measured["round"].nunique()
    taken = "One round" if rounds == 1 else f"Medians of {rounds} rounds, bars to the extremes"
    return f"{taken}; one thread of {measured['machine'].iloc[0]}. Published: another machine."


def _lines(
    axes: Axes, table: pd.DataFrame, looks: Mapping[tuple[str, Collector], dict], written: str
) -> dict[str, tuple[float, float, Any]]:
    """Draw a line per engine and collector; return their ends, named as `name_ends` takes them."""
    sizes = sorted(table["batch_size"].unique(), reverse=True)
    ends = {}
    for (engine, collector), look in looks.items():
        rows = table[(table["engine"] == engine) & (table["collector"] == collector)]
        rows = rows.set_index("batch_size").reindex(sizes)
        if rows["median"].isna().all():
            continue
        reach = [rows["median"] - rows["lowest"], rows["highest"] - rows["median"]]
        dashed = {"linestyle": "--" if engine == published.SOURCE else "-", "linewidth": 1}
        options = {"yerr": np.abs(reach), "capsize": 2, "markersize": 5} | dashed
        axes.errorbar(np.arange(len(sizes)), rows["median"], **options, **look)
        last = rows["median"].iloc[-1]
        said = f"{_NAMES[engine, collector]}, {written.format(last)}"
        ends[said] = (len(sizes) - 1, last, look["color"])
    axes.set(xticks=range(len(sizes)), xticklabels=sizes, yscale="log", xlabel="Batch size")
    axes.grid(visible=False, axis="x")
    plain_ticks(axes.yaxis)
    return ends
