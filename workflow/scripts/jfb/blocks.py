"""A block: many seeds of one batch size, trained in one job, that leave a row each and no logs."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from jfb import settings, summary
from jfb.dataset import Part
from jfb.engines import open_engine


def train(
    runs: Sequence[settings.Run],
    training: Part,
    validation: Part,
    threads: int,
    after_run: Callable[[int], None],
) -> pa.Table:
    """Carry out runs, a run per thread at a time.

    Args:
        runs: which differ in their seeds only.
        training, validation: the two parts of the data.
        threads: number of runs at a time.
        after_run: called with the number of runs that are done.

    Returns:
        The rows of `jfb.summary`, in the order of the runs, with the settings of the first run
        in the metadata.
    """

    def row(run: settings.Run) -> dict[str, object]:
        outcome = open_engine(run)(run, training, validation, lambda epoch: None)
        return summary.of_run(run, outcome.log)

    rows = []
    with ThreadPoolExecutor(threads) as pool:
        try:
            for done in pool.map(row, runs):
                rows.append(done)
                after_run(len(rows))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    metadata = {"run": json.dumps(runs[0].to_dict())}
    return summary.of_rows(rows).replace_schema_metadata(metadata)


def gather(paths: Sequence[str | Path], blocks: Sequence[Sequence[settings.Run]]) -> pa.Table:
    """Put the blocks of a study together.

    Args:
        paths: of the blocks.
        blocks: the runs that each must be of, in the same order.

    Returns:
        A row per run, in that order.

    Raises:
        ValueError: a file is no block, or one of other runs; the message names it.
    """
    tables = []
    for path, runs in zip(paths, blocks, strict=True):
        try:
            table = tables.read(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path}: not readable as a block of runs ({error})") from error
        if not table.schema.equals(summary.SCHEMA):
            raise ValueError(
                f"{path}: not a block of runs (columns {', '.join(table.column_names)})"
            )
        first = settings.Run.from_dict(json.loads(table.schema.metadata[b"run"]))
        if first != runs[0] or table["seed"].to_pylist() != [run.seed for run in runs]:
            raise ValueError(f"{path}: block of runs with other settings; make it anew")
        tables.append(table.replace_schema_metadata())
    return pa.concat_tables(tables)
