"""Questions on systems that the report cites: regularised, picture, sensitivity and others."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.output.figures.inputs import read_answers
from jfb.output.figures.style import (
    categories,
    drawn_from,
    estimates,
    in_percent,
    legend,
    level_legend,
    level_looks,
    looks,
    panel_grid,
    panels,
    side_by_side,
)

_SPREAD = 0.3
_ENDS = ["estimate", "low", "high"]
_REGULARISERS = {
    "none": "none",
    "decay_0.1": "decay\n0.1",
    "decay_1": "decay\n1",
    "jacobian_0.1": "J\n0.1",
    "jacobian_1": "J\n1",
    "jacobian_10": "J\n10",
    "dropout_0.2": "drop-\nout",
}
_GRADIENTS = {"": "JFB", "_exact": "exact gradient"}


@drawn_from(answers=read_answers)
def regularised(answers: pd.DataFrame) -> Figure:
    """Applications of T, the norm of dT/du and accuracy on digits, by regulariser and gradient.

    Args:
        answers: to the question of that name.
    """
    figure, axes = panels(3)
    means = answers[answers["against"] == ""]
    names = [name for name in _REGULARISERS if name in set(means["level"])]
    by_gradient = level_looks(_GRADIENTS.values())
    for one, measure in zip(axes, ("iterations", "norm", "accuracy"), strict=True):
        groups = {}
        for suffix, gradient in _GRADIENTS.items():
            some = means[means["measure"] == measure + suffix]
            groups[gradient] = some.assign(x=some["level"].map(names.index))
        side_by_side(one, groups, by_gradient, _SPREAD)
        categories(one, [_REGULARISERS[name] for name in names], size=5)
    axes[0].set(yscale="log", ylabel="Applications of T at the end, 100 at most")
    axes[0].axhline(100, color="black", linewidth=0.8, linestyle="--")
    axes[1].set_ylabel("Norm of dT/du, root mean square")
    axes[1].set_ylim(bottom=0)
    axes[2].set_ylabel("Validation accuracy (%)")
    in_percent(axes[2].yaxis)
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in by_gradient.items()}, "")
    return figure


@drawn_from(answers=read_answers)
def overparameterised(answers: pd.DataFrame) -> Figure:
    """Rate of convergence and its bound, and the loss at the end, by width and gradient.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2)
    means = answers[answers["against"] == ""]
    split = means["level"].str.split("_", expand=True)
    means = means.assign(gradient=split[0], width=split[1].astype(float))
    names = {"jfb": "JFB", "exact": "exact gradient"}
    shown = level_looks((*names.values(), "bound"))
    for gradient, name in names.items():
        some = means[means["gradient"] == gradient]
        _curve(left, some[some["measure"] == "rate"], shown[name])
        losses = some[some["measure"] == "loss"].copy()
        losses[_ENDS] = 10.0 ** losses[_ENDS]
        _curve(right, losses, shown[name])
    bounds = means[(means["measure"] == "bound") & (means["gradient"] == "exact")]
    _curve(left, bounds, shown["bound"])
    left.set_ylabel("Fall of ln loss in 1,000 steps")
    right.set_ylabel("Mean squared error after all steps")
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel="Units")
        axes.set_xticks(sorted(set(means["width"])))
        axes.set_xticklabels([f"{width:.0f}" for width in sorted(set(means["width"]))])
        axes.minorticks_off()
    right.set_ylim(1e-4, 1e-2)
    level_legend(figure, shown, "")
    return figure


def _curve(axes: Axes, rows: pd.DataFrame, look: dict) -> None:
    """Estimates by width, joined."""
    rows = rows.sort_values("width")
    estimates(axes, rows["width"], rows, look)
    axes.plot(rows["width"], rows["estimate"], color=look["color"], linewidth=0.9)


_SEARCHES = {
    "zero": "from 0",
    "previous": "from the last point",
    "once": "once from the last point",
    "zero_neumann": "from 0, Neumann",
    "once_neumann": "once, Neumann",
    "explicit": "5 applications, unrolled",
}


@drawn_from(answers=read_answers)
def picture(answers: pd.DataFrame) -> Figure:
    """PSNR over applications of T and over seconds, by search.

    Args:
        answers: to the question of that name.
    """
    figure, axes = panels(2, sharey=True)
    shown = {
        name: answers[answers["measure"] == f"{name}_at"] for name in ("psnr", "work", "seconds")
    }
    by_search = level_looks(_SEARCHES.values())
    for search, name in _SEARCHES.items():
        at = {
            what: rows[rows["level"] == search].set_index("against")["estimate"]
            for what, rows in shown.items()
        }
        look = by_search[name] | {"markersize": 5, "linewidth": 0.9}
        for one, what in zip(axes, ("work", "seconds"), strict=True):
            one.plot(at[what], at["psnr"], **look)
    axes[0].set_xlabel("Applications of T and of its\ntransposed Jacobian, per pixel")
    axes[1].set_xlabel("Seconds of training")
    axes[0].set_ylabel("PSNR (dB)")
    for one in axes:
        one.set_xscale("log")
    level_legend(figure, by_search, "")
    return figure


