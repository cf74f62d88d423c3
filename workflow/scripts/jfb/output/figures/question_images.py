"""Questions on a convolutional network: digits, digits_alignment, jacobian_based, digits_width."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jfb.output.figures.inputs import read_answers, read_linearisations
from jfb.output.figures.marks import (
    allowed,
    around,
    counts,
    in_rows,
    named,
    noted,
    rows,
    size_legend,
    threshold,
)
from jfb.output.figures.style import (
    NOTE,
    categories,
    counted,
    drawn_from,
    estimates,
    in_percent,
    level_legend,
    level_looks,
    looks,
    note,
    panels,
)

_SPREAD = 0.3
_AFTER = {
    "epochs": "after equal epochs",
    "work": "after equal work",
    "updates": "after equal updates",
}
_GRADIENTS = {
    "jfb": "JFB",
    "exact": "exact",
    "neumann_2": "Neumann, order 2",
    "phantom_3": "phantom, 3 steps",
    "unrolled": "unrolled",
}


@drawn_from(answers=read_answers)
def digits(answers: pd.DataFrame) -> Figure:
    """Validation accuracy by batch size after as many epochs, work and updates, and by gradient.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2)
    means = answers[answers["against"] == ""]
    of_sizes = means[means["measure"].isin([f"accuracy_{after}" for after in _AFTER])]
    sizes = sorted(set(of_sizes["batch_size"]), reverse=True)
    by_after = level_looks(_AFTER.values())
    for (after, name), shift in zip(_AFTER.items(), (-0.1, 0.0, 0.1), strict=True):
        table = of_sizes[of_sizes["measure"] == f"accuracy_{after}"]
        _joined(left, table.assign(x=table["batch_size"].map(sizes.index) + shift), by_after[name])
    categories(left, sizes)
    left.set(xlabel="Batch size", ylabel="Validation accuracy (%)")
    left.set_title("JFB, each size at its best rate")
    left.grid(visible=False, axis="x")
    in_percent(left.yaxis)
    by_gradient = means[means["measure"] == "accuracy_gradient"]
    names = [name for name in _GRADIENTS if name in set(by_gradient["level"])]
    by_gradient = by_gradient.assign(y=by_gradient["level"].map(names.index))
    rows(right, [_GRADIENTS[name] for name in names], above=0.6)
    right.set(ylim=(len(names) + 0.1, right.get_ylim()[1]), xlim=around(by_gradient, 0.25))
    right.set(xlabel="Validation accuracy (%)", title="Gradients at one rate")
    right.xaxis.set_major_locator(MaxNLocator(4))
    in_percent(right.xaxis)
    by_size = {size: {"color": "0.2", "marker": "o"} for size in set(by_gradient["batch_size"])}
    in_rows(right, dict(tuple(by_gradient.groupby("batch_size"))), by_size)
    judged = answers[(answers["against"] == "exact") & answers["criterion"].notna()]
    places = zip(named(by_size).items(), (-0.75, len(names) - 0.25), strict=False)
    for (size, name), y in places:
        of_size = by_gradient[by_gradient["batch_size"] == size]
        right.text(of_size["estimate"].mean(), y, name, ha="center", va="center", size=NOTE)
        exact = of_size.loc[of_size["level"] == "exact", "estimate"]
        bounds = judged.loc[judged["batch_size"] == size, ["holds_low", "holds_high"]]
        if len(exact) == len(bounds) == 1:
            allowed(right, *(bounds.iloc[0].astype(float) + exact.iloc[0]))
    shaded = "Higher is better. Shaded: counts as accurate as exact"
    noted(figure, pd.concat([of_sizes, by_gradient]), shaded)
    level_legend(figure, by_after, "")
    return figure


def _joined(axes: Axes, table: pd.DataFrame, look: dict) -> None:
    """Estimates at x, with their intervals, joined."""
    table = table.sort_values("x")
    estimates(axes, table["x"], table, look)
    axes.plot(table["x"], table["estimate"], color=look["color"], linewidth=0.9)


