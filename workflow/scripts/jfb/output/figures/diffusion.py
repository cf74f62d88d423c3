"""How far training takes the parameters from their start."""

import pandas as pd
from matplotlib.figure import Figure

from jfb.analysis.questions.inputs import distances as read_distances
from jfb.output.figures.style import drawn_from, legend, looks, panels


@drawn_from(distances=read_distances)
def diffusion(distances: pd.DataFrame) -> Figure:
    """The distance from the start by updates: straight left if logarithmic, right if a power.

    Args:
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
    for axes, title in ((left, "Straight if logarithmic"), (right, "Straight if a power")):
        axes.set(xscale="log", xlabel="Updates", title=title)
    right.set_yscale("log")
    left.set_ylabel("Distance of the parameters\nfrom their start")
    legend(figure, by_size, marker="")
    return figure
