"""Does a batch size keep the derivatives of the scores small, and are such networks better?"""

import numpy as np
import pandas as pd
from scipy import stats

from jfb.analysis import intervals
from jfb.analysis.questions.measured import Measured, mean, mean_difference
from jfb.records.class_sharpness import LEVEL
from jfb.storage import parquet


def along(path: str) -> pd.DataFrame:
    """What was measured along the runs, see `jfb.records.impurity`."""
    return parquet.read_frame(path, "impurities along runs")


READERS = {"along": along}

_LOGARITHMS = ("jacobian", "trace")
_MEASURES = ("impurity", *_LOGARITHMS, "val_accuracy")
#: Updates along a run that are shown.
_SHOWN = 12


def measure(along: pd.DataFrame) -> list[Measured]:
    """Impurity, |J|^2 and the trace by batch size, at equal loss and at equal updates.

    At equal loss: where the loss first falls to the level, linearly in log of the loss between
    snapshots. |J|^2 and the trace are told as log10. `peak` is by how much the highest trace of a
    run is above its last, in decades.

    Args:
        along: of one study without factors; snapshots without fixed points are left out.
    """
    runs = along[along["converged"]].copy()
    for name in _LOGARITHMS:
        runs[name] = np.log10(runs[name])
    full, *others = sorted(set(runs["batch_size"]), reverse=True)
    grouped = runs.groupby(["batch_size", "seed"])
    at_loss = grouped[["loss", *_MEASURES]].apply(_where_reached)
    last = grouped[list(_MEASURES)].last()
    rows = []
    for when, values in (("at_loss", at_loss), ("at_end", last)):
        for name in _MEASURES:
            for size in (full, *others):
                rows.append(mean((f"{name}_{when}", "", size, ""), values.loc[size, name]))
            for size in others:
                place = f"{name}_{when}", "", full, f"{size}"
                rows.append(mean_difference(place, *(values.loc[s, name] for s in (full, size))))
        both = values[["jacobian", "val_accuracy"]].dropna()
        rows.append(_correlation((f"correlation_{when}", "", 0, ""), both))
    peak = grouped["trace"].max() - grouped["trace"].last()
    rows += [mean(("peak", "", size, ""), peak.loc[size]) for size in (full, *others)]
    return rows + _shown(runs, (full, *others))


def _where_reached(run: pd.DataFrame) -> pd.Series:
    """The measures where the loss first falls to the level; NaN if it does not."""
    low = np.flatnonzero(run["loss"] <= LEVEL)
    if not len(low) or low[0] == 0:
        return pd.Series(np.nan, _MEASURES)
    ends = run.iloc[[low[0], low[0] - 1]]
    found = {name: np.interp(np.log(LEVEL), np.log(ends["loss"]), ends[name]) for name in _MEASURES}
    return pd.Series(found)


def _correlation(place: tuple[str, str, int, str], pairs: pd.DataFrame) -> Measured:
    """Spearman's rank correlation over runs, with its bootstrap interval."""
    columns = pairs["jacobian"].to_numpy(), pairs["val_accuracy"].to_numpy()
    if len(pairs) < intervals.FEWEST:
        return Measured(*place, len(pairs), np.nan, np.nan, np.nan)
    found = stats.bootstrap(
        columns,
        lambda x, y: stats.spearmanr(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=1999,
        method="percentile",
        random_state=0,
    ).confidence_interval
    rank = float(stats.spearmanr(*columns).statistic)
    return Measured(*place, len(pairs), rank, float(found.low), float(found.high))


def _shown(runs: pd.DataFrame, sizes: tuple[int, ...]) -> list[Measured]:
    """Impurity and the trace at some updates, of all runs between their snapshots."""
    last = runs.groupby(["batch_size", "seed"])["updates"].max().min()
    places = np.unique(np.geomspace(1, last, _SHOWN).round().astype(int))
    rows = []
    for size in sizes:
        some = runs[runs["batch_size"] == size].groupby("seed")
        # Before the first snapshot after the start there is nothing to tell.
        first = some["updates"].apply(lambda u: u[u > 0].min()).max()
        for updates in places[places >= first]:
            for name in ("impurity", "trace"):
                at = some[["updates", name]].apply(
                    lambda run, n=name, u=updates: np.interp(u, run["updates"], run[n])
                )
                rows.append(mean((f"{name}_shown", f"{updates}", size, ""), at))
    return rows
