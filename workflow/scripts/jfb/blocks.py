"""A block: some seeds of a study, trained in one job, that leave a row per run and no logs."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from jfb import settings, summary, tables
from jfb.dataset import Part
from jfb.engines import open_engine
from jfb.streams import Recording, open_stream


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
        The rows of `jfb.summary` in the block's order, with its settings as JSON in the metadata
        (`block`).
    """

    def rows(seed: int) -> list[dict[str, object]]:
        # Under the stream per_seed all batch sizes of a seed draw the same numbers.
        recordings: dict[settings.Run, Recording] = {}
        found = []
        for run in (dataclasses.replace(run, seed=seed) for run in block.runs):
            drawn = dataclasses.replace(run, batch_size=1)
            if drawn not in recordings:
                recordings[drawn] = Recording(open_stream(run))
            stream = recordings[drawn].play()
            outcome = open_engine(run)(run, stream, training, validation, lambda epoch: None)
            found.append(summary.of_run(run, outcome.log))
        return found

    by_run = {}
    with ThreadPoolExecutor(threads) as pool:
        try:
            for found in pool.map(rows, block.seeds):
                by_run |= {(row["batch_size"], row["seed"]): row for row in found}
                after_runs(len(by_run))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    table = summary.of_rows([by_run[run.batch_size, run.seed] for run in block.each()])
    return table.replace_schema_metadata({"block": json.dumps(block.to_dict())})


def gather(paths: Sequence[str | Path], blocks: Sequence[settings.Block]) -> pa.Table:
    """Put the blocks of a study together.

    Args:
        paths: of the blocks.
        blocks: of which each must be.

    Returns:
        A row per run, in the order that the runs would have in one block.

    Raises:
        ValueError: a file is no block, or one of other runs; the message names it.
    """
    parts = []
    for path, block in zip(paths, blocks, strict=True):
        try:
            table = tables.read(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path}: not readable as a block of runs ({error})") from error
        if not table.schema.equals(summary.SCHEMA):
            columns = ", ".join(table.column_names)
            raise ValueError(f"{path}: not a block of runs (columns {columns})")
        if settings.Block.from_dict(json.loads(table.schema.metadata[b"block"])) != block:
            raise ValueError(f"{path}: block of runs with other settings; make it anew")
        parts.append(table.replace_schema_metadata())
    sizes = [run.batch_size for block in blocks for run in block.each()]
    place = {size: place for place, size in enumerate(dict.fromkeys(sizes))}
    return pa.concat_tables(parts).take(sorted(range(len(sizes)), key=lambda k: place[sizes[k]]))
