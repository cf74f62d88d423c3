"""A block: some seeds of a study, trained in one job, that leave a row per run and no logs.

The row is that of the summary, with the parameters at the end of the run in a column `final`.
"""

import dataclasses
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa

from jfb import files, settings, summary, tables
from jfb.dataset import Part
from jfb.engines import open_engine
from jfb.streams import Stream, open_stream
from jfb.streams.recording import Recording

# Indices of samples that a thread may keep: 200 MB at two bytes.
_LONGEST_RECORDING = 100_000_000
_FINAL = pa.field("final", pa.list_(pa.float32()), nullable=False)


def train(
    block: settings.Block,
    training: Part,
    validation: Part,
    threads: int,
    after_runs: Callable[[int], None],
) -> pa.Table:
    """Carry out the runs of a block, a seed per thread at a time.

    Args:
        block: the runs.
        training, validation: the two parts of the data.
        threads: number of seeds at a time.
        after_runs: called with the number of runs that are done.

    Returns:
        The rows of `jfb.summary` in the block's order, each with `final`, the flat parameters (p,)
        float32 at the end of the run; the block's settings and the versions of libraries are JSON
        in the metadata (`block`, `versions`).
    """
    versions: dict[str, str] = {}

    def rows_of(seed: int) -> dict[settings.Run, tuple[dict[str, object], np.ndarray]]:
        found = {}
        runs = [dataclasses.replace(run, seed=seed) for run in block.runs]
        for stream, alike in _by_stream(runs):
            for run in alike:
                outcome = open_engine(run)(run, stream(), training, validation, lambda row: None)
                row = summary.of_run(run, outcome.log, outcome.best, training)
                found[run] = row, outcome.final
                versions.update(outcome.versions)
        return found

    rows: dict[settings.Run, tuple[dict[str, object], np.ndarray]] = {}
    with ThreadPoolExecutor(threads) as pool:
        for found in pool.map(rows_of, block.seeds):
            rows |= found
            after_runs(len(rows))
    summaries, finals = zip(*(rows[run] for run in block.each()), strict=True)
    table = summary.of_rows(summaries).append_column(_FINAL, _from_vectors(finals))
    metadata = {"block": json.dumps(block.to_dict()), "versions": json.dumps(versions)}
    return table.replace_schema_metadata(metadata)


def _by_stream(
    runs: Sequence[settings.Run],
) -> Iterator[tuple[Callable[[], Stream], list[settings.Run]]]:
    """Runs that draw the same numbers, and what gives each of them its stream.

    Under the stream per_seed all runs of a seed draw the same, whatever their batch size or
    gradient, which takes a third of the time of a run; so they are drawn once, unless they would
    fill the memory.
    """
    groups: dict[tuple, list[settings.Run]] = {}
    for run in runs:
        drawn = run.stream, run.seed, run.predecessors, run.dataset, run.network, run.epochs
        groups.setdefault(drawn, []).append(run)
    for alike in groups.values():
        run = alike[0]
        epochs, size = run.epochs, run.dataset.training_size
        if len(alike) > 1 and epochs * size <= _LONGEST_RECORDING:
            yield Recording(open_stream(run), epochs, size).play, alike
        else:
            yield functools.partial(open_stream, run), alike


def _from_vectors(vectors: Sequence[np.ndarray]) -> pa.Array:
    ends = np.cumsum([0, *map(len, vectors)], dtype=np.int32)
    values = tables.from_numbers(np.concatenate(vectors), pa.float32())
    return pa.ListArray.from_arrays(tables.from_numbers(ends, pa.int32()), values)


def gather(paths: Sequence[str | Path], blocks: Sequence[settings.Block]) -> pa.Table:
    """Put the summaries of the blocks of a study together.

    Args:
        paths: of the blocks.
        blocks: of which each must be.

    Returns:
        A row per run, as in `jfb.summary`, in the order that the runs would have in one block.

    Raises:
        jfb.files.Unreadable: a file is no block, or one of other runs; the message names it.
    """
    parts = [
        _read(path, block).drop_columns(_FINAL.name)
        for path, block in zip(paths, blocks, strict=True)
    ]
    runs = [run for block in blocks for run in block.each()]
    return pa.concat_tables(parts).take(_order(runs))


def finals(
    paths: Sequence[str | Path], blocks: Sequence[settings.Block]
) -> list[tuple[settings.Run, np.ndarray]]:
    """Each run of the blocks and its final parameters, (p,) float32, in the order of `gather`.

    Args:
        paths, blocks: as in `gather`, and what it raises is raised.
    """
    ends = []
    for path, block in zip(paths, blocks, strict=True):
        column = _read(path, block)[_FINAL.name].combine_chunks()
        values, ends_of = (tables.to_numbers(part) for part in (column.values, column.offsets))
        ends += zip(block.each(), np.split(values, ends_of[1:-1]), strict=True)
    return [ends[k] for k in _order([run for run, _ in ends])]


def _read(path: str | Path, block: settings.Block) -> pa.Table:
    factors = [factor for factor, _ in block.runs[0].levels]
    schema = summary.schema(factors).append(_FINAL)
    table = tables.read(path, schema, "a block of runs")
    described = (table.schema.metadata or {}).get(b"block", b"null")
    if json.loads(described) != block.to_dict():
        raise files.Unreadable(path, "a block of runs with other settings")
    return table.replace_schema_metadata()


def _order(runs: Sequence[settings.Run]) -> list[int]:
    """Places of the runs, those of one kind together, the kinds as they first come."""
    kinds = [(run.levels, run.batch_size) for run in runs]
    rank = {kind: k for k, kind in enumerate(dict.fromkeys(kinds))}
    return sorted(range(len(kinds)), key=lambda k: rank[kinds[k]])
