"""What questions are answered from, as pandas tables, by the kind of file."""

from collections.abc import Sequence

import pandas as pd

from jfb.analysis import alignment
from jfb.records import distances as distances_of
from jfb.records import runlog
from jfb.storage import parquet


def summary(path: str) -> pd.DataFrame:
    """The summary of a study, see `jfb.engines.summary`."""
    return parquet.read_frame(path, "a summary")


def summaries(paths: Sequence[str]) -> list[pd.DataFrame]:
    """Those of several studies."""
    return [summary(path) for path in paths]


def frames(paths: Sequence[str]) -> list[pd.DataFrame]:
    """Tables of what was measured along the runs of several studies."""
    return [parquet.read_frame(path, "what was measured along runs") for path in paths]


def iterations(paths: Sequence[str]) -> pd.DataFrame:
    """Of each run whose log is given: study, batch_size, seed; means over its epochs.

    The study is the name of the folder of a study's runs.
    """
    rows = []
    for path in paths:
        log = runlog.read(path)
        run = runlog.run_of(log)
        study = str(path).partition("/runs/")[2].partition("/")[0]
        passes, stopped = (
            parquet.to_numbers(log[name]) for name in ("iterations_mean", "unconverged")
        )
        rows.append((study, run.batch_size, run.seed, passes.mean(), (stopped > 0).mean()))
    return pd.DataFrame(rows, columns=["study", "batch_size", "seed", "iterations", "stopped"])


def alignments(paths: Sequence[str]) -> pd.DataFrame:
    """Alignments, see `jfb.analysis.alignment.read`, with a column `study`."""
    parts = [
        alignment.read([path]).assign(study=str(path).partition("/alignment/")[2].partition("/")[0])
        for path in paths
    ]
    return pd.concat(parts, ignore_index=True)


def distances(paths: Sequence[str]) -> pd.DataFrame:
    """How far runs are from their start: batch_size, seed, updates, distance.

    Args:
        paths: of the logs of the runs, and then of their snapshots in the same order.
    """
    logs, kept = paths[: len(paths) // 2], paths[len(paths) // 2 :]
    runs = [runlog.run_of(runlog.read(path)) for path in logs]
    rows = distances_of.rows_of(kept, runs)
    return pd.DataFrame(rows, columns=["batch_size", "seed", "updates", "distance"])
