"""What is measured along every run of a study, at its snapshots, as a table."""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from jfb.config import settings
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots
from jfb.storage import parquet


def level_of(run: settings.Run) -> str:
    """The levels of a run's factors, joined by /; none where it has none."""
    return "/".join(level for _, level in run.levels) or "none"


Along = Sequence[tuple[settings.Run, Snapshots]]


def table(
    of_run: Callable[[settings.Run, Snapshots, Part], Sequence[Any]],
    schema: pa.Schema,
    runs: Along,
    training: Part,
    after_run: Callable[[int], None],
) -> pa.Table:
    """The rows of each run, one after the other.

    Args:
        of_run: from a run, its snapshots and the training points to its rows.
        schema: of the rows.
        runs: with their snapshots.
        training: all training points.
        after_run: told how many are done.
    """
    rows = []
    for done, (run, snapshots) in enumerate(runs, start=1):
        rows += of_run(run, snapshots, training)
        after_run(done)
    return parquet.from_rows(rows, schema)