@drawn_from(answers=read_answers)
def impurity(answers: pd.DataFrame) -> Figure:
    """Impurity and the trace along training, and the Jacobian at equal loss, by batch size.

    Args:
        answers: to the question of that name.
    """
    figure, (left, middle, right) = panels(3)
    by_size = looks(answers.loc[answers["batch_size"] > 0, "batch_size"])
    for axes, measure in ((left, "impurity_shown"), (middle, "trace_shown")):
        for size, look in by_size.items():
            rows = answers[(answers["measure"] == measure) & (answers["batch_size"] == size)]
            rows = rows.assign(x=rows["level"].astype(int)).sort_values("x")
            if measure == "trace_shown":
                rows[_ENDS] = 10.0 ** rows[_ENDS]
            axes.fill_between(
                rows["x"], rows["low"], rows["high"], color=look["color"], alpha=0.2, linewidth=0
            )
            axes.plot(rows["x"], rows["estimate"], **look | {"markersize": 3.5, "linewidth": 0.9})
        axes.set(xscale="log", xlabel="Updates")
    left.set_ylabel("Impurity")
    middle.set(yscale="log", ylabel="Trace of the Gauss-Newton matrix")
    _by_size(
        right, answers, "jacobian_at_loss", by_size, "Squared norm of the Jacobian", power=True
    )
    right.set_title("Cross-entropy 0.2")
    legend(figure, by_size)
    return figure


@drawn_from(answers=read_answers)
def digits_sharpness(answers: pd.DataFrame) -> Figure:
    """Three measures of sharpness, and the validation accuracy, at equal loss, by batch size.

    Args:
        answers: to the question of that name.
    """
    figure, ((one, two), (three, four)) = panel_grid(2, 2)
    by_size = looks(answers["batch_size"])
    for axes, measure, label in (
        (one, "largest", "Largest eigenvalue\nof the Hessian"),
        (two, "relative", "Largest eigenvalue,\nscaled by the parameters"),
        (three, "rescaled", "Largest eigenvalue,\nleast over rescalings"),
    ):
        _by_size(axes, answers, measure, by_size, label, power=True)
    _by_size(four, answers, "val_accuracy", by_size, "Validation accuracy (%)")
    in_percent(four.yaxis)
    for axes in (three, four):
        axes.set_xlabel("Batch size, at a cross-entropy of 0.2")
    return figure


def _by_size(
    axes: Axes, answers: pd.DataFrame, measure: str, by_size: dict, label: str, power: bool = False
) -> None:
    """Estimates of a measure by batch size; with `power`, of which answers tell log10."""
    rows = answers[(answers["measure"] == measure) & (answers["against"] == "")].copy()
    if power:
        rows[_ENDS] = 10.0 ** rows[_ENDS]
    sizes = list(by_size)
    for size, look in by_size.items():
        some = rows[rows["batch_size"] == size]
        estimates(axes, some["batch_size"].map(sizes.index), some, look)
    categories(axes, sizes)
    axes.set_ylabel(label)
    if power:
        axes.set_ylim(bottom=0)
    axes.grid(visible=False, axis="x")


_CHANGES = {
    "pair_mean": "pairs,\nmean",
    "attack_mean": "attacks,\nmean",
    "pair_largest": "pairs,\nlargest",
    "attack_largest": "attacks,\nlargest",
}
_RADII = {"certified": "certified", "attacked": "attacked"}


@drawn_from(answers=read_answers)
def sensitivity(answers: pd.DataFrame) -> Figure:
    """Changes of scores over their bound, and certified and attacked radii.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2)
    means = answers[answers["against"] == ""]
    (look, *_) = level_looks(["infinity"]).values()
    for axes, names in ((left, _CHANGES), (right, _RADII)):
        rows = means[means["measure"].isin(names)].copy()
        if names is _RADII:
            rows[_ENDS] = 10.0 ** rows[_ENDS]
        estimates(axes, rows["measure"].map(list(names).index), rows, look)
        categories(axes, names.values(), size=7)
        axes.set_yscale("log")
        axes.grid(visible=False, axis="x")
    left.axhline(1, color="black", linewidth=0.8, linestyle="--")
    left.set_ylabel("Change of a score over its bound")
    left.set_ylim(1e-2, 1.5)
    right.set_ylim(1e-3, 0.2)
    right.set_ylabel("Radius, of inputs from 0 to 1")
    return figure
