"""Start or order: what decides which level of the loss a run reaches?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, log_loss, mean, reached, share

READERS = {"epochs": inputs.summary, "updates": inputs.summary, "deaths": inputs.frames}

_RESAMPLES = 2000


def measure(
    epochs: pd.DataFrame, updates: pd.DataFrame, deaths: Sequence[pd.DataFrame]
) -> list[Measured]:
    """Shares of the variance of log10 of the lowest loss, and how often orders agree.

    Args:
        epochs: summary of a study with the factor `order`, every start with every order, at equal
            epochs.
        updates: the same after the updates of the full batch.
        deaths: units along the runs of some starts, of one order each.
    """
    full = epochs["batch_size"].max()
    at_full = epochs[epochs["batch_size"] == full]
    rows = []
    for name, summary in {"epochs": epochs, "updates": pd.concat([at_full, updates])}.items():
        losses, reaches = log_loss(summary), reached(summary)
        for size in sorted(set(summary["batch_size"]), reverse=True):
            wide = losses.xs(size, level="batch_size").unstack("order")
            rows += _variance(name, size, wide[wide.notna().all(axis=1)].to_numpy())
            same = reaches.xs(size, level="batch_size").unstack("order").to_numpy(bool)
            rows.append(
                share((f"unanimous_{name}", "", size), same.all(axis=1) | ~same.any(axis=1))
            )
    return rows + _deaths(deaths)


def components(values: np.ndarray) -> tuple[float, float, float]:
    """Variance by start, by order, and what is left, of a crossed table, by analysis of variance.

    Random effects, one value per cell, so that the rest has the interaction; an estimate below 0
    counts as 0 (Searle, Casella and McCulloch 1992, section 4.3).

    Args:
        values: (starts, orders).
    """
    starts, orders = values.shape
    by_start, by_order = values.mean(axis=1), values.mean(axis=0)
    rest = values - by_start[:, None] - by_order + values.mean()
    error = (rest**2).sum() / ((starts - 1) * (orders - 1))
    of_start = by_start.var(ddof=1) - error / orders
    of_order = by_order.var(ddof=1) - error / starts
    return max(0.0, float(of_start)), max(0.0, float(of_order)), float(error)


def _variance(name: str, size: int, values: np.ndarray) -> list[Measured]:
    """The intraclass correlation of a start's runs, and the share of the order."""
    rng = np.random.default_rng(0)
    drawn = [
        _shares(values[rng.integers(len(values), size=len(values))]) for _ in range(_RESAMPLES)
    ]
    ends = np.nanquantile(drawn, [0.025, 0.975], axis=0).T
    n = len(values)
    return [
        Measured(f"{kind}_{name}", "", size, "", n, found, *end)
        for kind, found, end in zip(("start", "order"), _shares(values), ends.tolist(), strict=True)
    ]


def _shares(values: np.ndarray) -> tuple[float, float]:
    """The shares of start and order in the variance; NaN where nothing varies."""
    of_start, of_order, rest = components(values)
    total = of_start + of_order + rest
    return (of_start / total, of_order / total) if total > 0 else (np.nan, np.nan)


def _deaths(deaths: Sequence[pd.DataFrame]) -> list[Measured]:
    """Whether a start loses a unit with every order or with none, and after how many updates.

    Beside it the share that would do so if each order lost units in as many starts, by chance.
    Starts of which a run has no units that can be counted are left out.
    """
    lost = pd.concat(dict(enumerate(deaths)), names=["order"]).reset_index("order")
    runs = lost.groupby(["order", "batch_size", "seed"]).apply(_fate, include_groups=False)
    common = set.intersection(*(set(table["batch_size"]) for table in deaths))
    rows = []
    for size in sorted(common, reverse=True):
        of_size = runs.xs(size, level="batch_size")
        died = of_size["died"].unstack("order").dropna().astype(bool)
        alike = died.all(axis=1) | ~died.any(axis=1)
        rows.append(share(("deaths_unanimous", "", size), alike))
        by_chance = died.mean().prod() + (1 - died.mean()).prod()
        place = "deaths_unanimous_by_chance", "", size, ""
        rows.append(Measured(*place, len(died), float(by_chance), np.nan, np.nan))
        rows.append(mean(("log_death_updates", "", size, ""), np.log10(of_size["after"])))
    return rows


def _fate(run: pd.DataFrame) -> pd.Series:
    """Whether a run loses a unit, missing where none were counted, and the updates by then."""
    run = run.dropna(subset="active_units").sort_values("updates")
    if run.empty:
        return pd.Series({"died": np.nan, "after": np.nan})
    fewer = np.flatnonzero(np.diff(run["active_units"].to_numpy(float)) < 0) + 1
    after = float(run["updates"].iloc[fewer[-1]]) if len(fewer) else np.nan
    return pd.Series({"died": float(len(fewer) > 0), "after": after})
