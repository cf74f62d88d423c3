"""What stands at the data: names of rows, values beside points, words at thresholds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from jfb.output.figures.style import BAR, NOTE, counted, level_legend, looks, note

_GREY = "0.3"
# Of the width of a panel, what a value beside a point needs.
_ROOM = 0.24
# And what a short one covers.
_LINE = 0.15


def rows(axes: Axes, names: Sequence[str], above: float = 0.0) -> None:
    """Name the rows 0, 1, ... of y from the top down, with room for words of `above` rows there."""
    axes.set(yticks=range(len(names)), ylim=(len(names) - 0.5, -0.5 - above))
    axes.set_yticklabels(names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def in_rows(
    axes: Axes,
    groups: Mapping[Any, pd.DataFrame],
    looks_of: Mapping[Any, Mapping[str, Any]],
    spread: float = 0.0,
    written: Callable[[float], str] | None = None,
    lines: Sequence[float] = (),
) -> None:
    """Draw the estimates of groups in the rows `y`, the groups below each other within `spread`.

    Where one group alone has an estimate, it is in the middle of its row. Set the limits of x
    before. `written`: an estimate's value, as it stands beside its interval and clear of the
    standing `lines`.
    """
    known = pd.concat([table.dropna(subset="estimate")["y"] for table in groups.values()])
    alone = known.value_counts() == 1
    shifts = np.linspace(-0.5, 0.5, len(groups)) * spread if len(groups) > 1 else [0.0]
    for (name, table), shift in zip(groups.items(), shifts, strict=True):
        for _, row in table.iterrows():
            reach = [[row["estimate"] - row["low"]], [row["high"] - row["estimate"]]]
            place = row["y"] + (0.0 if alone.get(row["y"], False) else shift)
            options = {"elinewidth": BAR, "markersize": 6.5} | dict(looks_of[name])
            axes.errorbar(row["estimate"], place, xerr=np.abs(reach), **options)
            if written and np.isfinite(row["estimate"]):
                _write_beside(axes, row, place, written(row["estimate"]), lines)


def _write_beside(
    axes: Axes, row: pd.Series, y: float, text: str, lines: Sequence[float] = ()
) -> None:
    """Write a value right of its interval, or left of it where the panel ends or a line stands."""
    low, high = (row["estimate"] if np.isnan(row[end]) else row[end] for end in ("low", "high"))
    left, right, *stand = (
        axes.transAxes.inverted().transform(axes.transData.transform((x, 0)))[0]
        for x in (low, high, *lines)
    )
    struck = any(right <= line < right + _LINE for line in stand)
    on_right = left < _LINE if struck else (right < 1 - _ROOM or left < _ROOM)
    axes.annotate(
        text,
        (high if on_right else low, y),
        xytext=(6 if on_right else -6, 0),
        textcoords="offset points",
        ha="left" if on_right else "right",
        va="center_baseline",
        fontsize=NOTE,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )


def size_names(sizes: Iterable[int]) -> dict[int, str]:
    """Names of batch sizes, the largest first, which is the full batch."""
    largest, *others = sorted(set(sizes), reverse=True)
    return {largest: f"full batch ({largest})"} | {size: f"batches of {size}" for size in others}


def size_legend(figure: Figure, sizes: Iterable[int], **options) -> None:
    """The legend of batch sizes in one row; `options` are those of lines."""
    by_size = looks(sizes)
    shown = {name: by_size[size] | options for size, name in size_names(sizes).items()}
    level_legend(figure, shown, "")


def threshold(
    axes: Axes, at: float, words: str, axis: str = "x", along: float = 0.98, **options
) -> None:
    """A dashed line across an axis, and what it is at the line; `options` are those of its text.

    Args:
        axes: a panel.
        at: where on `axis` the line is.
        words: what it is.
        axis: x for a line that stands, y for one that lies.
        along: where along the line the words are, as a share of it.
        options: of the text.
    """
    draw = axes.axvline if axis == "x" else axes.axhline
    draw(at, color=_GREY, linewidth=0.9, linestyle="--", zorder=1)
    if axis == "x":
        place, offset = (at, along), (4, 0)
        look = {"ha": "left", "va": "top", "xycoords": axes.get_xaxis_transform()}
    else:
        place, offset = (along, at), (0, 2)
        look = {"ha": "right", "va": "bottom", "xycoords": axes.get_yaxis_transform()}
    if options.get("ha", look["ha"]) == "right" and axis == "x":
        offset = (-4, 0)
    if options.get("va", look["va"]) == "top" and axis == "y":
        offset = (0, -2)
    look |= {"fontsize": NOTE, "color": _GREY, "linespacing": 1.0}
    axes.annotate(words, place, xytext=offset, textcoords="offset points", **look | options)


def allowed(axes: Axes, low: float, high: float, axis: str = "x") -> None:
    """Shade what a criterion allows; NaN for no bound. Set the limits of the panel before."""
    start, end = sorted(axes.get_xlim() if axis == "x" else axes.get_ylim())
    low, high = (start if np.isnan(low) else low), (end if np.isnan(high) else high)
    draw = axes.axvspan if axis == "x" else axes.axhspan
    draw(max(low, start), min(high, end), color="black", alpha=0.09, linewidth=0, zorder=0)


def short(value: float) -> str:
    """Two digits, or as many as a whole number has."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def percent(share: float) -> str:
    """A share as it is written beside its interval, in per cent."""
    return f"{100 * share:.1f}"


