"""Where the time goes: figure of the seconds of a run by engine and batch size."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.figures.style import level_legend, level_looks, panels, styled

_NAMES = {
    "dataloader": "as in the report (DataLoader)",
    "reference": "reference engine",
    "fused": "fused engine",
}


@styled
def timing(seconds: pd.DataFrame, ratios: pd.DataFrame, epochs: int) -> Figure:
    """Seconds of a run, and seconds over those of the full batch: medians, bars to the extremes.

    Args:
        seconds, ratios: as `jfb.timing.summarised` and `jfb.timing.relative` return them.
        epochs: of a run.
    """
    figure, (left, right) = panels(2)
    names = seconds["engine"].map(_NAMES).fillna(seconds["engine"])
    levels = level_looks(names)
    for axes, table in ((left, seconds), (right, ratios)):
        named = table.assign(name=table["engine"].map(_NAMES).fillna(table["engine"]))
        _lines(axes, named, levels)
    left.set_ylabel(f"Seconds of {epochs:,} epochs")
    right.set_ylabel("Relative to the full batch")
    right.axhline(1, color="black", linewidth=0.8, linestyle="--")
    level_legend(figure, levels, "Time of training")
    return figure


def _lines(axes: Axes, table: pd.DataFrame, levels: dict[str, dict]) -> None:
    sizes = sorted(table["batch_size"].unique(), reverse=True)
    for name, look in levels.items():
        rows = table[table["name"] == name].set_index("batch_size").reindex(sizes)
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
