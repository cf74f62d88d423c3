"""Does a batch size keep the derivatives of the scores small, and are such networks better?"""

import numpy as np
import pandas as pd
from scipy import stats

from jfb.analysis import intervals
from jfb.analysis.questions.inputs import frame
from jfb.analysis.questions.levels import REACHED, where_reached
from jfb.analysis.questions.measured import Measured, mean, mean_difference, share
from jfb.records.class_sharpness import LEVEL

READERS = {"along": frame}

_LOGARITHMS = ("jacobian", "trace")
_MEASURES = ("impurity", *_LOGARITHMS, "val_accuracy")
#: Updates along a run that are shown.
_SHOWN = 12
_RESAMPLES = 1999


def measure(along: pd.DataFrame) -> list[Measured]:
    """Impurity, |J|^2 and the trace by batch size, at equal loss and at equal updates.

    At equal loss: where the loss first falls to the level. |J|^2 and the trace are told as log10.
    `peak` is by how much the highest trace of a run is above its last, in decades, and `reached`
    the share of runs that get to the level. A correlation is Spearman's over the seeds of a batch
    size, the mean over batch sizes.

    Args:
        along: of one study without factors; a snapshot without fixed points tells nothing.
    """
    runs = along.sort_values("epoch")
    for name in _LOGARITHMS:
        runs[name] = np.log10(runs[name])
    full, *others = sorted(set(runs["batch_size"]), reverse=True)
    grouped = runs.groupby(["batch_size", "seed"])
    at_loss = grouped[["loss", *_MEASURES]].apply(lambda run: where_reached(run, LEVEL, _MEASURES))
    last = grouped.tail(1).set_index(["batch_size", "seed"])[list(_MEASURES)]
    rows = [
        share(("reached", "", size), at_loss.loc[size, REACHED] == 1) for size in (full, *others)
    ]
    for when, values in (("at_loss", at_loss), ("at_end", last)):
        for name in _MEASURES:
            for size in (full, *others):
                rows.append(mean((f"{name}_{when}", "", size, ""), values.loc[size, name]))
            for size in others:
                place = f"{name}_{when}", "", full, f"{size}"
                rows.append(mean_difference(place, *(values.loc[s, name] for s in (full, size))))
        rows.append(_correlation((f"correlation_{when}", "", 0, ""), values))
    peak = grouped["trace"].max() - last["trace"]
    rows += [mean(("peak", "", size, ""), peak.loc[size]) for size in (full, *others)]
    return rows + _shown(runs[runs["converged"]], (full, *others))


def _correlation(place: tuple[str, str, int, str], runs: pd.DataFrame) -> Measured:
    """The mean rank correlation of |J|^2 and accuracy, with an interval that resamples seeds."""
    pairs = [runs[name].unstack("batch_size") for name in ("jacobian", "val_accuracy")]
    known = pairs[0].notna().all(axis=1) & pairs[1].notna().all(axis=1)
    one, other = (pair[known].to_numpy() for pair in pairs)
    if len(one) < intervals.FEWEST:
        return Measured(*place, len(one), np.nan, np.nan, np.nan)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(one), size=(_RESAMPLES, len(one)))
    found = [_mean_rank(one[seeds], other[seeds]) for seeds in drawn]
    low, high = np.nanquantile(found, [0.025, 0.975])
    return Measured(*place, len(one), _mean_rank(one, other), float(low), float(high))


def _mean_rank(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's correlation of each column of two (seeds, batch sizes), the mean over columns."""
    ranks = (stats.rankdata(values, axis=0) for values in (one, other))
    first, second = (values - values.mean(axis=0) for values in ranks)
    norms = np.sqrt(np.square(first).sum(axis=0) * np.square(second).sum(axis=0))
    with np.errstate(invalid="ignore"):
        return float(((first * second).sum(axis=0) / norms).mean())


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
