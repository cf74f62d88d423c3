"""A block: some seeds of a study, trained in one job, that leave a row per run and no logs."""

import dataclasses
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from jfb import files, settings, summary, tables
from jfb.dataset import Part
from jfb.engines import open_engine
from jfb.streams import Stream, open_stream
from jfb.streams.recording import Recording

# Indices of samples that a thread may keep: 200 MB at two bytes.
_LONGEST_RECORDING = 100_000_000


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
        The rows of `jfb.summary` in the block's order, with its settings and the versions of
        libraries as JSON in the metadata (`block`, `versions`).
    """
    versions: dict[str, str] = {}

    def rows_of(seed: int) -> dict[settings.Run, dict[str, object]]:
        found = {}
        runs = [dataclasses.replace(run, seed=seed) for run in block.runs]
        for stream, alike in _by_stream(runs):
            for run in alike:
                outcome = open_engine(run)(run, stream(), training, validation, lambda row: None)
                found[run] = summary.of_run(run, outcome.log, outcome.best, training)
                versions.update(outcome.versions)
        return found

    rows: dict[settings.Run, dict[str, object]] = {}
    with ThreadPoolExecutor(threads) as pool:
        for found in pool.map(rows_of, block.seeds):
            rows |= found
            after_runs(len(rows))
    table = summary.of_rows([rows[run] for run in block.each()])
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


def gather(paths: Sequence[str | Path], blocks: Sequence[settings.Block]) -> pa.Table:
    """Put the blocks of a study together.

    Args:
        paths: of the blocks.
        blocks: of which each must be.

    Returns:
        A row per run, in the order that the runs would have in one block.

    Raises:
        jfb.files.Unreadable: a file is no block, or one of other runs; the message names it.
    """
    parts = []
    for path, block in zip(paths, blocks, strict=True):
        factors = [factor for factor, _ in block.runs[0].levels]
        table = tables.read(path, summary.schema(factors), "a block of runs")
        described = (table.schema.metadata or {}).get(b"block", b"null")
        if json.loads(described) != block.to_dict():
            raise files.Unreadable(path, "a block of runs with other settings")
        parts.append(table.replace_schema_metadata())
    kinds = [(run.levels, run.batch_size) for block in blocks for run in block.each()]
    rank = {kind: k for k, kind in enumerate(dict.fromkeys(kinds))}
    return pa.concat_tables(parts).take(sorted(range(len(kinds)), key=lambda k: rank[kinds[k]]))
