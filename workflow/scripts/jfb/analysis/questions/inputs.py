"""What questions are answered from, as pandas tables, by the kind of file."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jfb.analysis import alignment
from jfb.records import runlog, snapshots
from jfb.storage import parquet


def summary(path: str) -> pd.DataFrame:
    """The summary of a study, see `jfb.engines.summary`."""
    return parquet.read_frame(path, "a summary")


def summaries(paths: Sequence[str]) -> list[pd.DataFrame]:
    """Those of several studies."""
    return [summary(path) for path in paths]


def frame(path: str) -> pd.DataFrame:
    """What was measured of the runs of a study, see `jfb.records`."""
    return parquet.read_frame(path, "what was measured of runs")


def frames(paths: Sequence[str]) -> list[pd.DataFrame]:
    """The same of several studies."""
    return [frame(path) for path in paths]


def iterations(paths: Sequence[str]) -> pd.DataFrame:
    """Of each log, in the order of the paths: batch_size, seed, and means over its epochs.

    iterations: applications of T per forward pass; stopped: whether the limit stopped a pass.
    """
    rows = []
    for path in paths:
        log = runlog.read(path)
        run = runlog.run_of(log)
        passes, stopped = (
            parquet.to_numbers(log[name]) for name in ("iterations_mean", "unconverged")
        )
        rows.append((run.batch_size, run.seed, passes.mean(), (stopped > 0).mean()))
    return pd.DataFrame(rows, columns=["batch_size", "seed", "iterations", "stopped"])


def adjoints(paths: Sequence[str]) -> pd.DataFrame:
    """Of each log: the levels of the run, seed, and what its adjoints and fixed points are like.

    products: with the Jacobian for the adjoint of an update, a mean; not_found: the share of its
    updates without an adjoint; unconverged: of its forward passes without a fixed point.
    """
    rows = []
    for path in paths:
        log = runlog.read(path)
        run = runlog.run_of(log)
        adjoints, points = (
            parquet.to_numbers(log[name]).sum() for name in ("unconverged_adjoints", "unconverged")
        )
        updates = run.updates_by(len(log), run.dataset.training_size)
        told = {
            # An epoch sees each sample once.
            "products": parquet.to_numbers(log["adjoint_applications"]).mean(),
            "not_found": adjoints / updates,
            "unconverged": points / (updates + len(log)),
        }
        rows.append(dict(run.levels) | {"seed": run.seed} | told)
    return pd.DataFrame(rows)


def by_work(paths: Sequence[str]) -> pd.DataFrame:
    """The epochs of logs, with the work and what validation gives.

    Returns:
        A row per epoch and run, the columns of `jfb.records.runlog.frame`, and `work`, that of all
        epochs so far, in applications of T and of its transposed Jacobian for each training sample.
    """
    parts = []
    for path in paths:
        log, _ = runlog.frame(path)
        work = log["applications"] + log["adjoint_applications"]
        parts.append(log.assign(work=work.cumsum()))
    return pd.concat(parts, ignore_index=True)


def alignments(paths: Sequence[str]) -> list[pd.DataFrame]:
    """Alignments, one by one, see `jfb.analysis.alignment.read`."""
    return [alignment.read([path]) for path in paths]


def distances(paths: Sequence[str]) -> pd.DataFrame:
    """How far runs are from their start, |theta - theta_0| of all parameters, at each snapshot.

    Args:
        paths: of the logs of the runs, and then of their snapshots in the same order.

    Returns:
        batch_size, seed, updates and distance, a row per snapshot but the first.
    """
    logs, kept = paths[: len(paths) // 2], paths[len(paths) // 2 :]
    rows = []
    for log, path in zip(logs, kept, strict=True):
        run = runlog.run_of(runlog.read(log))
        along = snapshots.read(path, run)
        moved = along.parameters[1:].astype(np.float64) - along.parameters[0]
        for epoch, distance in zip(along.epochs[1:], np.linalg.norm(moved, axis=1), strict=True):
            rows.append(
                (
                    run.batch_size,
                    run.seed,
                    run.updates_by(int(epoch), run.dataset.training_size),
                    float(distance),
                )
            )
    return pd.DataFrame(rows, columns=["batch_size", "seed", "updates", "distance"])
