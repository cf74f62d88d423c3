"""The question whose answer is a share of seeds by work: second_order."""

import pandas as pd
from matplotlib.figure import Figure

from jfb.analysis.questions.second_order import BUDGETS
from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers
from jfb.output.figures.marks import noted
from jfb.output.figures.style import (
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
_STEP = 1.11


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
        x = pd.Series(known, dtype=float) * _STEP ** (place - (len(_METHODS) - 1) / 2)
        look = looks_of[method]
        estimates(axes, x, table, look)
        axes.plot(x, table["estimate"], color=look["color"], linewidth=0.9)
        share = of_method["estimate"].get("share")
        if len(known) and share is not None:
            end = x.iloc[-1], table["estimate"].iloc[-1], look["color"]
            ends[f"{label}: {100 * share:.3g} %"] = end
        shown.append(table)
    axes.set_xlabel("Within a work of (applications of T and its adjoint, per sample)")
    axes.set_ylabel(f"Seeds that have reached {REACHED:g} (%)")
    in_percent(axes.yaxis)
    axes.set_xticks(BUDGETS, [f"{work:,}" for work in BUDGETS])
    axes.minorticks_off()
    axes.grid(visible=False, axis="x")
    noted(
        figure,
        pd.concat(shown),
        "Higher and further left is better",
        "At the right: in the end, at any work",
        "Levenberg-Marquardt and L-BFGS are on the full batch; Adam uses JFB",
    )
    name_ends(axes, ends)
    return figure
