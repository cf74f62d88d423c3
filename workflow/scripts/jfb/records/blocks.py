"""What a study has trained, put together: the summaries of its blocks, and final parameters.

A block of runs (`jfb.engines.blocks`) is a table with a row per run: that of the summary, and the
run's final parameters in a column `final`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from jfb.config import settings
from jfb.records import parameters, summary
from jfb.storage import files, parquet

_FINAL = pa.field("final", pa.list_(pa.float32()), nullable=False)


def with_finals(summaries: pa.Table, finals: Sequence[np.ndarray]) -> pa.Table:
    """A block: the summary of its runs, and the flat parameters (p,) float32 of each."""
    return summaries.append_column(_FINAL, parquet.from_arrays(finals, pa.float32()))


def gather(paths: Sequence[str | Path], blocks: Sequence[settings.Block]) -> pa.Table:
    """Put the summaries of the blocks of a study together.

    Args:
        paths: of the blocks.
        blocks: of which each must be.

    Returns:
        A row per run, as in `jfb.engines.summary`, in the order that the runs would have in one
        block.

    Raises:
        jfb.storage.files.Unreadable: a file is no block, or one of other runs; the message names
        it.
    """
    parts = [
        _read(path, block).drop_columns(_FINAL.name)
        for path, block in zip(paths, blocks, strict=True)
    ]
    runs = [run for block in blocks for run in block.each()]
    return pa.concat_tables(parts).take(_order(runs))


def finals(
    paths: Sequence[str | Path], trained: Mapping[str, Sequence[Mapping]]
) -> list[tuple[settings.Run, np.ndarray]]:
    """Each run of a study and its final parameters, (p,) float32, in the order of its summary.

    Args:
        paths: of the safetensors file of each run, or of the blocks.
        trained: `runs`, or `blocks`, each as its `to_dict` wrote it.

    Raises:
        jfb.storage.files.Unreadable: a file holds no such parameters, or those of other runs.
    """
    if "runs" in trained:
        runs = [settings.Run.from_dict(values) for values in trained["runs"]]
        return [(r, parameters.read(p, r.network)) for r, p in zip(runs, paths, strict=True)]
    blocks = [settings.Block.from_dict(values) for values in trained["blocks"]]
    ends = []
    for path, block in zip(paths, blocks, strict=True):
        column = _read(path, block)[_FINAL.name].combine_chunks()
        values, ends_of = (parquet.to_numbers(part) for part in (column.values, column.offsets))
        ends += zip(block.each(), np.split(values, ends_of[1:-1]), strict=True)
    return [ends[k] for k in _order([run for run, _ in ends])]


def _read(path: str | Path, block: settings.Block) -> pa.Table:
    factors = [factor for factor, _ in block.runs[0].levels]
    schema = summary.schema(factors).append(_FINAL)
    table = parquet.read(path, schema, "a block of runs")
    metadata = table.schema.metadata or {}
    if b"block" not in metadata:
        raise files.Unreadable(path, "its metadata does not tell which block of runs it is")
    try:
        # Compared as settings: an option that is newer than the file has its default.
        found = settings.Block.from_dict(json.loads(metadata[b"block"]))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        fault = f"its metadata tells of no block of runs that this version knows ({error!r})"
        raise files.Unreadable(path, fault) from error
    if found != block:
        raise files.Unreadable(path, "a block of runs with other settings")
    return table.replace_schema_metadata()


def _order(runs: Sequence[settings.Run]) -> list[int]:
    """Places of the runs, those of one kind together, the kinds as they first come."""
    kinds = [(run.levels, run.batch_size) for run in runs]
    rank = {kind: k for k, kind in enumerate(dict.fromkeys(kinds))}
    return sorted(range(len(kinds)), key=lambda k: rank[kinds[k]])
