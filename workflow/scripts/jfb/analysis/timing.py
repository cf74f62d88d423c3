"""Measured times as tables: of this machine and of others, summed up, and beside the published."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from jfb.analysis import published
from jfb.records.timing import COLUMNS, Collector
from jfb.storage import files

#: What tells one machine from another; versions and threads may differ on one machine.
_HARDWARE = ["processor", "cores", "memory_gib"]
_KEYS = ["engine", "collector", "batch_size"]


def read(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Measurements of one or several machines as one table.

    Args:
        paths: of the files; a machine that several measure is taken from the last of them.

    Returns:
        COLUMNS and `machine`: its processor, cores and memory in words.

    Raises:
        jfb.storage.files.Unreadable: a file lacks a column.
    """
    parts: dict[str, pd.DataFrame] = {}
    for path in paths:
        table = pd.read_csv(path)
        lacking = [name for name in COLUMNS if name not in table]
        if lacking:
            raise files.Unreadable(path, f"lacks what times are read by: {', '.join(lacking)}")
        parts |= dict(iter(table.assign(machine=_named(table)).groupby("machine")))
    return pd.concat(parts.values(), ignore_index=True)


def _named(table: pd.DataFrame) -> pd.Series:
    text = table[_HARDWARE].astype(str)
    return text["processor"] + ", " + text["cores"] + " cores, " + text["memory_gib"] + " GiB"


def with_published(timing: pd.DataFrame) -> pd.DataFrame:
    """The measurements, and the published column as the one of an engine `published`.

    Its collector is taken to be running, since it does unless a program stops it.
    """
    column = published.TABLE
    rows = pd.DataFrame(
        {
            "engine": published.SOURCE,
            "collector": str(Collector.RUNNING),
            "batch_size": column["batch_size"],
            "round": 0,
            "seconds_per_epoch": column["training_seconds"] / published.EPOCHS,
        }
    )
    return pd.concat([timing, rows[rows["batch_size"].isin(timing["batch_size"])]])


def by_round(timing: pd.DataFrame) -> pd.DataFrame:
    """Mean seconds per epoch over the stages: engine, collector, batch_size, round, and they."""
    groups = timing.groupby([*_KEYS, "round"], sort=False)
    return groups["seconds_per_epoch"].mean().reset_index()


def summarised(timing: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """What `epochs` epochs take.

    Args:
        timing: of one machine, as `read` returns it.
        epochs: of a run.

    Returns:
        engine, collector, batch_size; seconds, over rounds: median, lowest, highest.
    """
    seconds = by_round(timing).assign(seconds=lambda t: t["seconds_per_epoch"] * epochs)
    return _over_rounds(seconds, "seconds")


def relative(timing: pd.DataFrame) -> pd.DataFrame:
    """Seconds over those of the largest batch size in the same round, summed up as `summarised`."""
    rounds = by_round(timing)
    keys = ["engine", "collector", "round"]
    wide = rounds.pivot(index=keys, columns="batch_size", values="seconds_per_epoch")
    ratios = wide.div(wide[wide.columns.max()], axis=0).stack().rename("ratio").reset_index()
    return _over_rounds(ratios, "ratio")


def _over_rounds(rounds: pd.DataFrame, column: str) -> pd.DataFrame:
    # Sorted: the order of measurements is random.
    groups = rounds.groupby(_KEYS)[column]
    return groups.agg(median="median", lowest="min", highest="max").reset_index()


def as_run(timing: pd.DataFrame) -> pd.DataFrame:
    """What was measured, or a summary of it, with the collector as Python starts it."""
    return timing[timing["collector"] == Collector.RUNNING]
