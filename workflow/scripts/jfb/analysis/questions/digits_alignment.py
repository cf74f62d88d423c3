"""Does JFB point the right way on a convolutional network?"""

import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, mean, mean_difference, share

READERS = {"networks": inputs.frames}


def measure(networks: list[pd.DataFrame]) -> list[Measured]:
    """Cosine of JFB and exact along training, and what the maps are like, by batch size.

    Args:
        networks: as `jfb.records.linearisation` has them, of one study by batch size.
    """
    along = pd.concat(networks, ignore_index=True)
    trained = along[along["epoch"] > 0]
    groups = trained.groupby(["batch_size", "seed"])
    last = trained.sort_values("epoch").groupby(["batch_size", "seed"]).last()
    start = along[along["epoch"] == 0].set_index(["batch_size", "seed"])
    measures = {
        "cosine": groups["cosine"].mean(),
        "lowest_cosine": groups["cosine"].min(),
        "norm_ratio": groups["norm_ratio"].mean(),
        "radius_at_start": start["radius"],
        "radius_at_end": last["radius"],
        "curvature_at_end": last["curvature"],
        "loss_at_end": last["loss"],
    }
    full, *others = sorted(set(along["batch_size"]), reverse=True)
    rows = []
    for name, values in measures.items():
        rows += [mean((name, "", size, ""), values[size]) for size in (full, *others)]
        rows += [
            mean_difference((name, "", full, str(size)), values[full], values[size])
            for size in others
        ]
    for size, found in trained.groupby("batch_size", sort=False)["converged"]:
        rows.append(share(("found", "", int(size)), found))
    return rows
