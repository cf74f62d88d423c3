"""The alignments of a study as one table, and which of its rows answer which question."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jfb.records.alignment import SCHEMA
from jfb.storage import parquet

#: By name, the gradient, its precision, the reference, and how their tolerances compare.
_COMPARISONS = {
    # JFB beside the exact gradient at equal tolerance: that of training, and the tightest.
    "trained": ("jfb", "float32", "exact", "equal"),
    "tight": ("jfb", "float64", "exact", "equal"),
    # JFB as trained beside the gradient of the loss that the program computes.
    "unrolled": ("jfb", "float32", "unrolled", "equal"),
    # What the tolerance of training does to either gradient: beside the exact one at the tightest.
    "loose_jfb": ("jfb", "float32", "exact", "tighter"),
    "loose_exact": ("exact", "float32", "exact", "tighter"),
}
COMPARISONS = tuple(_COMPARISONS)


def read(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Alignments as one table: the columns of `jfb.records.alignment.Row` and batch_size."""
    parts = []
    for path in paths:
        table = parquet.read(path, SCHEMA, "an alignment along runs")
        run = json.loads(table.schema.metadata[b"runs"])[0]
        parts.append(table.to_pandas().assign(batch_size=run["batch_size"]))
    return pd.concat(parts, ignore_index=True)


def compared(rows: pd.DataFrame, comparison: str) -> pd.DataFrame:
    """The rows that compare what a name of `COMPARISONS` says, one per snapshot, with `downhill`.

    That is 1 where the inner product of gradient and reference is positive, 0 where it is not, and
    missing where they are not known.

    Args:
        rows: as `read` returns them.
        comparison: the name.
    """
    gradient, precision, reference, tolerances = _COMPARISONS[comparison]
    equal = rows["reference_tolerance"] == rows["tolerance"]
    chosen = rows["gradient"].eq(gradient) & rows["reference"].eq(reference)
    chosen &= rows["precision"].eq(precision) & (equal if tolerances == "equal" else ~equal)
    if precision == "float64":
        chosen &= rows["tolerance"] == rows["tolerance"].min()
    rows = rows[chosen]
    return rows.assign(downhill=(rows["sign"] > 0).astype(float).where(rows["converged"]))


def epochs_stood_for(epochs: np.ndarray) -> np.ndarray:
    """The epochs that each of some snapshots stands for: those that are nearest to it.

    Args:
        epochs: (k,) of the snapshots of a run, ascending, from 0 to the last.

    Returns:
        (k,) half the way to the snapshot before and half the way to the one after; the sum is the
        number of epochs.
    """
    middles = (epochs[1:] + epochs[:-1]) / 2
    return np.diff([epochs[0], *middles, epochs[-1]])


def weighted(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `epochs`, those of its run that the snapshot of a row stands for."""
    snapshots = rows[["batch_size", "seed", "epoch"]].drop_duplicates()
    snapshots = snapshots.sort_values(["batch_size", "seed", "epoch"])
    runs = snapshots.groupby(["batch_size", "seed"])["epoch"]
    snapshots["epochs"] = runs.transform(lambda epochs: epochs_stood_for(epochs.to_numpy()))
    return rows.merge(snapshots, how="left")


def mean_over_epochs(rows: pd.DataFrame, column: str) -> pd.Series:
    """Mean of a quantity over the epochs of each run, by batch_size and seed.

    Args:
        rows: a row per snapshot, as `weighted` returns them.
        column: the quantity; snapshots where it is missing do not count, and where it is missing in
            all, so is the mean.
    """
    known = rows["epochs"].where(rows[column].notna())
    sums = pd.DataFrame({"known": known, "sum": known * rows[column].astype(float)})
    sums = sums.groupby([rows["batch_size"], rows["seed"]]).sum()
    return (sums["sum"] / sums["known"]).where(sums["known"] > 0)


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """How far gradients are from their references, by batch size and comparison.

    Args:
        rows: as `read` returns them.

    Returns:
        batch_size, comparison (see `COMPARISONS`), tolerance and reference_tolerance; runs;
        share_known, of their epochs, those at which both gradients are known; over these, each
        run's mean first: mean_cosine and share_downhill; at the last snapshot: known_at_the_end, of
        runs, and of these median_cosine_at_the_end and uphill_at_the_end (number of runs).
    """
    parts = []
    rows = weighted(rows)
    for name in COMPARISONS:
        chosen = compared(rows, name)
        chosen = chosen.assign(known=chosen["converged"].astype(float))
        over = {
            new: mean_over_epochs(chosen, column).groupby("batch_size").mean()
            for new, column in {
                "share_known": "known",
                "mean_cosine": "cosine",
                "share_downhill": "downhill",
            }.items()
        }
        last = chosen[chosen["epoch"] == chosen.groupby("batch_size")["epoch"].transform("max")]
        groups = last.groupby("batch_size")
        first = chosen.groupby("batch_size")[["tolerance", "reference_tolerance"]].first()
        part = first.assign(
            runs=groups.size(),
            **over,
            known_at_the_end=groups["converged"].sum(),
            median_cosine_at_the_end=groups["cosine"].median(),
            uphill_at_the_end=groups["sign"].agg(lambda signs: (signs < 0).sum()),
        )
        parts.append(part.reset_index().assign(comparison=name))
    made = pd.concat(parts, ignore_index=True).sort_values(
        "batch_size", ascending=False, kind="stable"
    )
    first = ["batch_size", "comparison"]
    return made[[*first, *(column for column in made if column not in first)]]
