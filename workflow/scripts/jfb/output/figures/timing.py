"""Where the time goes: figure of how many times as long small batches take, by program."""

import pandas as pd
from matplotlib.figure import Figure

from jfb.analysis import published
from jfb.analysis.statistics import ratio
from jfb.analysis.timing import as_run, read
from jfb.output import wording
from jfb.output.figures.marks import extent, in_rows, noted, rows, threshold
from jfb.output.figures.style import drawn_from, level_legend, level_looks, panels, plain_ticks, say

_PUBLISHED = "published: one run each"
#: What is drawn, by the engine.
_PROGRAMS = {
    published.SOURCE: "report's program,\nas published",
    "dataloader": "report's program,\nmeasured again",
    "reference": "tensors\nin PyTorch",
    "fused": "compiled",
}


@drawn_from(measured=read)
def timing(measured: pd.DataFrame) -> Figure:
    """Time of an epoch of the smallest batches over that of the largest, by program and machine.

    The ratio is that of the claims on time: the mean over rounds, with its 95 % interval.

    Args:
        measured: of one or several machines, as `jfb.analysis.timing.read` returns it.
    """
    smallest, largest = measured["batch_size"].min(), measured["batch_size"].max()
    return drawn_of(_ratios(as_run(measured), smallest, largest), smallest, largest)


def drawn_of(ratios: pd.DataFrame, smallest: int, largest: int) -> Figure:
    """The figure of `ratios`: engine, machine, n, estimate, low, high."""
    figure, (axes,) = panels(1)
    shown = [engine for engine in _PROGRAMS if engine in set(ratios["engine"])]
    rows(axes, [_PROGRAMS[engine] for engine in shown], above=0.3)
    axes.set_xlabel(f"Time of an epoch at batch size {smallest}, over that at {largest}")
    if ratios.empty:
        say(axes, "no two batch sizes to compare")
        return figure
    low, high = extent(ratios)
    axes.set(xscale="log", xlim=(min(0.7, 0.8 * low), 1.6 * high))
    plain_ticks(axes.xaxis, (1, 2, 5))
    threshold(axes, 1, "equally long")
    names = [name for name in dict.fromkeys(ratios["machine"]) if name != _PUBLISHED]
    named = dict(zip(names, wording.machines(names), strict=True)) | {_PUBLISHED: _PUBLISHED}
    by_machine = {name: ratios[ratios["machine"] == name] for name in named}
    groups = {
        named[name]: table.assign(y=table["engine"].map(shown.index))
        for name, table in by_machine.items()
    }
    groups = {name: table for name, table in groups.items() if not table.empty}
    looks = level_looks(groups)
    machines = {name: table for name, table in groups.items() if name != _PUBLISHED}
    if _PUBLISHED in groups:
        looks[_PUBLISHED] |= {"color": "0.3"}
        in_rows(axes, {_PUBLISHED: groups[_PUBLISHED]}, looks, written=_times)
    in_rows(axes, machines, looks, 0.44, _times)
    measured = ratios[ratios["machine"] != _PUBLISHED]
    noted(figure, measured, "One thread", "Further right is slower", of="round")
    level_legend(figure, {name: look | {"linestyle": ""} for name, look in looks.items()}, "")
    return figure


def _times(value: float) -> str:
    return f"{value:.3g} times"


def _ratios(measured: pd.DataFrame, smallest: int, largest: int) -> pd.DataFrame:
    """The ratio of each program on each machine, and the published one."""
    columns = ["engine", "machine", "n", "estimate", "low", "high"]
    if smallest == largest:
        return pd.DataFrame(columns=columns)
    column = published.TABLE.set_index("batch_size")["training_seconds"]
    printed = column.get(smallest, float("nan")) / column.get(largest, float("nan"))
    found = [(published.SOURCE, _PUBLISHED, 1, printed, float("nan"), float("nan"))]
    for (engine, machine), own in measured.groupby(["engine", "machine"], sort=False):
        one = ratio(own, "seconds_per_epoch", "batch_size", smallest, largest)
        found.append((engine, machine, one.n, one.estimate, one.low, one.high))
    table = pd.DataFrame(found, columns=columns)
    return table[table["estimate"].notna() & table["engine"].isin(_PROGRAMS)]
