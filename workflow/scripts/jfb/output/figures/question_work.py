"""The question whose answer is a share of seeds by work: second_order."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from jfb.analysis.questions.second_order import BUDGETS
from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers
from jfb.output.figures.marks import noted
from jfb.output.figures.style import (
    LINE,
    PAGE_WIDTH,
    drawn_from,
    estimates,
    in_percent,
    level_looks,
    name_ends,
)

# What is drawn; the others are in the answers.
_METHODS = {
    "lm_exact": "Levenberg-Marquardt, exact",
    "lm_jfb": "Levenberg-Marquardt, JFB",
    "lbfgs_exact": "L-BFGS, exact",
    "adam_2400": "Adam, full batch",
    "adam_32": "Adam, batches of 32",
}
# By how much the next method's point stands right of one.
_STEP = 1.04
# Where the shares in the end stand, beyond the last work.
_END = 4.5 * BUDGETS[-1]


@drawn_from(answers=read_answers)
def second_order(answers: pd.DataFrame) -> Figure:
    """Share of seeds that reach 0.001 within some work, by method.

    Args:
        answers: to the question of that name.
    """
    figure = Figure(figsize=(PAGE_WIDTH, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", ylim=(-0.02, 1))
    looks_of = level_looks(_METHODS)
    shown, ends = [], {}
    for place, (method, label) in enumerate(_METHODS.items()):
        of_method = answers[(answers["level"] == method) & (answers["against"] == "")]
        of_method = of_method.set_index("measure")
        known = [work for work in BUDGETS if f"share_within_{work}" in of_method.index]
        table = of_method.loc[[f"share_within_{work}" for work in known]].reset_index()
        shift = _STEP ** (place - (len(_METHODS) - 1) / 2)
        look = looks_of[method]
        at_end = of_method.loc[of_method.index == "share"]
        for x, some in (([shift * work for work in known], table), ([shift * _END], at_end)):
            if len(some):
                estimates(axes, pd.Series(x), some, look)
        axes.plot([shift * work for work in known], table["estimate"], **_line(look, "-"))
        for share in at_end["estimate"]:
            to_end = [*table["estimate"].iloc[-1:], share]
            x = [*(shift * work for work in known[-1:]), shift * _END]
            axes.plot(x, to_end, **_line(look, ":"))
            ends[f"{label}: {100 * share:.3g} %"] = (shift * _END, share, look["color"])
        shown += [table, at_end]
    axes.set_xlabel("Work: applications of T and of its adjoint, per sample")
    axes.set_ylabel(f"Seeds that have reached {REACHED:g} (%)")
    in_percent(axes.yaxis)
    # Of every other work, whose numbers would touch.
    numbers = [f"{work:,}" * (place % 2 == 0) for place, work in enumerate(BUDGETS)]
    axes.set_xticks([*BUDGETS, _END], [*numbers, "in the\nend"])
    axes.minorticks_off()
    axes.grid(visible=False, axis="x")
    noted(
        figure,
        pd.concat(shown),
        "Higher and further left is better. Points at one work are shifted sideways",
        "In the end: at any work",
        "Levenberg-Marquardt and L-BFGS are on the full batch; Adam uses JFB",
    )
    name_ends(axes, ends)
    return figure


def _line(look: Mapping[str, Any], style: str) -> dict[str, Any]:
    return {"color": look["color"], "linewidth": LINE, "linestyle": style}
