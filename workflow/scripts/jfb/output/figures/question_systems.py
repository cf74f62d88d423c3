"""Questions on cited systems: regularised, overparameterised, picture, sensitivity."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator, StrMethodFormatter

from jfb.output.figures.inputs import read_answers
from jfb.output.figures.marks import (
    around,
    extent,
    hidden,
    in_rows,
    noted,
    percent,
    rows,
    short,
    threshold,
)
from jfb.output.figures.style import (
    LINE,
    NOTE,
    PAGE_WIDTH,
    darker,
    drawn_from,
    estimates,
    in_percent,
    level_legend,
    level_looks,
    name_ends,
    panels,
    plain_ticks,
)

_SPREAD = 0.5
_ENDS = ["estimate", "low", "high"]
_BOUND = "our bound"
_REGULARISERS = {
    "none": "nothing added",
    "jacobian_0.1": "penalty, weight 0.1",
    "jacobian_1": "penalty, weight 1",
    "jacobian_10": "penalty, weight 10",
    "decay_0.1": "weight decay of 0.1",
    "decay_1": "weight decay of 1",
    "dropout_0.2": "dropout of 0.2",
}
# Of the applications of T in a search.
_LIMIT = 100
_GRADIENTS = {"": "JFB", "_exact": "exact gradient"}


@drawn_from(answers=read_answers)
def regularised(answers: pd.DataFrame) -> Figure:
    """Applications of T and accuracy on digits, by regulariser and gradient.

    Args:
        answers: to the question of that name.
    """
    figure, (work, accuracy) = panels(2, sharey=True)
    figure.set_figheight(4.6)
    means = answers[answers["against"] == ""]
    names = [name for name in _REGULARISERS if name in set(means["level"])]
    by_gradient = level_looks(_GRADIENTS.values())
    work.set(xscale="log", title="Search: fewer is cheaper")
    work.set_xlabel(f"Applications of T (at most {_LIMIT})")
    searches = means[means["measure"].isin([f"iterations{suffix}" for suffix in _GRADIENTS])]
    fewest, most = extent(searches)
    work.set_xlim(0.6 * fewest, 4 * most)
    plain_ticks(work.xaxis)
    accurate = [f"accuracy{suffix}" for suffix in _GRADIENTS]
    accuracy.set(xlim=around(means[means["measure"].isin(accurate)]))
    accuracy.set(title="Accuracy: higher is better", xlabel="Validation accuracy (%)")
    in_percent(accuracy.xaxis)
    shown = []
    for axes, measure in ((work, "iterations"), (accuracy, "accuracy")):
        groups = {}
        rows(axes, [_REGULARISERS[name] for name in names], above=1.3)
        for suffix, gradient in _GRADIENTS.items():
            some = means[(means["measure"] == measure + suffix) & means["level"].isin(names)]
            groups[gradient] = some.assign(y=some["level"].map(names.index))
        written = short if axes is work else percent
        in_rows(axes, groups, by_gradient, _SPREAD, written)
        shown += groups.values()
        nothing = means[(means["measure"] == measure) & (means["level"] == "none")]["estimate"]
        judged = answers[(answers["measure"] == measure) & (answers["level"] == "jacobian_1")]
        bounds = judged.loc[judged["criterion"].notna(), ["holds_low", "holds_high"]].astype(float)
        if len(nothing) == len(bounds) == 1:
            low, high = bounds.iloc[0]
            base = nothing.iloc[0]
            ends = (base * 10**low, base * 10**high) if axes is work else (base + low, base + high)
            if axes is work:
                threshold(axes, ends[1], f"JFB: half\nof {written(base)}", ha="right")
            else:
                threshold(axes, ends[0], f"JFB: a point\nbelow {percent(base)}")
    noted(
        figure,
        pd.concat(shown),
        "Dashed: what counts as cheaper, and as accurate",
        f"A search of {_LIMIT} has found no fixed point",
    )
    level_legend(figure, {k: v | {"linestyle": ""} for k, v in by_gradient.items()}, "")
    return figure


@drawn_from(answers=read_answers)
def overparameterised(answers: pd.DataFrame) -> Figure:
    """Rate of convergence and its bound, and the loss at the end, by width and gradient.

    Args:
        answers: to the question of that name.
    """
    figure, (left, right) = panels(2, width_ratios=[4, 3])
    means = answers[answers["against"] == ""]
    split = means["level"].str.split("_", expand=True)
    means = means.assign(gradient=split[0], width=split[1].astype(float))
    names = {"jfb": "JFB", "exact": "exact"}
    shown = level_looks((*names.values(), _BOUND))
    widths = sorted(set(means["width"]))
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel="Units")
        axes.set_xticks(widths, [f"{width:.0f}" for width in widths])
        axes.xaxis.minorticks_off()
    rate_ends, loss_ends = {}, {}
    for gradient, name in names.items():
        some = means[means["gradient"] == gradient]
        rate_ends |= _curve(left, some[some["measure"] == "rate"], name, shown)
        losses = some[some["measure"] == "loss"].copy()
        losses[_ENDS] = 10.0 ** losses[_ENDS]
        loss_ends |= _curve(right, losses, name, shown)
    bounds = means[(means["measure"] == "bound") & (means["gradient"] == "exact")]
    bounds = bounds[bounds["estimate"] > 0]
    rate_ends |= _curve(left, bounds, _BOUND, shown)
    without = [f"{width:.0f}" for width in widths if width not in set(bounds["width"])]
    if without:
        colour = darker(shown[_BOUND]["color"])
        place = {"transform": left.transAxes, "size": NOTE, "color": colour, "va": "bottom"}
        left.text(0.03, 0.03, f"no bound at\n{' and '.join(without)} units", **place)
    left.set(title="Rate: higher is faster", ylabel="Decrease of ln(loss)\nin 1,000 steps")
    right.set(title="Loss: lower is better", ylabel="Mean squared error at the end")
    for axes in (left, right):
        plain_ticks(axes.yaxis, (1, 2, 5))
        axes.yaxis.set_minor_locator(NullLocator())
    least = "Our bound: the least rate with the exact gradient"
    noted(figure, means[means["measure"] == "rate"], least)
    name_ends(left, rate_ends)
    name_ends(right, loss_ends)
    return figure


def _curve(axes: Axes, table: pd.DataFrame, name: str, looks_of: dict) -> dict[str, tuple]:
    """Draw estimates by width, joined, and return the end of their line by its name."""
    table, look = table.sort_values("width"), looks_of[name]
    estimates(axes, table["width"], table, look)
    axes.plot(table["width"], table["estimate"], color=look["color"], linewidth=LINE)
    if table.empty:
        return {}
    return {name: (*table[["width", "estimate"]].iloc[-1], look["color"])}


_SEARCHES = {
    "zero": "from 0",
    "previous": "from the last point",
    "once": "one step from there",
    "zero_neumann": "from 0,\n+ one Neumann term",
    "once_neumann": "one step,\n+ one Neumann term",
    "explicit": "unrolled, 5 steps",
}


@drawn_from(answers=read_answers)
def picture(answers: pd.DataFrame) -> Figure:
    """Applications of T, seconds and PSNR after all updates, by search.

    Args:
        answers: to the question of that name.
    """
    figure, all_axes = panels(3, sharey=True)
    means = answers[(answers["against"] == "") & answers["level"].isin(_SEARCHES)]
    means = means.assign(y=means["level"].map(list(_SEARCHES).index))
    (look,) = level_looks(["search"]).values()
    shown = []
    for axes, measure, title, label, write in (
        (all_axes[0], "work", "Work: less is\ncheaper", "Applications per pixel", "{:,.0f}"),
        (all_axes[1], "seconds", "Time: less is\ncheaper", "Seconds of training", "{:.1f}"),
        (all_axes[2], "psnr", "Picture: higher\nis better", "PSNR (dB)", "{:.1f}"),
    ):
        table = means[means["measure"] == measure]
        rows(axes, list(_SEARCHES.values()))
        low, high = around(table, 0.1)
        axes.set(xlim=(low if measure == "psnr" else 0, high + 0.2 * (high - low)))
        axes.set(title=title, xlabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.6g}"))
        in_rows(axes, {"": table}, {"": look}, written=write.format)
        shown.append(table)
    noted(figure, pd.concat(shown), "All after equal updates; rows are paired by seed")
    return figure


_CHANGES = {
    "pair_mean": "random pairs:\nmean over pictures",
    "pair_largest": "random pairs:\nlargest of all pictures",
    "attack_mean": "attacks:\nmean over pictures",
    "attack_largest": "attacks:\nlargest of all pictures",
    "largest": "largest of all,\nin any network",
}
_RADII = {"certified": "certified: class is safe", "attacked": "attacked: class changes"}


@drawn_from(answers=read_answers)
def sensitivity(answers: pd.DataFrame) -> Figure:
    """Certified and attacked radii, and changes of scores over their bound.

    Args:
        answers: to the question of that name.
    """
    figure = Figure(figsize=(PAGE_WIDTH, 4.7), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[2, 4])
    means = answers[answers["against"] == ""]
    (look, *_) = level_looks(["infinity"]).values()
    apart = answers[(answers["measure"] == "certified") & (answers["against"] == "attacked")]
    attacked = means.loc[means["measure"] == "attacked", "estimate"]
    bounds = apart.loc[apart["criterion"].notna(), "holds_low"]
    tight = {share: 10 ** (attacked.iloc[0] + share) for share in bounds}
    shown = []
    for axes, names, limits in ((above, _RADII, (1e-3, 1)), (below, _CHANGES, (1e-2, 2))):
        table = means[means["measure"].isin(names)].copy()
        if names is _RADII:
            table[_ENDS] = 10.0 ** table[_ENDS]
        table = table.assign(y=table["measure"].map(list(names).index))
        rows(axes, list(names.values()))
        lowest = min(limits[0], 0.8 * extent(table)[0])
        axes.set(xscale="log", xlim=(lowest, limits[1]))
        plain_ticks(axes.xaxis)
        lines = tight.values() if axes is above else ()
        in_rows(axes, {"": table}, {"": look}, written=lambda value: f"{value:.2g}", lines=lines)
        shown.append(table)
    title = "How far all pixels may move"
    if len(apart) == 1:
        share = f"1/{10 ** -apart['estimate'].iloc[0]:.0f}"
        title = f"The certified radius is {share} of the attacked one"
    above.set_title(title)
    row = list(_RADII).index("certified")
    for share, at in tight.items():
        above.plot([at, at], [row - 0.5, row + 0.5], color="0.3", linewidth=0.9, linestyle="--")
        words = f"1/{10**-share:.0f} of attacked: tight if certified\nwere here or further right"
        place = {"textcoords": "offset points", "va": "center_baseline", "backgroundcolor": "white"}
        above.annotate(words, (at, row), (6, 0), fontsize=NOTE, color="0.3", **place)
    above.set_xlabel("Radius: largest move of a pixel (pixels are from 0 to 1)")
    below.set_title("How much a score, the output for one digit, changes")
    below.set_xlabel("Change of a score, as a share of its bound")
    threshold(below, 1, "bound", ha="right")
    words = "Last row: the largest of all networks", "Network: the report's, 16 units"
    noted(figure, pd.concat(shown), hidden(figure), *words, of="network")
    return figure
