"""The CSV tables of results as people read them: columns in words, numbers rounded."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from jfb.analysis import sensitivity
from jfb.output import formats, wording

DASH = "-"
#: Words for columns, where replacing underscores by spaces is not enough.
WORDS = {
    "active_at_end": "active units at the end",
    "active_at_start": "active units at the start",
    "active_units": "active units",
    "adjoint": "exact gradient solved by",
    "adjoint_residual": "residual of that",
    "as_largest_batch": "same form as at the largest batch size",
    "as_largest_batch_by_chance": "the same by chance",
    "backward_seconds": "backward pass (s)",
    "category": "final function",
    "closed_form": "least loss of this form",
    "collection_seconds": "seconds of these",
    "collections": "full collections",
    "collector": "garbage collector",
    "compared_after": "compared after (updates)",
    "cores": "cores of the machine",
    "epochs": "epochs timed",
    "ends": "runs that lead there",
    "exact_best_loss_highest": "highest exact loss",
    "exact_best_loss_lowest": "lowest exact loss of the best network",
    "exact_best_loss_median": "median exact loss",
    "form": "kind of function",
    "forward_seconds": "forward pass (s)",
    "found": "random starts",
    "found_by_all": "all searches",
    "id": "minimum",
    "known_at_the_end": "known at the end (runs)",
    "largest": "largest eigenvalue",
    "latent_dim": "latent units",
    "load": "cores in use",
    "lost_units": "runs that lose a unit",
    "lower_nearby": "of 10 searches nearby, lower",
    "lowest_loss_median": "median of the lowest loss that was logged",
    "mean_cosine": "mean cosine",
    "median_cosine_at_the_end": "median cosine at the end",
    "memory_gib": "memory (GiB)",
    "peak_bytes": "peak memory (bytes)",
    "reached": "seeds that reach 0.001",
    "reached_at_both": "seeds that reach it at both",
    "reached_at_largest": "seeds that reach it at the largest batch size",
    "seconds_per_epoch": "seconds per epoch",
    "seeds_that_lose_units": "these seeds",
    "share": "share of runs",
    "share_at": "share there already",
    "share_downhill": "share of epochs downhill",
    "share_known": "share of epochs known",
    "stage": "from epoch",
    "step_seconds": "step (s)",
    "updates_of_last_death": "last unit lost after (updates, median)",
    "uphill_at_the_end": "uphill at the end (runs)",
    "varied": "what is varied",
    "what": "what it is",
}
#: Shares of 1, which are shown in per cent.
_SHARES = {"share", "share_at", "share_known", "share_downhill", "lost_units"}
_SHARES |= {"as_largest_batch", "as_largest_batch_by_chance"}


class Shown(NamedTuple):
    """A table to be shown: its rows as text, and a sentence on what it leaves out, or none."""

    table: pd.DataFrame
    note: str


class Kind(NamedTuple):
    """How tables with some columns are shown.

    `has`: columns by which a table is known to be of this kind. `view`: a function of the table
    and of what claims say, by their id.
    """

    has: frozenset[str]
    view: Callable[[pd.DataFrame, Mapping[str, str]], Shown]


def shown(table: pd.DataFrame, names: Mapping[str, str]) -> Shown:
    """The table in words: as its kind is shown, or with all its columns.

    Args:
        table: as a CSV file of the results has it.
        names: of claims, with their numbers, by their ids.
    """
    for kind in _KINDS:
        if kind.has <= set(table):
            return kind.view(table, names)
    return _of_columns(list(table))(table, names)


def heading(column: str) -> str:
    """A column in words."""
    if column in WORDS:
        return WORDS[column]
    kind, _, size = column.rpartition("_")
    return f"{kind} at {size}" if size.isdigit() else column.replace("_", " ")


def cell(value: Any, column: str = "") -> str:
    """A value as it is read: three digits, a dash for what is missing, per cent of shares."""
    if pd.isna(value):
        return DASH
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.replace("_", " ")
    if column in _SHARES:
        return f"{100 * value:.3g} %"
    if float(value).is_integer():
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.0f}"
    return formats.significant(value)


def _of_columns(columns: list[str]) -> Callable[[pd.DataFrame, Mapping[str, str]], Shown]:
    """A view with these columns; one that is the same in all rows is told in the note."""

    def view(table: pd.DataFrame, _: Mapping[str, str]) -> Shown:
        there = [column for column in columns if column in table]
        # A table of one row has nothing that others have too.
        same = [c for c in there[1:] if len(table) > 1 and table[c].nunique(dropna=False) == 1]
        kept = [column for column in there if column not in same]
        told = [f"{heading(c)} {cell(table[c].iloc[0], c)}" for c in same if table[c].notna().any()]
        rows = {heading(c): [cell(value, c) for value in _whole(table[c])] for c in kept}
        return Shown(pd.DataFrame(rows), f"In all rows: {'; '.join(told)}." if told else "")

    return view


def _whole(column: pd.Series) -> pd.Series:
    return column.convert_dtypes() if column.dtype == float else column


def _evidence(table: pd.DataFrame, names: Mapping[str, str]) -> Shown:
    known = list(table["machine"].dropna().unique())
    machines = {
        name: f"on {short}" for name, short in zip(known, wording.models(known), strict=True)
    }
    rows = [
        {
            "claim": names.get(row["id"], row["id"]),
            "about": row["part"],
            "what": "; ".join(
                filter(None, (row["label"], machines.get(row["machine"]), row["counts"]))
            ),
            "found": "not measured" if row["estimate"] is None else formats.interval(row),
            "the claim allows": formats.allowed(row),
            "says": row["outcome"],
        }
        for row in records(table)
    ]
    # A claim is told once, above what it rests on.
    told = pd.DataFrame(rows)
    told["claim"] = told["claim"].mask(told["claim"].duplicated(), "")
    return Shown(told, "")


def _sensitivity(table: pd.DataFrame, names: Mapping[str, str]) -> Shown:
    parts = {"general": "in general", "published": "in the published runs"}
    rows = records(table)
    judged = {row["id"]: row for row in rows if row["choice"] == sensitivity.AS_JUDGED}
    changing = [row for row in rows if any(row[p] != judged[row["id"]][p] for p in parts)]
    told = [
        {
            "claim": names.get(row["id"], row["id"]),
            "by another choice": wording.choice(row["choice"]),
            **{
                where: wording.changed(row[part], judged[row["id"]][part])
                for part, where in parts.items()
            },
        }
        for row in changing
    ]
    moved = {row["id"] for row in changing if row["general"] != judged[row["id"]]["general"]}
    note = (
        f"By another choice {len(moved)} of {len(judged)} claims have another outcome in general. "
        "A choice that changes nothing is not listed; a dash: the claim is not about that."
    )
    columns = ["claim", "by another choice", *parts.values()]
    return Shown(pd.DataFrame(told, columns=columns), note)


def _answers(table: pd.DataFrame, _: Mapping[str, str]) -> Shown:
    deciding = table[table["criterion"].notna()]
    rows = [
        {
            "criterion": row["says"],
            "measure": cell(row["measure"]),
            "level": cell(row["level"]),
            "batch size": "all" if row["batch_size"] == 0 else cell(row["batch_size"]),
            "against": cell(row["against"]),
            "n": cell(row["n"]),
            "found [95 % interval]": formats.interval(row),
            "allowed": formats.allowed(row),
            "outcome": row["outcome"],
        }
        for row in records(deciding)
    ]
    others = len(table) - len(deciding)
    note = f"The file has {others} more rows, which decide no criterion." if others else ""
    return Shown(pd.DataFrame(rows), note)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows with None for what is missing."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


_LOSSES = [f"exact_best_loss_{name}" for name in ("lowest", "median", "highest")]
_MACHINE = ["processor", "cores", "memory_gib", "python", "torch", "blas", "threads"]
_DECLARED = {
    # Of minima, with a column per batch size; of fates; of the catalogue; of its shares.
    ("category", "closed_form"): None,
    ("seeds_that_lose_units",): [
        *("batch_size", "runs", "diverged", "active_at_start", "active_at_end", "lost_units"),
        *("seeds_that_lose_units", "updates_of_last_death", "compared_after", "as_largest_batch"),
        *("as_largest_batch_by_chance", "reached", "reached_at_largest", "reached_at_both"),
    ],
    ("id", "found_by_all"): [
        *("id", "loss", "form", "what", "active_units", "found", "found_by_all"),
        *("smallest", "largest", "lower_nearby", "closed_form"),
    ],
    ("source", "share_at"): ["source", "batch_size", "id", "runs", "ends", "share", "share_at"],
    ("adjoint_residual",): [
        *("varied", "iterations", "latent_dim", "gradient", "adjoint", "adjoint_residual"),
        *("batch_size", "round", "forward_seconds", "backward_seconds", "step_seconds"),
        *("peak_bytes", "load", *_MACHINE),
    ],
    ("seconds_per_epoch",): [
        *("engine", "collector", "batch_size", "stage", "round", "epochs", "seconds_per_epoch"),
        *("collections", "collection_seconds", "load", *_MACHINE),
    ],
}


def _minima(table: pd.DataFrame, names: Mapping[str, str]) -> Shown:
    by_size = [column for column in table if column.startswith("runs_")]
    columns = ["category", "runs", "closed_form", *_LOSSES, "lowest_loss_median", *by_size]
    return _of_columns(columns)(table, names)


_KINDS = [
    Kind(frozenset({"id", "part", "outcome"}), _evidence),
    Kind(frozenset({"id", "choice"}), _sensitivity),
    Kind(frozenset({"measure", "criterion"}), _answers),
    *(
        Kind(frozenset(has), _minima if columns is None else _of_columns(columns))
        for has, columns in _DECLARED.items()
    ),
]
