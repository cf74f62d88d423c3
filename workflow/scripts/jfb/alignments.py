"""The alignments of a study as one table."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from jfb import settings, tables
from jfb.alignment import SCHEMA


def read(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Alignments as one table: the columns of `jfb.alignment.Row`, batch_size and seed."""
    parts = []
    for path in paths:
        table = tables.read(path, SCHEMA, "an alignment along a run")
        run = settings.Run.from_dict(json.loads(table.schema.metadata[b"run"]))
        parts.append(table.to_pandas().assign(batch_size=run.batch_size, seed=run.seed))
    return pd.concat(parts, ignore_index=True)
