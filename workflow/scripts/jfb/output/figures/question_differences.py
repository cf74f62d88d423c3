"""Questions whose answer is a difference or a variance: orders, start, room, wellposed."""

import pandas as pd
from matplotlib.figure import Figure

from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers, read_summary
from jfb.output.figures.style import (
    categories,
    drawn_from,
    in_percent,
    legend,
    level_legend,
    level_looks,
    looks,
    panels,
    side_by_side,
)

_SPREAD = 0.36


@drawn_from(answers=read_answers, epochs=read_summary)
def orders(answers: pd.DataFrame, epochs: pd.DataFrame) -> Figure:
    """The lowest loss of each run by its start, and the share of its variance by start and order.

    Args:
        answers: to the question of that name.
        epochs: the summary of the runs at equal epochs.
    """
    figure, (left, middle, right) = panels(3)
    size = epochs.loc[epochs["batch_size"] < 600, "batch_size"].max()
    runs = epochs[epochs["batch_size"] == size]
    starts = runs.groupby("seed")["lowest_loss"].median().sort_values().index
    x = runs["seed"].map({seed: place for place, seed in enumerate(starts)})
    left.plot(x, runs["lowest_loss"], ".", markersize=3, color="#333333")
    left.axhline(REACHED, color="black", linewidth=0.8, linestyle="--")
    left.set(
        yscale="log", xticks=[], xlabel="20 starts, 10 orders each", title=f"Batch size {size}"
    )
    left.set_ylabel("Lowest training loss")
    sizes = sorted(set(epochs["batch_size"]), reverse=True)
    levels = level_looks(["start", "order"])
    for axes, after in ((middle, "epochs"), (right, "updates")):
        groups = {
            name: answers[answers["measure"] == f"{name}_{after}"].assign(
                x=lambda rows: rows["batch_size"].map(sizes.index)
            )
            for name in levels
        }
        side_by_side(axes, groups, levels, _SPREAD / 2)
        axes.axhline(0.5, color="black", linewidth=0.8, linestyle="--")
        categories(axes, sizes)
        axes.set(ylim=(-0.03, 1.03), title=f"After 3,000 {after}", xlabel="Batch size")
        in_percent(axes.yaxis)
    middle.set_ylabel("Share of the variance (%)")
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in levels.items()}, "Explained by")
    return figure


_STARTS = {"zero": "0", "previous": "last", "once": "last,\nonce"}


@drawn_from(answers=read_answers)
def start(answers: pd.DataFrame) -> Figure:
    """Applications of T, difference of the lowest exact loss, and cosine, by start of the solver.

    Args:
        answers: to the question of that name.
    """
    figure, all_axes = panels(3)
    shown = {
        "iterations": "Applications of T per pass",
        "exact_loss_difference": "Lowest exact loss over\nthat from 0 (decades)",
        "cosine": "Cosine of JFB and exact",
    }
    by_size = looks(answers["batch_size"])
    for axes, (measure, label) in zip(all_axes, shown.items(), strict=True):
        levels = [name for name in _STARTS if measure != "exact_loss_difference" or name != "zero"]
        rows = answers[answers["measure"] == measure]
        rows = rows.assign(x=rows["level"].map(levels.index))
        groups = {size: rows[rows["batch_size"] == size] for size in by_size}
        side_by_side(axes, groups, by_size, _SPREAD / 2)
        categories(axes, [_STARTS[name] for name in levels])
        axes.set_ylabel(label)
    all_axes[0].set_yscale("log")
    all_axes[1].set_xlabel("Start of the solver")
    all_axes[1].axhspan(-0.1, 0.1, color="black", alpha=0.08, linewidth=0)
    legend(figure, answers["batch_size"], linestyle="")
    return figure


@drawn_from(answers=read_answers)
def room(answers: pd.DataFrame) -> Figure:
    """The full batch's loss over that of batches of 32, by points, in training and validation.

    Args:
        answers: to the question of that name.
    """
    figure, all_axes = panels(2, sharey=True)
    noises = {
        "": "none",
        "_inputs_small": "inputs\n0.1 m",
        "_inputs_large": "inputs\n1 m",
        "_targets_small": "targets\n0.03",
        "_targets_large": "targets\n0.3",
    }
    levels = level_looks(["lowest training loss", "last validation loss"])
    for axes, where in zip(all_axes, ("diagonal", "uniform"), strict=True):
        names = [f"{where}{noise}" for noise in noises]
        rows = answers[(answers["against"] == "32") & answers["level"].isin(names)]
        rows = rows.assign(x=rows["level"].map(names.index))
        groups = {
            level: rows[rows["measure"] == measure]
            for level, measure in zip(levels, ("loss", "val_loss"), strict=True)
        }
        side_by_side(axes, groups, levels, _SPREAD / 2)
        axes.axhline(0, color="black", linewidth=0.8)
        axes.axhline(0.1, color="black", linewidth=0.8, linestyle="--")
        categories(axes, noises.values())
        axes.set_xlabel("Noise")
        axes.set_title(
            "Points on the diagonal" if where == "diagonal" else "Points in the whole room"
        )
    all_axes[0].set_ylabel("Full batch over batch 32,\nlog10 of the loss (decades)")
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in levels.items()}, "")
    return figure


_CONDITIONS = {
    "spectral": "spectral\nnorm",
    "infinity": "infinity\nnorm",
    "perron_frobenius": "Perron-\nFrobenius",
    "norms": "one of\nthese",
    "joint": "joint\nradius",
    "unique": "one fixed\npoint",
    "reached": "reached",
}


@drawn_from(answers=read_answers)
def wellposed(answers: pd.DataFrame) -> Figure:
    """Shares of final networks that meet each condition, and what enforcing one costs.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2, width_ratios=[1.6, 1])
    free = answers[(answers["level"] == "none") & answers["measure"].str.endswith("_end")]
    names = [f"{name}_end" for name in _CONDITIONS]
    free = free[free["measure"].isin(names)]
    by_size = looks(answers.loc[answers["batch_size"] > 0, "batch_size"])
    costs = answers[answers["measure"] == "cost_loss"]
    kinds = list(dict.fromkeys(costs["level"]))
    free = free.assign(x=free["measure"].map(names.index))
    costs = costs.assign(x=costs["level"].map(kinds.index))
    for axes, rows in ((left, free), (right, costs)):
        groups = {size: rows[rows["batch_size"] == size] for size in by_size}
        side_by_side(axes, groups, by_size, _SPREAD)
    categories(left, _CONDITIONS.values(), size=6)
    left.set(ylim=(-0.03, 1.03), ylabel="Final networks (%)")
    left.set_title("Below 1, in unconstrained runs")
    in_percent(left.yaxis)
    right.axhline(0, color="black", linewidth=0.8)
    right.axhline(0.1, color="black", linewidth=0.8, linestyle="--")
    broken = [kind.replace("parametrization", "parametri-\nzation") for kind in kinds]
    categories(right, broken, size=6)
    right.set_ylabel("Lowest loss over that of\nthe free map (decades)")
    right.set_title("Kept below 0.95")
    legend(figure, by_size, linestyle="")
    return figure
