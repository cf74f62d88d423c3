"""The question whose answer is a share of seeds by work: second_order."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jfb.analysis.questions.second_order import by_method
from jfb.analysis.shares import REACHED
from jfb.output.figures.inputs import read_answers, read_summary
from jfb.output.figures.style import NOTE, drawn_from, estimates, in_percent, panels

# A colour for each optimiser; what JFB stands in for the exact derivative in, and what takes small
# batches, is dashed.
_METHODS = {
    "lm_exact": ("Levenberg-Marquardt, exact", 0, "-"),
    "lm_jfb": ("Levenberg-Marquardt, JFB", 0, "--"),
    "lm_exact_1e3": ("Levenberg-Marquardt, exact, to 1e-3", 0, ":"),
    "gauss_newton": ("Gauss-Newton, exact", 4, "-"),
    "lbfgs_exact": ("L-BFGS, exact", 2, "-"),
    "lbfgs_jfb": ("L-BFGS, JFB", 2, "--"),
    "adam_2400": ("Adam, JFB, full batch", 3, "-"),
    "adam_32": ("Adam, JFB, batches of 32", 3, "--"),
    "gradient_descent_2400": ("Gradient descent, JFB, full batch", 7, "-"),
    "gradient_descent_32": ("Gradient descent, JFB, batches of 32", 7, "--"),
}


# Where shares are drawn with their intervals.
_BUDGET = 1_000


@drawn_from(answers=read_answers, second=read_summary, first=read_summary)
def second_order(answers: pd.DataFrame, second: pd.DataFrame, first: pd.DataFrame) -> Figure:
    """Share of seeds that reach 0.001 by work, and distribution of the lowest loss, by method.

    Args:
        answers: to the question of that name.
        second: the summary of the methods of second order, with the factor `method`.
        first: of those that step batch by batch.
    """
    runs = by_method(second, first)
    within = answers[answers["measure"] == f"share_within_{_BUDGET}"]
    figure, (left, right) = panels(2, sharey=True)
    for method, (label, colour, style) in _METHODS.items():
        some = runs[runs["method"] == method]
        look = {
            "color": sns.color_palette("colorblind")[colour],
            "linestyle": style,
            "label": label,
        }
        _steps(left, some["work_to_1e_3"], look)
        _steps(right, some["lowest_loss"], look)
        rows = within[within["level"] == method]
        point = {"color": look["color"], "marker": "o", "markeredgecolor": "white"}
        estimates(left, pd.Series(_BUDGET, rows.index), rows, point)
    left.set(xscale="log", xlabel="Applications of T and of its adjoint per sample")
    left.set_ylabel("Seeds (%)")
    left.set_title(f"Loss of at most {REACHED:g}, by work")
    right.set(xscale="log", xlabel="Lowest loss (mean squared error)", xlim=(1e-4, 0.1))
    right.set_title("Lowest loss")
    right.axvline(REACHED, color="black", linewidth=0.6, linestyle=":")
    left.set_ylim(-0.03, 1.03)
    in_percent(left.yaxis)
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=NOTE
    )
    return figure


def _steps(axes: Axes, values: pd.Series, look: dict) -> None:
    """The share of all values that are at most x; one that is missing never is."""
    known = np.sort(values.dropna().to_numpy(float))
    if len(known):
        shares = np.arange(1, len(known) + 1) / len(values)
        axes.step(known, shares, where="post", linewidth=1.2, **look)
    else:
        axes.plot([], [], linewidth=1.2, **look)
