"""How far from the truth is a bound on how much scores change with the inputs?"""

import numpy as np
import pandas as pd

from jfb.analysis.questions.inputs import frame
from jfb.analysis.questions.measured import Measured, mean, mean_difference, share

READERS = {"networks": frame}

#: Where nothing keeps the map contractive.
FREE = "free"
_OF_BOUND = ("pair_largest", "pair_mean", "attack_largest", "attack_mean")
_RADII = ("certified", "attacked")


def measure(networks: pd.DataFrame) -> list[Measured]:
    """Shares of networks with a bound, changes over their bounds, radii, and accuracies.

    `within`: no pair and no attack of a network is over its bound; `largest`: the largest of all
    networks. Radii are medians over samples,
    told as log10; `certified` against `attacked` is their ratio in decades.

    Args:
        networks: of a study with one factor.
    """
    runs = networks.set_index(["level", "batch_size", "seed"]).sort_index()
    rows = []
    for level, size in dict.fromkeys(place[:2] for place in runs.index):
        one = runs.loc[level, size]
        rows.append(share(("bounded", level, size), one["bounded"]))
        rows.append(mean(("perron_frobenius", level, size, ""), one["perron_frobenius"]))
        rows.append(mean(("accuracy", level, size, ""), one["accuracy"]))
        if level != FREE and FREE in runs.index.get_level_values("level"):
            other = runs.loc[FREE, size]["accuracy"]
            rows.append(mean_difference(("accuracy", level, size, FREE), one["accuracy"], other))
        some = one[one["bounded"]]
        if some.empty:
            continue
        over = some[["pair_largest", "attack_largest"]].max(axis=1, skipna=False)
        rows.append(share(("within", level, size), over <= 1))
        rows += [mean((name, level, size, ""), some[name]) for name in _OF_BOUND]
        most = float(over.max(skipna=False))
        rows.append(Measured("largest", level, size, "", len(over), most, np.nan, np.nan))
        certified, attacked = (np.log10(some[name]) for name in _RADII)
        rows += [mean((n, level, size, ""), np.log10(some[n])) for n in _RADII]
        rows.append(mean_difference(("certified", level, size, "attacked"), certified, attacked))
    return rows
