"""How figures look, and what they share."""

import functools
import itertools
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Transform, blended_transform_factory, offset_copy
from scipy.optimize import isotonic_regression

#: Width in inches, that of the text of a page. Letters still read where it is scaled to a column
#: of 8.5 cm: the smallest, `NOTE`, are then of 4.7 points.
PAGE_WIDTH = 6.5
#: Points of the letters of notes.
NOTE = 9
#: Points of the bars of intervals, and of the lines between points: of a pixel or more where a
#: figure is 502 pixels wide.
BAR, LINE = 1.4, 1.3
#: Panels side by side at most.
_COLUMNS = 3
#: Matplotlib's settings of every figure.
STYLE = {
    "font.size": 10,
    "axes.labelsize": 10,
    "axes.titlesize": 10,
    "xtick.labelsize": NOTE,
    "ytick.labelsize": NOTE,
    "legend.fontsize": 10,
    "legend.title_fontsize": 10,
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.4,
    "pdf.fonttype": 42,
    # Without it an SVG differs from one drawing to the next.
    "svg.hashsalt": "jfb",
}
#: The line of a threshold that the note below the panels names.
DASHED = {"color": "black", "linewidth": 0.8, "linestyle": "--"}
# How many letters of a note fit on a line.
_NOTED = 86
# Up to where colours of batch sizes go in viridis: yellow beyond is faint on white.
_LIGHTEST = 0.75
# By marker, a letter that looks like it.
_MARKERS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚", "X": "✖", "*": "★"}


def drawn_from(**readers: Callable[[Any], Any]) -> Callable:
    """Decorator: a function draws its figure in the style of the project, from what is read.

    `readers`: by name of an argument, what reads it from the input that its rule gives this name, a
    path or a list of paths. They are kept as the attribute `readers` of the function, which itself
    takes what they return.
    """

    def decorated(draw: Callable[..., Figure]) -> Callable[..., Figure]:
        in_style = styled(draw)
        in_style.readers = readers
        return in_style

    return decorated


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Decorator: let a function draw in the style of the project."""

    @functools.wraps(draw)
    def in_style(*args, **options) -> Figure:
        with sns.axes_style("whitegrid"), mpl.rc_context(STYLE):
            return draw(*args, **options)

    return in_style


def panels(count: int, **options) -> tuple[Figure, Sequence[Axes]]:
    """A figure of the page's width with panels, from left to right, at most three in a row.

    `options` are those of `Figure.subplots`. Where panels share axes, call `outer` in the end.
    """
    rows = -(-count // _COLUMNS)
    figure, grid = panel_grid(rows, -(-count // rows), **options)
    for spare in grid.flat[count:]:
        spare.remove()
    return figure, grid.flat[:count]


def panel_grid(rows: int, columns: int, **options) -> tuple[Figure, np.ndarray]:
    """A figure of the page's width with panels by row, then by column; see `panels`."""
    height = 3.4 if rows == 1 else 2.4 * rows
    figure = Figure(figsize=(PAGE_WIDTH, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def outer(all_axes: Iterable[Axes]) -> None:
    """Leave the labels of shared axes to the panels at the left and the lowest of each column."""
    grid = list(all_axes)
    lowest = {axes.get_subplotspec().colspan.start: axes for axes in grid}
    for axes in grid:
        column = axes.get_subplotspec().colspan.start
        axes.tick_params(which="both", labelbottom=axes is lowest[column], labelleft=not column)
        if axes is not lowest[column]:
            axes.set_xlabel("")
        if column:
            axes.set_ylabel("")


def looks(batch_sizes: Iterable[int]) -> dict[int, dict]:
    """Colour and marker of each batch size; lightness alone tells them apart in greyscale."""
    sizes = sorted(set(batch_sizes), reverse=True)
    colours = sns.color_palette("viridis", as_cmap=True)(np.linspace(0, _LIGHTEST, len(sizes)))
    markers = itertools.cycle(_MARKERS)
    return {
        size: {"color": colour, "marker": marker, "markeredgecolor": "white"}
        for size, colour, marker in zip(sizes, colours, markers, strict=False)
    }


def level_looks(levels: Iterable[str]) -> dict[str, dict]:
    """Colour and marker of each level of a factor, in their order; they have no rank."""
    names = list(dict.fromkeys(levels))
    colours = itertools.cycle(sns.color_palette("colorblind"))
    markers = itertools.cycle(_MARKERS)
    return {
        name: {"color": colour, "marker": marker, "markeredgecolor": "white"}
        for name, colour, marker in zip(names, colours, markers, strict=False)
    }


def loss_axis(axes: Axes, losses: pd.Series, label: str, lacking: str = "no finite loss") -> None:
    """Make y the logarithmic axis of a loss; where all are missing, write what is lacking."""
    axes.set(yscale="log", ylabel=f"{label}\n(mean squared error)")
    if losses.isna().all():
        axes.set_ylim(1e-3, 1)
        say(axes, lacking)


def estimates(axes: Axes, x: pd.Series, rows: pd.DataFrame, look: Mapping[str, Any]) -> None:
    """Draw the `estimate` of each row at x, with its interval from `low` to `high`."""
    reach = [rows["estimate"] - rows["low"], rows["high"] - rows["estimate"]]
    options = {"linestyle": "", "elinewidth": BAR, "markersize": 6}
    axes.errorbar(x, rows["estimate"], np.abs(reach), **options, **look)


def categories(axes: Axes, labels: Iterable[Any], **options) -> None:
    """Name the places 0, 1, ... of x; `options` are those of the labels."""
    names = list(labels)
    axes.set(xticks=range(len(names)), xlim=(-0.5, len(names) - 0.5))
    axes.set_xticklabels(names, **options)


def plain_ticks(axis: Axis, digits: Sequence[float] = (1,)) -> None:
    """Write the numbers of a logarithmic axis as 0.01, 1 or 1,000: `digits` times powers of 10."""
    axis.set_major_locator(LogLocator(subs=digits))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,.12f}".rstrip("0").rstrip("."))
    )


