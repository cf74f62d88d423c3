"""Does the distance from the start grow as the logarithm of updates?"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, mean, share, share_by_seed

READERS = {"distances": inputs.distances}

#: Updates from which on distances are fitted.
FROM = 10
#: Fewer snapshots of a run from there on fit either law.
FEWEST = 5
#: Exponents that are tried.
_EXPONENTS = (0.01, 3.0)


def measure(distances: pd.DataFrame) -> list[Measured]:
    """Which of two laws fits the distance better, and the exponent of the power law, by batch size.

    Args:
        distances: a row per run and snapshot: batch_size, seed, updates, distance. Runs with few
            snapshots are left out.
    """
    late = distances[distances["updates"] >= FROM]
    counted = late.groupby(["batch_size", "seed"])["updates"].transform("size")
    late = late[counted >= FEWEST]
    if late.empty:
        return []
    rows = []
    fits = late.groupby(["batch_size", "seed"]).apply(_fits, include_groups=False)
    for size in sorted(set(late["batch_size"]), reverse=True):
        of_size = fits.loc[size]
        rows.append(share(("logarithm", "", size), of_size["logarithm"] < of_size["power"]))
        rows.append(mean(("exponent", "", size, ""), of_size["exponent"]))
        rows.append(mean(("r2_logarithm", "", size, ""), 1 - of_size["logarithm"]))
        rows.append(mean(("r2_power", "", size, ""), 1 - of_size["power"]))
    rows.append(share_by_seed(("logarithm", "all", 0), fits["logarithm"] < fits["power"]))
    for (size, decade), slopes in _slopes(late).groupby(level=["batch_size", "decade"]):
        rows.append(mean(("slope", decade, size, ""), slopes))
    return rows


class Laws(NamedTuple):
    """Distances by two laws at the updates that they were fitted to, and the exponent of one."""

    logarithm: np.ndarray
    power: np.ndarray
    exponent: float


def laws(updates: np.ndarray, distance: np.ndarray) -> Laws:
    """The two laws nearest to distances by least squares: a + b log t, and c t^p.

    Args:
        updates: t, of shape (n,).
        distance: of shape (n,).
    """

    def left(exponent: float) -> float:
        return float(((distance - _power(exponent, updates, distance)) ** 2).sum())

    line = np.polynomial.Polynomial.fit(np.log(updates), distance, 1)
    least = minimize_scalar(left, bounds=_EXPONENTS, method="bounded")
    power = _power(least.x, updates, distance)
    return Laws(line(np.log(updates)), power, float(least.x))


def _fits(run: pd.DataFrame) -> pd.Series:
    """What each law leaves of the variance of the distance, and the exponent."""
    distance = run["distance"].to_numpy(float)
    fitted = laws(run["updates"].to_numpy(float), distance)
    total = float(((distance - distance.mean()) ** 2).sum())
    left = {
        name: float(((distance - getattr(fitted, name)) ** 2).sum()) / total
        for name in ("logarithm", "power")
    }
    return pd.Series(left | {"exponent": fitted.exponent})


def _power(exponent: float, t: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """c t^p for the c at which it leaves the least sum of squares."""
    x = t**exponent
    return x * (x @ distance) / (x @ x)


def _slopes(late: pd.DataFrame) -> pd.Series:
    """The slope of log distance by log updates within each decade of updates, by run.

    By batch size, decade and seed; of decades in which a run has three snapshots or more.
    """
    logs = late.assign(x=np.log10(late["updates"]), y=np.log10(late["distance"]))
    logs["decade"] = "10^" + np.floor(logs["x"]).astype(int).astype(str)
    groups = logs.groupby(["batch_size", "decade", "seed"])
    counted = groups["x"].transform("size")
    groups = logs[counted >= 3].groupby(["batch_size", "decade", "seed"])
    return groups.apply(lambda rows: np.polyfit(rows["x"], rows["y"], 1)[0], include_groups=False)
