"""Questions whose answer is a difference or a variance: orders, start, room, wellposed."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers, read_summary
from jfb.output.figures.marks import (
    around,
    counts,
    extent,
    hidden,
    in_rows,
    noted,
    rows,
    short,
    size_legend,
    threshold,
)
from jfb.output.figures.style import (
    NOTE,
    categories,
    counted,
    darker,
    drawn_from,
    estimates,
    in_percent,
    in_times,
    level_legend,
    level_looks,
    looks,
    panels,
    plain_ticks,
)

_SPREAD = 0.36
_AFTER = {"epochs": "after equal epochs", "updates": "after equal updates"}


@drawn_from(answers=read_answers, epochs=read_summary)
def orders(answers: pd.DataFrame, epochs: pd.DataFrame) -> Figure:
    """The share of the variance of the lowest loss by start and order, and the losses by start.

    Args:
        answers: to the question of that name.
        epochs: the summary of the runs at equal epochs.
    """
    figure, (variance, losses) = panels(2, width_ratios=[3, 2])
    sizes = sorted(set(epochs["batch_size"]), reverse=True)
    causes = level_looks(["start", "order"])
    shown = []
    for after, shift in zip(_AFTER, (-0.12, 0.12), strict=True):
        for cause, look in causes.items():
            some = answers[answers["measure"] == f"{cause}_{after}"]
            place = some["batch_size"].map(sizes.index) + shift
            hollow = {"markerfacecolor": "white", "markeredgecolor": look["color"]}
            estimates(variance, place, some, look | (hollow if after == "updates" else {}))
            shown.append(some)
    for cause, said, y in (
        ("start", "by the start", 0.87),
        ("order", "by the order of samples", 0.1),
    ):
        variance.text(-0.4, y, said, va="center", color=darker(causes[cause]["color"]))
    threshold(variance, 0.5, "half", axis="y", along=0.2)
    variance.set(ylim=(-0.05, 1.05), title="Variance of log10 loss that is explained")
    variance.set(xlabel="Batch size", ylabel="Share of the variance (%)")
    categories(variance, sizes)
    variance.grid(visible=False, axis="x")
    in_percent(variance.yaxis)
    _by_start(losses, epochs)
    black = {"color": "0.2", "linestyle": "", "marker": "o"}
    kinds = {"after equal epochs": black, "after equal updates": black | {"mfc": "white"}}
    level_legend(figure, kinds, "")
    noted(
        figure,
        pd.concat(shown),
        "Left: the rest is start and order together. Right: a line joins the runs of a start that "
        "end on both sides of 0.001; numbers: its orders that end below",
        of="start",
    )
    return figure


def _by_start(axes: Axes, epochs: pd.DataFrame) -> None:
    """Draw the loss of each run on the smallest batches, a column for each start."""
    size = epochs["batch_size"].min()
    runs = epochs[epochs["batch_size"] == size]
    by_start = runs.groupby("seed")["lowest_loss"]
    starts = by_start.median().sort_values().index
    x = runs["seed"].map({seed: place for place, seed in enumerate(starts)})
    axes.plot(x, runs["lowest_loss"], "o", markersize=3.5, color="0.2", alpha=0.5, mew=0)
    for place, start in enumerate(starts):
        _split(axes, place, by_start.get_group(start))
    low, high = runs["lowest_loss"].min(), runs["lowest_loss"].max()
    axes.set(ylim=(low / 3, high * 2))
    axes.set(
        yscale="log",
        xticks=[],
        xlim=(-1, len(starts)),
        ylabel=f"Lowest training loss,\nbatches of {size}",
    )
    plain_ticks(axes.yaxis)
    threshold(axes, REACHED, f"{REACHED:g}", axis="y")
    axes.set_xlabel(f"{counted(len(starts), 'start')}, sorted by loss")
    orders_each = counted(by_start.size().max(), "order")
    axes.set_title(f"Each column: one start,\n{orders_each}; equal epochs")


def _split(axes: Axes, place: int, losses: pd.Series) -> None:
    """Join the runs of a start of which some reach the loss, and write how many do."""
    reached = losses <= REACHED
    if reached.nunique() < 2:
        return
    ends = losses.min(), losses.max()
    axes.plot([place, place], ends, color="0.6", linewidth=0.8, zorder=1)
    said = f"{reached.sum()} of\n{len(reached)}"
    offset = {"xytext": (0, -4), "textcoords": "offset points"}
    axes.annotate(said, (place, ends[0]), ha="center", va="top", fontsize=NOTE, **offset)


_STARTS = {
    "zero": "u = 0",
    "previous": "the last\nfixed point",
    "once": "the last point,\none application",
}


@drawn_from(answers=read_answers)
def start(answers: pd.DataFrame) -> Figure:
    """Applications of T, difference of the lowest exact loss, and cosine, by start of the solver.

    Args:
        answers: to the question of that name.
    """
    figure, all_axes = panels(3, sharey=True)
    measures = "iterations", "exact_loss_difference", "cosine_difference"
    work, loss, cosine = all_axes
    shown = answers[answers["measure"].isin(measures)]
    shown = shown.assign(y=shown["level"].map(list(_STARTS).index))
    of = dict(tuple(shown.groupby("measure")))
    work.set(xscale="log", xlim=(0.6, 4 * extent(of["iterations"])[1]))
    work.set(title="Search: fewer\nis cheaper", xlabel="Applications of T")
    work.set_ylabel("Search starts from")
    plain_ticks(work.xaxis)
    loss.set_xlim(around(of["exact_loss_difference"], at=0))
    in_times(loss.xaxis)
    loss.set_xlabel("Loss over that\nfrom u = 0")
    loss.set_title("Loss: lower\nis better")
    cosine.xaxis.set_major_locator(MaxNLocator(3))
    # Beyond what counts as the same.
    ends = of["cosine_difference"][["low", "high", "holds_low", "holds_high"]].astype(float)
    reach = 1.4 * ends.abs().max().max()
    cosine.set_xlim(-reach, reach)
    cosine.set_xlabel("Cosine minus that\nfrom u = 0")
    cosine.set_title("JFB beside the\nexact gradient")
    by_size = looks(shown["batch_size"])
    for axes, measure in (
        (work, "iterations"),
        (loss, "exact_loss_difference"),
        (cosine, "cosine_difference"),
    ):
        rows(axes, list(_STARTS.values()))
        table = of[measure]
        groups = {size: table[table["batch_size"] == size] for size in by_size}
        in_rows(axes, groups, by_size, _SPREAD, short if axes is work else None)
    for axes, measure, equal in (
        (loss, "exact_loss_difference", 1),
        (cosine, "cosine_difference", 0),
    ):
        counts(axes, of[measure])
        said = f"{equal} by definition"
        axes.text(0, 0, said, ha="center", va="center", size=NOTE, color="0.3")
    noted(figure, shown, "Shaded: counts as the same", hidden(figure))
    size_legend(figure, shown["batch_size"], linestyle="")
    return figure


@drawn_from(answers=read_answers)
def room(answers: pd.DataFrame) -> Figure:
    """The full batch's loss over that of batches of 32, by points, in training and validation.

    Args:
        answers: to the question of that name.
    """
    figure, all_axes = panels(2, sharey=True)
    noises = {
        "": "no noise",
        "_inputs_small": "inputs, 0.1 m",
        "_inputs_large": "inputs, 1 m",
        "_targets_small": "targets, 0.03",
        "_targets_large": "targets, 0.3",
    }
    levels = level_looks(["lowest training loss", "last validation loss"])
    titles = {"diagonal": "Points on the diagonal", "uniform": "Points in the whole room"}
    is_loss = answers["measure"].isin(["loss", "val_loss"])
    all_shown = answers[is_loss & (answers["against"] == "32")]
    least, largest = extent(all_shown)
    limits = min(least, 0) - 0.05, 1.1 * max(largest, 0.2)
    for axes, (where, title) in zip(all_axes, titles.items(), strict=True):
        names = [f"{where}{noise}" for noise in noises]
        shown = all_shown[all_shown["level"].isin(names)]
        shown = shown.assign(y=shown["level"].map(names.index))
        rows(axes, list(noises.values()), above=0.5)
        axes.set(xlim=limits, title=title)
        groups = {
            level: shown[shown["measure"] == measure]
            for level, measure in zip(levels, ("loss", "val_loss"), strict=True)
        }
        in_rows(axes, groups, levels, _SPREAD)
        axes.axvline(0, color="black", linewidth=0.8)
        counts(axes, shown)
        axes.annotate(
            "full batch worse \u2192",
            (0.98, 0.985),
            xycoords="axes fraction",
            ha="right",
            va="top",
            fontsize=NOTE,
            color="0.3",
        )
    all_axes[0].set_ylabel("Noise and its standard deviation")
    for axes in all_axes:
        in_times(axes.xaxis)
        axes.set_xlabel("Loss, full batch over 32")
    noted(figure, all_shown, "Shaded: the full batch counts as worse")
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in levels.items()}, "")
    return figure


_CONDITIONS = {
    "spectral": "spectral norm < 1",
    "infinity": "infinity norm < 1",
    "perron_frobenius": "eigenvalue of |W| < 1",
    "norms": "one of these three",
    "joint": "joint spectral\nradius < 1",
    "unique": "one fixed point",
    "reached": "Picard reaches it",
}
_KEPT = {
    "spectral": "spectral norm,\nprojected",
    "infinity": "infinity norm,\nprojected",
    "parametrization": "spectral norm,\nparametrized",
}


@drawn_from(answers=read_answers)
def wellposed(answers: pd.DataFrame) -> Figure:
    """Shares of final networks that meet each condition, and what enforcing one costs.

    Args:
        answers: to the question of that name.
    """
    figure, (cost, met) = panels(2, width_ratios=[3, 2])
    # Seven conditions, each of two batch sizes.
    figure.set_figheight(4.6)
    costs = answers[(answers["measure"] == "cost_loss") & (answers["batch_size"] > 0)]
    free = answers[(answers["level"] == "none") & answers["batch_size"].isin(costs["batch_size"])]
    names = [f"{name}_end" for name in _CONDITIONS]
    free = free[free["measure"].isin(names)]
    free = free.assign(y=free["measure"].map(names.index))
    costs = costs.assign(y=costs["level"].map(list(_KEPT).index))
    rows(cost, list(_KEPT.values()), above=0.25)
    rows(met, list(_CONDITIONS.values()))
    cost.set(xlim=around(costs, at=0), title="What it costs: loss with\na norm kept below 0.95")
    in_times(cost.xaxis)
    cost.set_xlabel("Loss, constrained over free")
    met.set(
        xlim=(0, 1.05),
        xlabel="Networks (%)",
        title="Is it needed? Free\nnetworks that have it",
    )
    in_percent(met.xaxis)
    by_size = looks(costs["batch_size"])
    for axes, table in ((cost, costs), (met, free)):
        groups = {size: table[table["batch_size"] == size] for size in by_size}
        in_rows(axes, groups, by_size, _SPREAD)
    cost.axvline(0, color="black", linewidth=0.8)
    outcome = list(_CONDITIONS).index("unique")
    met.axhline(outcome - 0.5, color="black", linewidth=0.5)
    met.text(
        0.03, outcome + 0.5, "the goal of\nthe conditions", va="center", size=NOTE, color="0.3"
    )
    counts(cost, answers[answers["measure"] == "cost_loss"])
    place = {"transform": cost.transAxes, "ha": "right", "va": "top", "size": NOTE}
    cost.text(0.98, 0.985, "costs \u2192", **place)
    cost.text(0.02, 0.985, "shaded: counts\nas no cost", **place | {"ha": "left", "color": "0.3"})
    noted(figure, pd.concat([costs, free]), hidden(figure))
    size_legend(figure, by_size, linestyle="")
    return figure
