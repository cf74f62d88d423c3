"""The question whether a wider network closes the gap of the full batch: ratios of losses."""

import pandas as pd
from matplotlib.figure import Figure

from jfb.output.figures.inputs import read_answers
from jfb.output.figures.marks import noted, threshold
from jfb.output.figures.style import (
    LINE,
    NOTE,
    categories,
    drawn_from,
    estimates,
    in_times,
    level_legend,
    level_looks,
    panels,
)

# Of neighbouring lines by units, in steps between its places.
_APART = 0.16
_LENGTHS = {"long": "3,000", "short": "300"}


@drawn_from(answers=read_answers)
def width(answers: pd.DataFrame) -> Figure:
    """The full batch's loss over that of batches of 32 by latent units, in long and short runs.

    Args:
        answers: to the question of that name.
    """
    figure, all_axes = panels(2, sharey=True)
    is_loss = answers["measure"].str.startswith("loss_") & (answers["against"] == "32")
    shown = answers[is_loss & answers["level"].str.isdecimal()]
    units = sorted(set(shown["level"]), key=int)
    by_length = level_looks(_LENGTHS)
    for axes, what in zip(all_axes, ("epochs", "updates"), strict=True):
        for (length, look), shift in zip(by_length.items(), (-_APART / 2, _APART / 2), strict=True):
            some = shown[shown["measure"] == f"loss_{length}_{what}"]
            some = some.assign(x=some["level"].map(units.index) + shift).sort_values("x")
            axes.plot("x", "estimate", data=some, color=look["color"], linewidth=LINE)
            estimates(axes, some["x"], some, look)
        categories(axes, units)
        axes.grid(visible=False, axis="x")
        in_times(axes.yaxis)
        threshold(axes, 0, "equal loss", axis="y", va="top")
        axes.set(title=f"After equal {what}", xlabel="Latent units (the report has 3)")
    first, _ = all_axes
    first.set_ylabel("Loss, full batch over 32")
    place = {"xycoords": "axes fraction", "va": "top", "fontsize": NOTE, "color": "0.3"}
    first.annotate("full batch worse \u2191", (0.02, 0.985), **place)
    noted(figure, shown, "Lowest loss of a run, pairs of one seed")
    lengths = {f"{number} epochs or updates": by_length[n] for n, number in _LENGTHS.items()}
    level_legend(figure, lengths, "")
    return figure
