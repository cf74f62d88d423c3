"""What is measured of the final network of every run of a study, as a table."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from jfb.config import settings
from jfb.records.dataset import Part
from jfb.storage import parquet

Ends = Sequence[tuple[settings.Run, np.ndarray]]


def table(
    of_run: Callable[[settings.Run, np.ndarray, Part], Sequence[Any]],
    schema: pa.Schema,
    ends: Ends,
    training: Part,
    after_run: Callable[[int], None],
) -> pa.Table:
    """A row per run.

    Args:
        of_run: from a run, its final parameters (p,) and the training points to its row.
        schema: of the rows.
        ends: the runs with their final parameters.
        training: all training points.
        after_run: told how many are done.
    """
    rows = []
    for done, (run, parameters) in enumerate(ends, start=1):
        rows.append(of_run(run, parameters, training))
        after_run(done)
    return parquet.from_rows(rows, schema)
