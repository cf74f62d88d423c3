"""What a statistic is of: the rows of a table that it takes, and what was left out."""

import math

import numpy as np
import pandas as pd

from jfb.analysis.finding import Finding, counted, exact


def fact(values: pd.Series, found: float, what: str) -> Finding:
    """What was found of given rows, and in how many of them there is a value."""
    missing = int(values.isna().sum())
    n = len(values) - missing
    return exact(found, n, counted(n, len(values), what, {"without a value": missing}))


def paired(
    table: pd.DataFrame, column: str, batch_size: int, against: int
) -> tuple[pd.DataFrame, str]:
    """A row per seed that has both batch sizes, a column for each; and what was left out."""
    rows = table[table["batch_size"].isin([batch_size, against])]
    wide = rows.pivot(index="seed", columns="batch_size", values=column)
    wide = wide.reindex(columns=[batch_size, against])
    single = rows["seed"].value_counts().reindex(wide.index) < 2
    lacking = wide.isna().any(axis=1) & ~single
    early = pd.Series(False, wide.index)
    if "lowest_loss" in rows:
        lost = rows[rows["lowest_loss"].isna()]
        early = lacking & wide.index.isin(lost["seed"])
    left_out = {
        "diverged before a finite loss": early.sum(),
        "without a value": (lacking & ~early).sum(),
        "without a run of both batch sizes": single.sum(),
    }
    pairs = wide.dropna(how="any")
    return pairs, counted(len(pairs), len(wide), "seeds", left_out)


def by_draw(
    table: pd.DataFrame, column: str, batch_size: int, of_each: str
) -> tuple[np.ndarray, str]:
    """The mean of a quantity of each draw, and what was left out."""
    given = table[table["batch_size"] == batch_size]
    values = given[column].astype(float)
    rows = given[np.isfinite(values)]
    found = values[rows.index].groupby(rows[of_each]).mean().to_numpy()
    drawn = given[of_each].nunique()
    what = {"seed": "seeds", "split_seed": "splits"}.get(of_each, of_each)
    counts = counted(len(found), drawn, what, {"without a finite value": drawn - len(found)})
    if len(given) > drawn:
        rest = {"without a finite value": len(given) - len(rows)}
        counts += f" ({counted(len(rows), len(given), 'rows', rest)})"
    return found, counts


def of_batch_size(table: pd.DataFrame, column: str, batch_size: int | None) -> pd.Series:
    """A quantity of the runs of a batch size, of all of them where none is given."""
    rows = table if batch_size is None else table[table["batch_size"] == batch_size]
    return rows[column]


def average(values: np.ndarray) -> float:
    """The mean, NaN of nothing."""
    return float(values.mean()) if len(values) else math.nan
