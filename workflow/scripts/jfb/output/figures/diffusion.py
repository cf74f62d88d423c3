"""How far training takes the parameters from their start."""

import pandas as pd
from matplotlib.figure import Figure

from jfb.analysis.questions.inputs import distances as read_distances
from jfb.output.figures.inputs import read_answers
from jfb.output.figures.style import drawn_from, legend, looks, panels


@drawn_from(answers=read_answers, distances=read_distances)
def diffusion(answers: pd.DataFrame, distances: pd.DataFrame) -> Figure:
    """The distance from the start by updates: straight left if logarithmic, right if a power.

    Args:
        answers: to the question of that name.
        distances: see `jfb.analysis.questions.inputs.distances`.
    """
    figure, (left, right) = panels(2)
    by_size = looks(distances["batch_size"])
    groups = distances.groupby(["batch_size", "updates"])["distance"]
    low, middle, high = (groups.quantile(q) for q in (0.25, 0.5, 0.75))
    for size, look in by_size.items():
        colour = {"color": look["color"]}
        for axes in (left, right):
            axes.plot(middle[size].index, middle[size], linewidth=1.2, **colour)
            axes.fill_between(
                low[size].index, low[size], high[size], alpha=0.2, linewidth=0, **colour
            )
    whole = answers[(answers["measure"] == "logarithm") & (answers["level"] == "all")]
    share = whole["estimate"].sum()
    titles = f"Straight if logarithmic (fits {share:.0%} of runs better)", "Straight if a power"
    for axes, title in zip((left, right), titles, strict=True):
        axes.set(xscale="log", xlabel="Updates", title=title)
    right.set_yscale("log")
    left.set_ylabel("Distance of the parameters\nfrom their start")
    legend(figure, by_size, marker="")
    return figure
