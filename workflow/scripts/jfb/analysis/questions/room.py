"""Do the results hold on points that fill the room, and with noise on inputs or targets?"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import (
    Measured,
    indexed,
    log_loss,
    mean,
    mean_difference,
    share_difference,
)
from jfb.analysis.shares import REACHED

READERS = {"points": inputs.summary}


def measure(points: pd.DataFrame, variances: Mapping[str, float]) -> list[Measured]:
    """Losses by points and batch size, and the full batch against the others.

    Noise on the targets leaves a loss of its variance, below which no network should get: there a
    run reaches 0.001 if its loss is at most 0.001 above that.

    Args:
        points: summary of a study with the factor `points`.
        variances: of the noise on the targets, by level; not of those with noisy inputs, whose
            least loss is not known.
    """
    full = points["batch_size"].max()
    losses = log_loss(points)
    validation = np.log10(indexed(points)["final_val_loss"].astype(float))
    above = points["lowest_loss"] - points["points"].map(variances)
    reaches = indexed(points.assign(reached=above <= REACHED))["reached"]
    rows = []
    for (level, size), of_group in losses.groupby(level=[0, 1], sort=False):
        rows.append(mean(("log_loss", level, size, ""), of_group))
    for size in sorted(set(points["batch_size"]) - {full}, reverse=True):
        for level in dict.fromkeys(points["points"]):
            place = level, full, str(size)
            for name, values in (("loss", losses), ("val_loss", validation)):
                one, other = values[level, full], values[level, size]
                rows.append(mean_difference((name, *place), one, other))
            if level in variances:
                one, other = reaches[level, full], reaches[level, size]
                rows.append(share_difference(("reached", *place), one, other))
    return rows