@drawn_from(answers=read_answers, networks=read_linearisations)
def digits_alignment(answers: pd.DataFrame, networks: pd.DataFrame) -> Figure:
    """Cosine of JFB and exact, and the spectral radius of dT/du, along training by batch size.

    Args:
        answers: to the question of that name.
        networks: what was measured along the runs.
    """
    figure, (left, right) = panels(2)
    networks = networks.assign(cosine=networks["cosine"].where(networks["converged"], 0.0))
    by_size = looks(networks["batch_size"])
    seeds = networks["seed"].nunique()
    for size, look in by_size.items():
        some = networks[networks["batch_size"] == size]
        for axes, column in ((left, "cosine"), (right, "radius")):
            x = some["updates"].clip(lower=0.5)
            axes.plot(x, some[column], linestyle="", alpha=0.4, **look | {"markersize": 3.5})
            if seeds > 1:
                typical = some.groupby(x)[column].median()
                axes.plot(typical.index, typical, color=look["color"], linewidth=1.4)
    last = networks["updates"].max()
    ticks = [10.0**power for power in range(6) if 10**power <= last]
    for axes in (left, right):
        axes.set(xscale="log", xlabel="Updates")
        axes.set_xticks([0.5, *ticks], ["start", *(f"{tick:,.0f}" for tick in ticks)])
        axes.minorticks_off()
    bounds = answers.loc[answers["criterion"] == "digits_cosine", "holds_low"].unique()
    for bound in bounds:
        threshold(
            left, bound, f"{bound:g}: counts as kept", axis="y", along=0.02, ha="left", va="top"
        )
    left.set(title="JFB against the exact gradient", ylabel="Cosine (1: same direction)")
    threshold(right, 1, "1: T stops contracting", axis="y", along=0.02, ha="left")
    right.set(title="Does T still contract?", ylabel="Largest spectral radius of dT/du")
    right.set_ylim(top=max(1.15, 1.03 * networks["radius"].max()))
    medians = "a point per seed, lines are medians" if seeds > 1 else "one point per network"
    said = f"{counted(seeds, 'seed')} per batch size: {medians}."
    lost = int((~networks["converged"]).sum())
    if lost:
        what = counted(lost, "network")
        said += f" Cosine 0: the exact gradient was not found ({what} of {len(networks):,})."
    note(figure, said)
    size_legend(figure, by_size)
    return figure


_VARIANTS = {
    "jfb_normalised": "JFB, normalisation in T",
    "exact_normalised": "exact, normalisation in T",
    "jfb": "JFB, no normalisation",
    "theirs": "their baseline",
    "with_normalisation": "+ normalisation in T",
    "with_every_update": "+ no update skipped",
    "with_exact_adjoint": "+ exact adjoint",
}


@drawn_from(answers=read_answers)
def jacobian_based(answers: pd.DataFrame) -> Figure:
    """Validation accuracy by variant of the Jacobian-based baseline.

    Args:
        answers: to the question of that name.
    """
    figure, (axes,) = panels(1)
    shown = answers[(answers["measure"] == "accuracy") & (answers["against"] == "")]
    shown = shown[shown["level"].isin(_VARIANTS)]
    shown = shown.assign(y=shown["level"].map(list(_VARIANTS).index))
    rows(axes, list(_VARIANTS.values()))
    axes.set(xlim=(0, 1.02), xlabel="Validation accuracy (%)")
    axes.set_xticks(np.linspace(0, 1, 6))
    kinds = {"jfb": "JFB", "exact": "exact gradient", "": "their baseline, one thing changed"}
    by_kind = level_looks(kinds.values())
    kind = shown["level"].str.extract(r"^(jfb|exact)(?:_|$)", expand=False).fillna("").map(kinds)
    groups = {name: shown[kind == name] for name in by_kind}
    in_rows(axes, groups, by_kind, written=lambda share: f"{100 * share:.1f}")
    axes.axhline(2.5, color="black", linewidth=0.5)
    in_percent(axes.xaxis)
    lost = answers.loc[answers["measure"] == "diverged", "estimate"].max()
    diverged = [f"Up to {100 * lost:.0f} % of the runs of a row diverged"] if lost > 0 else []
    noted(figure, shown, "Higher is better", *diverged)
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in by_kind.items()}, "")
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
    labels = {after: _AFTER[after] for after in ("epochs", "updates")}
    by_after = level_looks(labels.values())
    for axes, measure in ((left, "accuracy"), (right, "loss")):
        for (after, label), shift in zip(labels.items(), (-0.05, 0.05), strict=True):
            table = apart[apart["measure"] == f"{measure}_{after}"]
            table = table.assign(x=table["level"].map(names.index) + shift)
            _joined(axes, table, by_after[label])
        axes.axhline(0, color="black", linewidth=0.8)
        categories(axes, names)
        axes.set_xlabel("Channels")
        axes.grid(visible=False, axis="x")
        low, high = axes.get_ylim()
        axes.set_ylim(low - 0.12 * (high - low), high + 0.12 * (high - low))
        better, worse = ((0.98, "top"), (0.02, "bottom"))[:: 1 if measure == "accuracy" else -1]
        for (y, side), word in ((better, "better"), (worse, "worse")):
            place = {"transform": axes.transAxes, "ha": "right", "va": side}
            axes.text(0.98, y, f"full batch {word}", size=NOTE, color="0.3", **place)
    left.set(title="Validation accuracy", ylabel="Full batch minus 32 (points)")
    right.set(title="Validation loss", ylabel="Full batch minus 32 (log10)")
    in_percent(left.yaxis)
    counts(left, apart[apart["measure"].str.startswith("accuracy")], axis="y")
    noted(figure, apart, "Shaded: counts as equal or better")
    level_legend(figure, by_after, "")
    return figure
