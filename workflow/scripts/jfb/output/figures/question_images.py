"""Questions on a convolutional network: digits, digits_alignment, jacobian_based, digits_width."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from jfb.output.figures.inputs import read_answers, read_linearisations
from jfb.output.figures.style import (
    categories,
    drawn_from,
    estimates,
    in_percent,
    legend,
    level_legend,
    level_looks,
    looks,
    panels,
    side_by_side,
)

_SPREAD = 0.3
_AFTER = {"epochs": "as many epochs", "work": "as much work", "updates": "as many updates"}
_GRADIENTS = {
    "jfb": "JFB",
    "exact": "exact",
    "neumann_2": "Neumann,\norder 2",
    "phantom_3": "phantom,\n3 steps",
    "unrolled": "unrolled",
}


@drawn_from(answers=read_answers)
def digits(answers: pd.DataFrame) -> Figure:
    """Validation accuracy by batch size after as many epochs, work and updates, and by gradient.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2, sharey=True)
    means = answers[answers["against"] == ""]
    of_sizes = {
        label: means[means["measure"] == f"accuracy_{after}"] for after, label in _AFTER.items()
    }
    sizes = sorted(
        set(means.loc[means["measure"] == "accuracy_epochs", "batch_size"]), reverse=True
    )
    of_sizes = {k: v.assign(x=v["batch_size"].map(sizes.index)) for k, v in of_sizes.items()}
    by_after = level_looks(of_sizes)
    side_by_side(left, of_sizes, by_after, _SPREAD)
    categories(left, sizes)
    left.set(xlabel="Batch size", title="JFB, at the best rate")
    left.set_ylabel("Validation accuracy (%)")
    in_percent(left.yaxis)
    rows = means[means["measure"] == "accuracy_gradient"]
    names = [name for name in _GRADIENTS if name in set(rows["level"])]
    by_size = looks(rows["batch_size"])
    groups = {
        size: rows[rows["batch_size"] == size].assign(x=lambda r: r["level"].map(names.index))
        for size in by_size
    }
    side_by_side(right, groups, by_size, _SPREAD)
    categories(right, [_GRADIENTS[name] for name in names], size=6)
    right.set_title("By gradient")
    handles = {f"after {name}": look | {"linestyle": ""} for name, look in by_after.items()}
    handles |= {f"batch size {size}": look | {"linestyle": ""} for size, look in by_size.items()}
    level_legend(figure, handles, "")
    return figure


@drawn_from(answers=read_answers, networks=read_linearisations)
def digits_alignment(answers: pd.DataFrame, networks: pd.DataFrame) -> Figure:
    """Cosine of JFB and exact, and the spectral radius of dT/du, along training by batch size.

    Args:
        answers: to the question of that name.
        networks: what was measured along the runs.
    """
    figure, (left, middle, right) = panels(3)
    networks = networks.assign(cosine=networks["cosine"].where(networks["converged"], 0.0))
    by_size = looks(networks["batch_size"])
    for size, look in by_size.items():
        some = networks[networks["batch_size"] == size]
        for axes, column in ((left, "cosine"), (middle, "radius")):
            x = some["updates"].clip(lower=0.5)
            axes.plot(x, some[column], linestyle="", alpha=0.35, **look | {"markersize": 3})
            typical = some.groupby(x)[column].median()
            axes.plot(typical.index, typical, color=look["color"], linewidth=1.2)
    for axes in (left, middle):
        axes.set(xscale="log", xlabel="Updates (start at 0.5)")
    left.axhline(0.9, color="black", linewidth=0.8, linestyle="--")
    left.set(ylabel="Cosine of JFB and exact", title="Each seed, and their median")
    left.set_ylim(top=1.003)
    middle.axhline(1, color="black", linewidth=0.8, linestyle=":")
    middle.set(ylabel="Largest spectral radius of dT/du")
    rows = answers[(answers["measure"] == "curvature_at_end") & (answers["against"] == "")]
    sizes = list(by_size)
    for size, look in by_size.items():
        some = rows[rows["batch_size"] == size]
        estimates(right, some["batch_size"].map(sizes.index), some, look)
    categories(right, sizes)
    right.set(xlabel="Batch size", ylabel="Largest eigenvalue of the Hessian")
    right.set_title("At the end")
    right.set_ylim(bottom=0)
    right.grid(visible=False, axis="x")
    legend(figure, by_size, linestyle="")
    return figure


_VARIANTS = {
    "jfb_normalised": "JFB, normalisation in T",
    "exact_normalised": "exact, normalisation in T",
    "jfb": "JFB, none in T",
    "theirs": "their baseline",
    "with_normalisation": "the same, normalisation in T",
    "with_every_update": "the same, every update",
    "with_exact_adjoint": "the same, exact adjoint",
}


@drawn_from(answers=read_answers)
def jacobian_based(answers: pd.DataFrame) -> Figure:
    """Validation accuracy by variant of the Jacobian-based baseline.

    Args:
        answers: to the question of that name.
    """
    figure, (axes,) = panels(1)
    rows = answers[(answers["measure"] == "accuracy") & (answers["against"] == "")]
    rows = rows.set_index("level").loc[list(_VARIANTS)]
    colours = {"jfb": "#0173b2", "exact": "#029e73"}
    for place, (name, row) in enumerate(rows.iterrows()):
        reach = [[row["estimate"] - row["low"]], [row["high"] - row["estimate"]]]
        axes.errorbar(
            row["estimate"],
            place,
            xerr=np.abs(reach),
            marker="o",
            markersize=5,
            elinewidth=1,
            color=colours.get(name.partition("_")[0], "#d55e00"),
        )
        axes.annotate(
            f"{row['estimate']:.1%}".replace("%", ""),
            (row["estimate"], place),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            size=6,
        )
    axes.set(yticks=range(len(rows)), ylim=(len(rows) - 0.4, -0.7))
    axes.set_yticklabels(_VARIANTS.values())
    in_percent(axes.xaxis)
    axes.set_xlabel("Validation accuracy (%), with 95 % intervals")
    axes.grid(visible=False, axis="y")
    return figure


@drawn_from(answers=read_answers)
def digits_width(answers: pd.DataFrame) -> Figure:
    """The full batch over batches of 32 by channels: validation loss and accuracy.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2)
    apart = answers[answers["against"] != ""]
    names = sorted(set(apart["level"]), key=int)
    labels = {"epochs": "after as many epochs", "updates": "after as many updates"}
    by_after = level_looks(labels.values())
    for axes, measure in ((left, "loss"), (right, "accuracy")):
        groups = {
            label: apart[apart["measure"] == f"{measure}_{after}"].assign(
                x=lambda rows: rows["level"].map(names.index)
            )
            for after, label in labels.items()
        }
        side_by_side(axes, groups, by_after, _SPREAD)
        axes.axhline(0, color="black", linewidth=0.8)
        categories(axes, names)
        axes.set_xlabel("Channels")
    left.set_ylabel("Validation loss of the full batch over\nthat of batches of 32 (decades)")
    right.set_ylabel("Validation accuracy of the full batch\nover batches of 32 (points)")
    in_percent(right.yaxis)
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in by_after.items()}, "")
    return figure