def counts(axes: Axes, table: pd.DataFrame, axis: str = "x") -> None:
    """Shade what the criterion of a table of answers allows, if it has one for all of them."""
    bounds = table.loc[table["criterion"].notna(), ["holds_low", "holds_high"]].drop_duplicates()
    if len(bounds) == 1:
        allowed(axes, *bounds.iloc[0].astype(float), axis)


def extent(table: pd.DataFrame) -> tuple[float, float]:
    """The lowest and the highest end of all intervals, or estimate where there is none."""
    ends = table[["estimate", "low", "high"]].to_numpy(float)
    ends = ends[np.isfinite(ends)]
    return (ends.min(), ends.max()) if ends.size else (1.0, 1.0)


def barred(table: pd.DataFrame) -> bool:
    """Whether an estimate has an interval."""
    return bool((table["high"] > table["low"]).any())


def around(table: pd.DataFrame, share: float = 0.05, at: float | None = None) -> tuple:
    """Limits of an axis between which all intervals lie, with a `share` of them at either end.

    With `at`, that is in the middle.
    """
    low, high = extent(table)
    if at is not None:
        reach = max(at - low, high - at)
        low, high = at - reach, at + reach
    width = (high - low) or 1.0
    return low - share * width, high + share * width


def hidden(figure: Figure) -> str:
    """Words of a note that say where intervals are, if points hide some of them.

    Call it when the limits of all panels are final: it lays the figure out.
    """
    figure.draw_without_rendering()
    drawn = [bars for axes in figure.axes for bars in axes.containers if hasattr(bars, "has_xerr")]
    is_hidden = any(
        0
        < np.ptp(bars.lines[0].axes.transData.transform(ends), axis=0).max() * 72 / figure.dpi
        < bars.lines[0].get_markersize()
        for bars in drawn
        for collection in bars.lines[2]
        for ends in collection.get_segments()
        if len(ends) == 2 and np.isfinite(ends).all()
    )
    return "Without a bar: an interval narrower than the point" * is_hidden


def noted(figure: Figure, table: pd.DataFrame, *words: str, of: str = "seed") -> None:
    """Note below the panels how many `of` what an estimate is of, what its bar is, and `words`.

    Args:
        figure: a figure of the page's width.
        table: the estimates that are drawn, with `n` and the ends of their intervals.
        words: sentences without their full stops; empty ones are left out.
        of: what `n` counts.
    """
    said = list(filter(None, words))
    if not table.empty:
        fewest, most = int(table["n"].min()), int(table["n"].max())
        number = counted(most, of) if fewest == most else f"{fewest:,} to {counted(most, of)}"
        bars = "; bars: 95 % intervals" if barred(table) else ""
        said.insert(0, f"{number} per point{bars}")
    note(figure, ". ".join(said) + ".")
