"""The tables that pages take numbers from, by kind: how each is made from files of results."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from jfb.analysis import alignment, cost, published, table1, timing
from jfb.analysis.shares import REACHED, reached_with_largest, shares
from jfb.output.figures.inputs import read_answers
from jfb.storage import parquet


def _csv(path: str) -> pd.DataFrame:
    """A CSV file as it is."""
    return pd.read_csv(path)


def _answers(path: str) -> pd.DataFrame:
    """What a question measured."""
    return read_answers(path)


def _table1(path: str) -> pd.DataFrame:
    """Table 1 without the times of this machine, which are there only where they were measured."""
    table = pd.read_csv(path)
    return table[table["source"] != table1.SOURCE_TIMED].drop(columns="training_seconds")


def _shares(path: str) -> pd.DataFrame:
    """Shares of the runs of a summary that reach 0.001, by its factors and batch size."""
    summary = parquet.read_frame(path, "a summary")
    # The columns of the factors come before that of the batch size.
    by = list(summary)[: list(summary).index("batch_size") + 1]
    return shares(summary, by)


def _searched(path: str) -> pd.DataFrame:
    """What a search from the final network of each run does, by source and batch size.

    Two rows each, as `jfb.analysis.shares.shares` has them: `when` is before the search and after
    it. `unknown` are the runs that it has no start for, without a unique fixed point.
    """
    runs = pd.read_csv(path).assign(diverged=False)
    keys = ["source", "batch_size"]
    unknown = runs["start_loss"].isna().groupby([runs[key] for key in keys], sort=False).sum()
    parts = []
    for when, column in (("before", "start_loss"), ("after", "loss")):
        losses = runs.assign(lowest_loss=runs[column], exact_best_loss=runs[column])
        parts.append(shares(losses, keys).assign(when=when))
    return pd.concat(parts, ignore_index=True).merge(unknown.rename("unknown").reset_index())


def _left(path: str) -> pd.DataFrame:
    """Which entries of the catalogue a search leaves that starts at them.

    A row per source, batch size and entry `at` which runs are: runs; of the searches from them,
    those that `stayed` there and those that `reached` 0.001.
    """
    runs = pd.read_csv(path)
    told = runs.assign(runs=1, stayed=runs["id"] == runs["at"], reached=runs["loss"] <= REACHED)
    groups = told.groupby(["source", "batch_size", "at"], sort=False)
    return groups[["runs", "stayed", "reached"]].sum().reset_index()


def _times(*paths: str) -> pd.DataFrame:
    """Seconds of a run, and their ratio to the largest batch size, by machine and engine.

    A row per machine, engine, collector and batch size: over rounds the median, lowest and highest
    of both; the full collections of Python's garbage collector that were counted, and in how many
    epochs; `here` of the machine whose file is the last. The published column is an engine of no
    machine.
    """
    last = timing.read(paths[-1:])["machine"].iloc[0]
    measured = timing.read(paths)
    both = timing.with_published(measured)
    parts = dict(iter(measured.groupby("machine", sort=False)))
    parts["published"] = both[both["engine"] == published.SOURCE]
    keys = ["engine", "collector", "batch_size"]
    made = []
    for machine, rows in parts.items():
        seconds = timing.summarised(rows, published.EPOCHS)
        part = seconds.merge(timing.relative(rows), on=keys, suffixes=("_seconds", "_ratio"))
        counts = rows.groupby(keys)[["collections", "epochs"]].sum(min_count=1).reset_index()
        part = part.merge(counts, on=keys)
        part.insert(0, "machine", machine)
        made.append(part.assign(here=machine == last, rounds=rows["round"].nunique()))
    return pd.concat(made, ignore_index=True)


def _alignment(*paths: str) -> pd.DataFrame:
    """Of the networks at the end: median cosine, and how many gradients point uphill.

    One row per batch size and, where there are such columns, pair of gradients and tolerances.
    """
    rows = alignment.read(paths)
    pair = ["gradient", "precision", "tolerance", "reference", "reference_tolerance"]
    keys = ["batch_size", *(name for name in pair if name in rows)]
    last = rows[rows["epoch"] == rows.groupby(["batch_size", "seed"])["epoch"].transform("max")]
    known = last.assign(known=last["cosine"].notna(), uphill=last["sign"] < 0)
    groups = known.groupby(keys, sort=False)
    return groups.agg(
        runs=("seed", "size"),
        known=("known", "sum"),
        cosine_median=("cosine", "median"),
        uphill=("uphill", "sum"),
    ).reset_index()


def _reached(path: str) -> pd.DataFrame:
    """Which seeds of a summary reach 0.001 at the largest batch size and at each: see there."""
    return reached_with_largest(parquet.read_frame(path, "a summary"))


def _ends(path: str) -> pd.DataFrame:
    """Of the final networks of a study, by batch size: how many have which property.

    Expanding are those whose latent weight has a spectral norm of 1 or more; of them, those that
    contract after a rescaling of the units and those that contract in some norm. Missed are those
    with one fixed point at every training point that the iteration does not reach; of them, those
    with a unit whose own weight is below -1, those at which it alternates between two points
    wherever it does not reach, and those at which it stops at 0 there.
    """
    rows = parquet.read_frame(path, "contraction of maps")
    expanding = rows["spectral_norm"] >= 1
    missed = rows["unique"] & ~rows["reached"]
    counted = rows[["batch_size", "unique", "diverged"]].assign(
        contracts=rows["contraction_high"] < 1,
        expanding=expanding,
        expanding_rescaled=expanding & (rows["norm_after_rescaling"] < 1),
        expanding_contracts=expanding & (rows["contraction_high"] < 1),
        missed=missed,
        missed_own_weight=missed & (rows["own_weight"] < -1),
        missed_alternates=missed & rows["alternates"],
        missed_at_zero=missed & rows["stops_at_zero"],
    )
    groups = counted.groupby("batch_size")
    sums = groups.sum().astype(int)
    sums.insert(0, "runs", groups.size())
    return sums.sort_index(ascending=False).reset_index()


def _missed(path: str, other: str) -> pd.DataFrame:
    """The runs of a study whose fixed points the iteration misses, beside those of another study.

    A row per run that both have: batch_size, seed, own_weight and reached, and with the ending
    _other those of the other study.
    """
    columns = ["batch_size", "seed", "unique", "reached", "own_weight"]
    one, two = (parquet.read_frame(p, "contraction of maps")[columns] for p in (path, other))
    missed = one[one["unique"] & ~one["reached"]]
    both = missed.merge(two, on=["batch_size", "seed"], suffixes=("", "_other"), validate="1:1")
    return both.drop(columns=["unique", "unique_other"])


def _discordant(path: str) -> pd.DataFrame:
    """Seeds of a summary that reach 0.001 at one of two batch sizes only, the largest and another.

    A row per other batch size: batch_size, only_largest, only_here, and the lowest and highest
    lowest_loss of the latter's seeds at the largest.
    """
    summary = parquet.read_frame(path, "a summary")
    losses = summary.pivot(index="seed", columns="batch_size", values="lowest_loss")
    reached = losses <= REACHED
    largest, *others = sorted(losses, reverse=True)
    rows = []
    for size in others:
        here = losses.loc[reached[size] & ~reached[largest], largest]
        only_largest = int((reached[largest] & ~reached[size]).sum())
        rows.append((size, only_largest, len(here), here.min(), here.max()))
    columns = ["batch_size", "only_largest", "only_here", "lowest_there", "highest_there"]
    return pd.DataFrame(rows, columns=columns)


def _unconverged(path: str) -> pd.DataFrame:
    """What lowest losses of a summary are worth where the solver did not converge: one row.

    unconverged: runs in which most forward passes of the best epoch did not converge; of them,
    twice and most_times: in how many the exact loss is more than twice the logged one, and the
    largest ratio of the two. reached: runs whose logged loss is at most 0.001; not_exactly: those
    of them whose exact loss is above or not known. share_apart: the largest distance between the
    shares that reach 0.001 by the logged and by the exact loss at one batch size.
    """
    runs = parquet.read_frame(path, "a summary")
    # A study's largest batch is the full one.
    passes = np.ceil(runs["batch_size"].max() / runs["batch_size"])
    most = runs["unconverged_at_lowest_loss"] > passes / 2
    times = (runs["exact_best_loss"] / runs["lowest_loss"])[most]
    reached, exactly = runs["lowest_loss"] <= REACHED, runs["exact_best_loss"] <= REACHED
    apart = (reached.astype(float) - exactly).groupby(runs["batch_size"]).mean().abs().max()
    row = {
        "unconverged": int(most.sum()),
        "twice": int((times > 2).sum()),
        "most_times": times.max(),
        "reached": int(reached.sum()),
        "not_exactly": int((reached & ~exactly).sum()),
        "share_apart": apart,
    }
    return pd.DataFrame([row])


def _work(path: str) -> pd.DataFrame:
    """Applications of T to a sample in an epoch, by batch size: means over the runs of a summary.

    These are the length of a search for its fixed point, since an epoch has one for each sample.
    """
    runs = parquet.read_frame(path, "a summary")
    per_epoch = (runs["applications"] / runs["epochs"]).rename("applications")
    by_size = per_epoch.groupby(runs["batch_size"], sort=False)
    return by_size.agg(["mean", "size"]).set_axis(["applications", "runs"], axis=1).reset_index()


def _cost(path: str) -> pd.DataFrame:
    """What a step costs over one with JFB, in each case; also with the cheapest adequate solver."""
    medians = cost.summarised(pd.read_csv(path))
    return cost.ratios(pd.concat([medians, cost.cheapest(medians)], ignore_index=True))


#: How a table of numbers is made from its files.
KINDS: dict[str, Callable[..., pd.DataFrame]] = {
    "csv": _csv,
    "answers": _answers,
    "table1": _table1,
    "shares": _shares,
    "searched": _searched,
    "left": _left,
    "times": _times,
    "alignment": _alignment,
    "cost": _cost,
    "reached": _reached,
    "ends": _ends,
    "missed": _missed,
    "discordant": _discordant,
    "unconverged": _unconverged,
    "work": _work,
}
