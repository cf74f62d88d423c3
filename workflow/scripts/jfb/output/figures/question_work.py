"""The question whose answer is a share of seeds by work: second_order."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.questions.second_order import by_method
from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers, read_summary
from jfb.output.figures.marks import barred, noted, threshold
from jfb.output.figures.style import (
    PAGE_WIDTH,
    drawn_from,
    estimates,
    in_percent,
    name_ends,
    plain_ticks,
)

# A colour for each optimiser; what JFB stands in for the exact derivative in, and what takes small
# batches, is dashed.
_METHODS = {
    "lm_exact": ("Levenberg-Marquardt, exact", 0, "-"),
    "lm_jfb": ("Levenberg-Marquardt, JFB", 0, "--"),
    "lm_exact_1e3": ("Levenberg-Marquardt, rough", 0, ":"),
    "gauss_newton": ("Gauss-Newton, exact", 4, "-"),
    "lbfgs_exact": ("L-BFGS, exact", 2, "-"),
    "lbfgs_jfb": ("L-BFGS, JFB", 2, "--"),
    "adam_2400": ("Adam, full batch", 3, "-"),
    "adam_32": ("Adam, batches of 32", 3, "--"),
    "gradient_descent_2400": ("gradient descent, full batch", 7, "-"),
    "gradient_descent_32": ("gradient descent, batches of 32", 7, "--"),
}


# Where shares are drawn with their intervals.
_BUDGET = 1_000


@drawn_from(answers=read_answers, second=read_summary, first=read_summary)
def second_order(answers: pd.DataFrame, second: pd.DataFrame, first: pd.DataFrame) -> Figure:
    """Share of seeds that reach 0.001 by work, by method.

    Args:
        answers: to the question of that name.
        second: the summary of the methods of second order, with the factor `method`.
        first: of those that step batch by batch.
    """
    runs = by_method(second, first)
    within = answers[answers["measure"] == f"share_within_{_BUDGET}"]
    figure = Figure(figsize=(PAGE_WIDTH, 4.0), layout="constrained")
    axes = figure.subplots()
    known = runs["work_to_1e_3"].dropna()
    end = 2 * max(known.max(), 1e4) if len(known) else 1e5
    axes.set(xscale="log", xlim=(20, end), ylim=(-0.02, 1))
    ends = {}
    for place, (method, (label, colour, style)) in enumerate(_METHODS.items()):
        work = runs.loc[runs["method"] == method, "work_to_1e_3"]
        look = {"color": sns.color_palette("colorblind")[colour], "linestyle": style}
        share = _steps(axes, work, end, look)
        rows = within[within["level"] == method]
        shift = 1.03 ** (place - (len(_METHODS) - 1) / 2)
        point = {"color": look["color"], "marker": "o", "markeredgecolor": "white"}
        estimates(axes, pd.Series(_BUDGET * shift, rows.index), rows, point)
        ends[f"{label}: {100 * share:.3g} %"] = (end, share, look["color"])
    axes.set_xlabel("Applications of T and of its adjoint, per sample (work)")
    axes.set_ylabel(f"Seeds that have reached {REACHED:g} (%)")
    in_percent(axes.yaxis)
    plain_ticks(axes.xaxis)
    bars = ",\nwith 95 %\nintervals" if barred(within) else ""
    threshold(axes, _BUDGET, f"work of {_BUDGET:,}{bars}", ha="right")
    noted(
        figure,
        within.assign(high=within["low"]),
        "Higher and further left is better",
        "Methods of second order are on the full batch, with exact derivatives or JFB",
        "Rough: exact, at fixed points to 0.001",
        "Adam and gradient descent use JFB",
    )
    name_ends(axes, ends)
    return figure


def _steps(axes: Axes, values: pd.Series, end: float, look: dict) -> float:
    """Draw up to `end` the share of all values that are at most x, and return the last.

    A value that is missing never is.
    """
    known = np.sort(values.dropna().to_numpy(float))
    shares = np.arange(len(known) + 1) / max(len(values), 1)
    x = [*axes.get_xlim()[:1], *known, end]
    axes.step(x, [*shares, shares[-1]], where="post", linewidth=1.2, **look)
    return shares[-1]
