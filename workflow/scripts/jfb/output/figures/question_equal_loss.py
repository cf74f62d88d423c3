"""Questions on batch sizes where the loss is the same: impurity, digits_sharpness."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from jfb.output.figures.inputs import read_answers
from jfb.output.figures.marks import allowed, around, barred, in_rows, noted, rows
from jfb.output.figures.style import (
    LINE,
    NOTE,
    drawn_from,
    in_percent,
    level_looks,
    looks,
    name_ends,
    panel_grid,
    panels,
    plain_ticks,
    sized,
)

_ENDS = ["estimate", "low", "high"]
_RATIO = "Full batch over 32 (1: equal)"


@drawn_from(answers=read_answers)
def impurity(answers: pd.DataFrame) -> Figure:
    """Jacobian and trace at equal loss, and the trace along training, by batch size.

    Args:
        answers: to the question of that name.
    """
    figure, (at_loss, along) = panels(2, width_ratios=[3, 2])
    by_size = looks(answers.loc[answers["batch_size"] > 0, "batch_size"])
    shown = answers[answers["measure"] == "trace_shown"].copy()
    shown[_ENDS] = 10.0 ** shown[_ENDS]
    shown = shown.assign(x=shown["level"].astype(int)).sort_values("x")
    ends = {}
    for size, look in by_size.items():
        some = shown[shown["batch_size"] == size]
        reach = {"color": look["color"], "alpha": 0.2, "linewidth": 0}
        along.fill_between(some["x"], some["low"], some["high"], **reach)
        along.plot(some["x"], some["estimate"], **look | {"markersize": 5, "linewidth": LINE})
        if not some.empty:
            ends[sized(size, max(by_size))] = (*some[["x", "estimate"]].iloc[-1], look["color"])
    along.set(xscale="log", yscale="log", xlabel="Updates", title="Along training, by batch size")
    along.set_ylabel("Trace of Gauss-Newton matrix")
    for axis in (along.xaxis, along.yaxis):
        plain_ticks(axis)
    names = {
        "jacobian_at_loss": "Jacobian of the\nscores by the weights,\nsquared norm",
        "trace_at_loss": "Gauss-Newton\nmatrix, trace",
    }
    ratios = _ratios(at_loss, answers, names, ("smaller", "larger"))
    at_loss.set_title("Where the cross-entropy is 0.2")
    bands = ["Bands likewise"] if barred(shown) else []
    firsts = shown.groupby("batch_size")["x"].min()
    late = [
        f"Batches of {size} begin after their first epoch"
        for size in firsts.index[firsts > firsts.min()]
    ]
    noted(figure, pd.concat([shown, ratios]), *bands, "Shaded: counts as larger", *late)
    name_ends(along, ends)
    return figure


def _ratios(
    axes: Axes, answers: pd.DataFrame, names: dict[str, str], words: tuple[str, str]
) -> pd.DataFrame:
    """Draw in rows, on a logarithmic axis, the full batch over batches of 32, and return the rows.

    `words`: what the full batch is below 1 and above it. A criterion that all have is shaded.
    """
    table = answers[answers["measure"].isin(names) & (answers["against"] == "32")]
    table = table.assign(y=table["measure"].map(list(names).index))
    low, high = around(table, 0.15, at=0)
    bounds = table.loc[table["criterion"].notna(), ["holds_low", "holds_high"]].drop_duplicates()
    table[_ENDS] = 10.0 ** table[_ENDS]
    rows(axes, list(names.values()), above=0.5)
    axes.set(xscale="log", xlim=(10**low, 10**high), xlabel=_RATIO)
    plain_ticks(axes.xaxis, (1, 2, 5))
    axes.xaxis.set_minor_locator(NullLocator())
    if len(bounds) == 1:
        allowed(axes, *(10.0 ** bounds.iloc[0].astype(float)))
    axes.axvline(1, color="black", linewidth=0.8)
    said = f"\u2190 {words[0]}", f"{words[1]} \u2192"
    for place, side, word in zip((0.02, 0.98), ("left", "right"), said, strict=True):
        options = {"transform": axes.transAxes, "va": "top", "size": NOTE, "color": "0.3"}
        axes.text(place, 0.98, word, ha=side, **options)
    (look,) = level_looks(["ratio"]).values()
    in_rows(axes, {"": table}, {"": look}, written=lambda ratio: f"{ratio:.2f}")
    return table


@drawn_from(answers=read_answers)
def digits_sharpness(answers: pd.DataFrame) -> Figure:
    """Three measures of sharpness, and the validation accuracy, at equal loss, by batch size.

    Args:
        answers: to the question of that name.
    """
    figure, ((sharp,), (accurate,)) = panel_grid(2, 1, height_ratios=[3.5, 1.6])
    names = {
        "largest": "largest eigenvalue\nof the Hessian",
        "relative": "scaled by the\nparameters",
        "rescaled": "least over\nrescalings",
    }
    ratios = _ratios(sharp, answers, names, ("less sharp", "sharper"))
    sharp.set_title("Sharpness where the cross-entropy is 0.2")
    gained = answers[(answers["measure"] == "val_accuracy") & (answers["against"] == "32")]
    gained = gained.assign(y=0)
    rows(accurate, ["validation\naccuracy"])
    accurate.set(xlim=around(gained, 0.6, at=0), title="Accuracy there")
    accurate.set_xlabel("Full batch minus batches of 32 (points)")
    in_percent(accurate.xaxis)
    for bound in gained.loc[gained["criterion"].notna(), "holds_high"]:
        allowed(accurate, -np.inf, bound)
    accurate.axvline(0, color="black", linewidth=0.8)
    (look,) = level_looks(["gained"]).values()
    in_rows(accurate, {"": gained}, {"": look}, written=lambda points: f"{100 * points:+.1f}")
    said = "Shaded: counts as sharper, and as less accurate"
    noted(figure, pd.concat([ratios, gained]), said)
    return figure