def in_percent(axis: Axis) -> None:
    """Write the shares of an axis in percent, without the sign, which its label has."""
    axis.set_major_formatter(
        FuncFormatter(lambda share, _: f"{100 * share:.6g}".replace("-", "\N{MINUS SIGN}"))
    )


def in_times(axis: Axis) -> None:
    """Write an axis of differences of log10 as ratios, at 0.5, 1, 2 and the like.

    Where fewer than three of these lie between its ends, which are to be set before, at others.
    """
    low, high = sorted(axis.get_view_interval())
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    ticks = np.add.outer(powers, np.log10([1, 2, 5])).ravel()
    if ((low < ticks) & (ticks < high)).sum() < 3:
        ticks = np.log10(MaxNLocator(6).tick_values(10**low, 10**high))
    axis.set_major_locator(FixedLocator(ticks[(low < ticks) & (ticks < high)]))
    axis.set_major_formatter(FuncFormatter(lambda decades, _: f"{10**decades:,.6g}"))


def note(figure: Figure, text: str) -> None:
    """Write a note below the panels, in as many lines as it takes, none of one word."""
    lines = textwrap.wrap(text, _NOTED)
    narrower = (textwrap.wrap(text, letters) for letters in range(_NOTED - 1, _NOTED // 2, -1))
    for others in narrower:
        if len(lines) < 2 or " " in lines[-1] or len(others) > len(lines):
            break
        lines = others
    figure.supxlabel("\n".join(lines), fontsize=NOTE)


def say(axes: Axes, text: str) -> None:
    """Write in the middle of a panel what it would be empty for."""
    patch = {"facecolor": "white", "edgecolor": "none"}
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", bbox=patch)


def counted(number: int, what: str) -> str:
    """`1 seed`, `20 seeds`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def sized(size: int, full: int) -> str:
    """A batch size, and whether it is that of the full batch."""
    return f"{size} (full)" if size == full else f"{size}"


def with_diverged(label: object, diverged: pd.Series) -> str:
    """A label, and below it how many of its runs, true or false each, diverged, if any did."""
    if not diverged.any():
        return f"{label}"
    runs = "" if len(diverged) == 1 else f"{diverged.sum()} of {len(diverged):,} "
    return f"{label}\n{runs}diverged"


def level_legend(figure: Figure, by_level: Mapping[str, dict], title: str) -> None:
    """Put a legend above the panels: the look of each level, and what they are levels of.

    They are in one row, or in as few as the figure is wide enough for.
    """
    handles = [
        Line2D([], [], label=level, **{"linewidth": LINE, "markersize": 6} | look)
        for level, look in by_level.items()
    ]
    for columns in range(len(handles), 0, -1):
        placed = figure.legend(
            handles=handles,
            title=title,
            loc="outside upper center",
            ncols=columns,
            frameon=False,
            handlelength=1.5,
            columnspacing=1.5,
        )
        if columns == 1 or placed.get_window_extent().width <= figure.bbox.width:
            return
        placed.remove()


def name_ends(axes: Axes, ends: Mapping[str, tuple[float, float, Any]]) -> None:
    """Name lines at the right of a panel, each at its end; names that would overlap move apart.

    Call it when the limits of the panel are final: it lays the figure out.

    Args:
        axes: the panel, with nothing at its right.
        ends: by name, x and y of the end of the line, and its colour.
    """
    names = []
    for name, (x, y, colour) in ends.items():
        lead = {"arrowstyle": "-", "color": colour, "linewidth": 0.6, "relpos": (0, 0.5)}
        options = {"fontsize": NOTE, "color": darker(colour), "va": "center", "arrowprops": lead}
        names.append(axes.annotate(name, (x, y), (1, y), textcoords=_right_of(axes, 0), **options))
    axes.figure.draw_without_rendering()
    ys = np.array([axes.transData.transform(name.xy)[1] * 72 / axes.figure.dpi for name in names])
    order, steps = np.argsort(ys, kind="stable"), 1.2 * NOTE * np.arange(len(ys))
    # The least moves, in squares, after which no two are nearer than a step.
    moved = isotonic_regression(ys[order] - steps).x + steps
    for place, y in zip(order, moved, strict=True):
        names[place].anncoords = _right_of(axes, y - ys[place])


def with_marker(name: str, look: Mapping[str, Any]) -> str:
    """A name for `name_ends`, after the marker of its line."""
    return f"{_MARKERS[look['marker']]} {name}"


def _right_of(axes: Axes, up: float) -> Transform:
    """From x as a share of the panel and y of its data, to the right and up by so many points."""
    at_end = blended_transform_factory(axes.transAxes, axes.transData)
    return offset_copy(at_end, axes.figure, 9, up, units="points")


def darker(colour: Any) -> tuple[float, float, float]:
    """A colour in which letters on white can be read."""
    return tuple(0.65 * part for part in mpl.colors.to_rgb(colour))
