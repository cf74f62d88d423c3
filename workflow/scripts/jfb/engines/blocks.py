"""A block: some seeds of a study, trained in one job, that leave a row per run and no logs.

The row is that of the summary, with the parameters at the end of the run in a column `final`.
"""

import dataclasses
import functools
import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from jfb.config import settings
from jfb.engines import summary
from jfb.engines.interface import open_engine
from jfb.records import blocks
from jfb.records.dataset import Part
from jfb.records.summary import from_rows
from jfb.streams.interface import Stream, open_stream
from jfb.streams.recording import Recording

# Indices of samples that are kept: 200 MB at two bytes.
_LONGEST_RECORDING = 100_000_000


def train(
    block: settings.Block,
    training: Part,
    validation: Part,
    after_runs: Callable[[int], None],
) -> pa.Table:
    """Carry out the runs of a block, one after the other.

    Args:
        block: the runs.
        training, validation: the two parts of the data.
        after_runs: called with the number of runs that are done.

    Returns:
        The rows of `jfb.engines.summary` in the block's order, each with `final`, the flat
        parameters (p,) float32 at the end of the run; the block's settings and the versions of
        libraries are JSON in the metadata (`block`, `versions`).
    """
    versions: dict[str, str] = {}
    rows: dict[settings.Run, tuple[dict[str, object], np.ndarray]] = {}
    for seed in block.seeds:
        runs = [dataclasses.replace(run, seed=seed) for run in block.runs]
        for stream, alike in _by_stream(runs):
            for run in alike:
                outcome = open_engine(run)(run, stream(), training, validation, lambda row: None)
                row = summary.of_run(run, outcome.log, outcome.best, training, outcome.ended)
                rows[run] = row, outcome.final
                versions.update(outcome.versions)
                after_runs(len(rows))
    summaries, finals = zip(*(rows[run] for run in block.each()), strict=True)
    table = blocks.with_finals(from_rows(summaries), finals)
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
        orders = run.predecessors, run.order_seed, run.dataset, run.epochs
        drawn = run.stream, run.seed, run.network, run.initial_scale, *orders
        groups.setdefault(drawn, []).append(run)
    for alike in groups.values():
        run = alike[0]
        epochs, size = run.epochs, run.dataset.training_size
        draws_itself = run.network.cell.draws_itself
        if len(alike) > 1 and epochs * size <= _LONGEST_RECORDING and not draws_itself:
            yield Recording(open_stream(run), epochs, size).play, alike
        else:
            yield functools.partial(open_stream, run), alike
