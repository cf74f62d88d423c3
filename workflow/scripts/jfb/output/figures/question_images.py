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
    noted,
    percent,
    rows,
    size_legend,
    threshold,
)
from jfb.output.figures.style import (
    LINE,
    NOTE,
    categories,
    counted,
    drawn_from,
    estimates,
    in_percent,
    in_times,
    level_legend,
    level_looks,
    looks,
    note,
    panels,
)

_SPREAD = 0.3
# By the end of a measure's name, what runs had the same number of.
_SAME = {"epochs": "{epochs}", "work": "equal work", "updates": "{updates}"}


@drawn_from(answers=read_answers)
def digits(answers: pd.DataFrame, epochs: int, updates: int) -> Figure:
    """Validation accuracy by batch size after equal epochs, equal work and equal updates.

    Args:
        answers: to the question of that name.
        epochs, updates: of the runs that have as many of them.
    """
    after = _after(epochs, updates)
    figure, all_axes = panels(3, sharey=True)
    means = answers[answers["against"] == ""]
    means = means[means["measure"].isin([f"accuracy_{what}" for what in _SAME])]
    sizes = sorted(set(means["batch_size"]), reverse=True)
    means = means.assign(y=means["batch_size"].map(sizes.index))
    low, high = around(means)
    judged = answers[answers["criterion"].notna() & (answers["batch_size"] == sizes[0])]
    for axes, (what, title) in zip(all_axes, _SAME.items(), strict=True):
        table = means[means["measure"] == f"accuracy_{what}"]
        rows(axes, [f"{sizes[0]} (full)", *sizes[1:]])
        axes.set(xlim=(low, high), title=f"After {title.format(**after)}")
        axes.set(xlabel="Validation accuracy (%)")
        axes.xaxis.set_major_locator(MaxNLocator(4))
        in_percent(axes.xaxis)
        bounds = judged[judged["measure"] == f"accuracy_{what}"].set_index("against")["holds_low"]
        for against, bound in bounds.items():
            for of_small in table.loc[table["batch_size"] == int(against), "estimate"]:
                allowed(axes, of_small + float(bound), np.nan)
        groups = {size: table[table["batch_size"] == size] for size in sizes}
        in_rows(axes, groups, looks(sizes), written=lambda share: f"{100 * share:.0f}")
    all_axes[0].set_ylabel("Batch size")
    rounded = f"Right: {updates} updates, or a few more to complete an epoch"
    noted(figure, means, f"Shaded: counts as accurate as {sizes[-1]}", rounded)
    return figure


def _after(epochs: int, updates: int) -> dict[str, str]:
    return {"epochs": counted(epochs, "epoch"), "updates": counted(updates, "update")}


def _joined(axes: Axes, table: pd.DataFrame, look: dict) -> None:
    """Estimates at x, with their intervals, joined."""
    table = table.sort_values("x")
    estimates(axes, table["x"], table, look)
    axes.plot(table["x"], table["estimate"], color=look["color"], linewidth=LINE)


@drawn_from(answers=read_answers, networks=read_linearisations)
def digits_alignment(answers: pd.DataFrame, networks: pd.DataFrame) -> Figure:
    """Cosine of JFB and exact, and the spectral radius of dT/du, along training by batch size.

    Args:
        answers: to the question of that name.
        networks: what was measured along the runs.
    """
    figure, (left, right) = panels(2, width_ratios=[4, 3])
    networks = networks.assign(cosine=networks["cosine"].where(networks["converged"], 0.0))
    by_size = looks(networks["batch_size"])
    seeds = networks["seed"].nunique()
    for size, look in by_size.items():
        some = networks[networks["batch_size"] == size]
        for axes, column in ((left, "cosine"), (right, "radius")):
            x = some["updates"].clip(lower=0.5)
            points = {"linestyle": "", "alpha": 0.4} | look | {"markersize": 3.5}
            if axes is left:
                found = some["converged"]
                axes.plot(x[found], some["cosine"][found], **points)
                _lost(axes, x[~found], look, some[found].groupby(x[found])["cosine"].mean())
            else:
                axes.plot(x, some[column], **points)
            if seeds > 1:
                means = some.groupby(x)[column].mean()
                axes.plot(means, color=look["color"], linewidth=1.4)
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
    threshold(right, 1, "1: no longer contracts", axis="y", along=0.02, ha="left")
    right.set(
        title="Spectral radius of dT/du\n(below 1: contracts nearby)",
        ylabel="Largest of the samples",
    )
    right.set_ylim(top=max(1.15, 1.03 * networks["radius"].max()))
    drawn = "a point per seed; lines: means"
    points = drawn if seeds > 1 else "one point per network"
    said = f"{counted(seeds, 'seed')} per batch size: {points}."
    lost = int((~networks["converged"]).sum())
    if lost:
        what = counted(lost, "network")
        said += (
            f" Crosses: no exact gradient found ({what} of {len(networks):,}), 0 in the means;"
            " dashed: means without them."
        )
    note(figure, said)
    size_legend(figure, by_size)
    return figure


