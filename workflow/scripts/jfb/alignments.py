"""The alignments of a study as one table, and which of its rows answer which question."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jfb import tables
from jfb.alignment import SCHEMA

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
    """Alignments as one table: the columns of `jfb.alignment.Row` and batch_size."""
    parts = []
    for path in paths:
        table = tables.read(path, SCHEMA, "an alignment along runs")
        run = json.loads(table.schema.metadata[b"runs"])[0]
        parts.append(table.to_pandas().assign(batch_size=run["batch_size"]))
    return pd.concat(parts, ignore_index=True)


def of(rows: pd.DataFrame, comparison: str) -> pd.DataFrame:
    """The rows that compare what a name of `COMPARISONS` says, one per snapshot.

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
    return rows[chosen]


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
