"""Do the results hold on points that fill the room, and with noise on inputs or targets?"""

import numpy as np
import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, indexed, log_loss, mean, mean_difference

READERS = {"points": inputs.summary}


def measure(points: pd.DataFrame) -> list[Measured]:
    """Losses by points and batch size, and the full batch against the others.

    Args:
        points: summary of a study with the factor `points`.
    """
    full = points["batch_size"].max()
    losses = log_loss(points)
    validation = np.log10(indexed(points)["final_val_loss"].astype(float))
    rows = []
    for (level, size), of_group in losses.groupby(level=[0, 1], sort=False):
        rows.append(mean(("log_loss", level, size, ""), of_group))
    for size in sorted(set(points["batch_size"]) - {full}, reverse=True):
        for level in dict.fromkeys(points["points"]):
            place = level, full, str(size)
            for name, values in (("loss", losses), ("val_loss", validation)):
                one, other = values[level, full], values[level, size]
                rows.append(mean_difference((name, *place), one, other))
    return rows