def _lost(axes: Axes, x: pd.Series, look: dict, without: pd.Series) -> None:
    """Cross out networks at x whose exact gradient is not found, and draw the means without them.

    `without`: by x, of all networks whose gradient is found.
    """
    if x.empty:
        return
    crosses = {"linestyle": "", "marker": "x", "color": look["color"], "markersize": 6}
    axes.plot(x, np.zeros(len(x)), **crosses)
    later = without[without.index >= without.index[without.index < x.min()].max()]
    axes.plot(later, color=look["color"], linewidth=1.2, linestyle="--")


_VARIANTS = {
    "jfb_normalised": "JFB, normalisation in T",
    "exact_normalised": "exact, normalisation in T",
    "jfb": "JFB, no normalisation",
    "theirs": "baseline after theirs",
    "with_normalisation": "+ normalisation in T",
    "with_every_update": "+ no update skipped",
    "with_exact_adjoint": "+ exact adjoint\n(= exact gradient)",
}
# Of accuracies that are nearly the same.
_NEAR = 0.87, 0.94


def _once(share: float) -> str:
    """The number of those that the panel of the high ones does not have."""
    return "" if _NEAR[0] <= share <= _NEAR[1] else percent(share)


@drawn_from(answers=read_answers)
def jacobian_based(answers: pd.DataFrame) -> Figure:
    """Validation accuracy by variant of the Jacobian-based baseline.

    Args:
        answers: to the question of that name.
    """
    figure, (axes, near) = panels(2, sharey=True, width_ratios=[3, 2])
    shown = answers[(answers["measure"] == "accuracy") & (answers["against"] == "")]
    shown = shown[shown["level"].isin(_VARIANTS)]
    shown = shown.assign(y=shown["level"].map(list(_VARIANTS).index))
    kinds = {
        "jfb": "JFB",
        "exact": "exact gradient",
        "theirs": "baseline after theirs",
        "": "the same with one change",
    }
    by_kind = level_looks(kinds.values())
    # A change of the baseline has its colour, and a hollow mark.
    theirs = by_kind[kinds["theirs"]]
    hollow = {"markerfacecolor": "white", "markeredgecolor": theirs["color"]}
    by_kind[kinds[""]] = theirs | hollow
    kind = shown["level"].str.extract(r"(?:^|_)(jfb|exact|theirs)(?:_|$)", expand=False)
    kind = kind.fillna("").map(kinds)
    shown = shown.assign(kind=kind, near=shown["estimate"].between(*_NEAR))
    axes.set(xlim=(0, 1.02), title="All, from 0", xlabel="Validation accuracy (%)")
    near.set(xlim=_NEAR, title="Zoom: from 87", xlabel="Validation accuracy (%)")
    for each, table in ((axes, shown), (near, shown[shown["near"]])):
        rows(each, list(_VARIANTS.values()))
        groups = {name: table[table["kind"] == name] for name in by_kind}
        in_rows(each, groups, by_kind, written=_once if each is axes else percent)
        each.axhline(2.5, color="black", linewidth=0.5)
        in_percent(each.xaxis)
    for y in shown.loc[shown["estimate"] < _NEAR[0], "y"]:
        near.text(_NEAR[0], y, f" below {100 * _NEAR[0]:.0f}", va="center", size=NOTE, color="0.4")
    lost = answers[(answers["measure"] == "diverged") & (answers["estimate"] > 0)]
    lost = lost[lost["level"].isin(_VARIANTS)]
    diverged = [
        f"Diverged: {' and '.join(levels.map(_VARIANTS))}, {100 * share:.0f} % of runs each"
        for share, levels in lost.groupby("estimate")["level"]
    ]
    noted(figure, shown, "Further right is better", *diverged)
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in by_kind.items()}, "")
    return figure


@drawn_from(answers=read_answers)
def digits_width(answers: pd.DataFrame, epochs: int, updates: int) -> Figure:
    """The full batch beside batches of 32 by channels: validation accuracy and loss.

    Args:
        answers: to the question of that name.
        epochs, updates: of the runs that have as many of them.
    """
    figure, (left, right) = panels(2)
    apart = answers[answers["against"] != ""]
    names = sorted(set(apart["level"]), key=int)
    labels = {what: f"after {number}" for what, number in _after(epochs, updates).items()}
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
        words = ("better", "worse") if axes is left else ("worse", "better")
        for y, side, word in zip((0.98, 0.02), ("top", "bottom"), words, strict=True):
            place = {"transform": axes.transAxes, "ha": "right", "va": side}
            axes.text(0.98, y, f"full batch {word}", size=NOTE, color="0.3", **place)
    left.set(title="Validation accuracy", ylabel="Full batch minus 32 (points)")
    right.set(title="Validation loss", ylabel="Full batch over 32 (times)")
    in_times(right.yaxis)
    in_percent(left.yaxis)
    counts(left, apart[apart["measure"].str.startswith("accuracy")], axis="y")
    noted(figure, apart, "Only accuracy has a criterion (shaded: counts as equal or better)")
    level_legend(figure, by_after, "")
    return figure
