"""Logs -> one row per run: what is kept of each run of a study."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from jfb.config import settings
from jfb.model import fixed_points
from jfb.records import parameters, runlog, summary
from jfb.records.dataset import Part
from jfb.storage import files, parquet


def of_run(
    run: settings.Run,
    log: Mapping[str, np.ndarray],
    best: np.ndarray,
    training: Part,
    ended: str | None = None,
) -> dict[str, object]:
    """What is kept of one run.

    Args:
        run: the run.
        log: its columns, as in `jfb.records.runlog.Epoch`, a row per epoch.
        best: (p,) parameters at the end of the epoch with the lowest loss.
        training: all training points.
        ended: why an optimiser ended it by itself.

    Returns:
        By column name, the run's levels first. `epoch_of_lowest_loss` is the first of equals, and
        `unconverged_at_lowest_loss` the forward passes of that epoch that the iteration limit
        stopped. `exact_best_loss` is the loss of `best` on all training points at its exact fixed
        points (`jfb.model.fixed_points`), None where one is missing, or the network has none by
        design or another latent map than the report's. `training_seconds` a total,
        `first_accurate_epoch` the first with a training accuracy of at least 0.99,
        `first_epoch_at_97_percent` of at least 0.97, and
        `log10_loss_spread` the standard deviation of log10 of the training loss over the last 500
        epochs (in decades). `fall_at_the_end` is by how much the last hundredth of the epochs
        lowers the lowest loss (in decades, 0 or more). `applications` and `adjoint_applications`
        are totals, per training sample; `work_to_1e_3` is their sum up to the first epoch with a
        training loss of at most 0.001. A run has diverged if a loss is not finite,
        or if its last loss is above 1e6; training losses that are not finite count nowhere else,
        and where there is nothing to tell, the entry is None.
    """
    finite = np.isfinite(log["train_loss"])
    losses, epochs = log["train_loss"][finite], log["epoch"][finite]
    accurate, nearly = (
        log["epoch"][log["train_accuracy"] >= share]
        for share in (summary.ACCURATE, summary.NEARLY_ACCURATE)
    )
    best_epoch = runlog.best_epoch(log["train_loss"])
    at_best = {name: column[best_epoch - 1] if best_epoch else None for name, column in log.items()}
    return dict(run.levels) | {
        "batch_size": run.batch_size,
        "seed": run.seed,
        "epochs": len(log["epoch"]),
        "lowest_loss": at_best["train_loss"],
        "epoch_of_lowest_loss": at_best["epoch"],
        "unconverged_at_lowest_loss": at_best["unconverged"],
        "exact_best_loss": _exact_loss(run, best, training) if best_epoch else None,
        "training_seconds": log["train_seconds"].sum(),
        "final_train_loss": log["train_loss"][-1],
        "final_val_loss": log["val_loss"][-1],
        "final_train_accuracy": log["train_accuracy"][-1],
        "final_val_accuracy": log["val_accuracy"][-1],
        "first_accurate_epoch": accurate[0] if len(accurate) else None,
        "first_epoch_at_97_percent": nearly[0] if len(nearly) else None,
        "log10_loss_spread": np.log10(losses[-summary.LAST_EPOCHS :]).std()
        if len(losses)
        else None,
        "fall_at_the_end": _fall(losses, epochs > summary.END * len(log["epoch"])),
        "unconverged_solves": log["unconverged"].sum(),
        "applications": log["applications"].sum(),
        "adjoint_applications": log["adjoint_applications"].sum(),
        "work_to_1e_3": _work_to(summary.REACHED, log),
        "final_spectral_norm": log["spectral_norm"][-1] if run.network.cell.affine else None,
        "diverged": summary.run_diverged(log),
        "ended": ended,
    }


def _exact_loss(run: settings.Run, best: np.ndarray, training: Part) -> float | None:
    if run.solver.name == "explicit" or not run.network.is_reports:
        return None
    loss = fixed_points.loss(best, run.network, training)
    return loss if np.isfinite(loss) else None


def _work_to(level: float, log: Mapping[str, np.ndarray]) -> float | None:
    """That of the epochs up to the first whose loss is at most `level`; None where none is."""
    low = np.flatnonzero(log["train_loss"] <= level)
    work = log["applications"] + log["adjoint_applications"]
    return work[: low[0] + 1].sum() if len(low) else None


def _fall(losses: np.ndarray, at_end: np.ndarray) -> float | None:
    """Decades by which the losses at the end lie below all before; None if either are lacking."""
    before, end = losses[~at_end], losses[at_end]
    if not len(before) or not len(end):
        return None
    return max(0.0, float(np.log10(before.min() / end.min())))


def of_logs(
    paths: Sequence[str | Path],
    best: Sequence[str | Path],
    runs: Sequence[settings.Run],
    training: Part,
) -> pa.Table:
    """Summarise the logs of a study.

    Args:
        paths: of the logs.
        best: of the parameters at the end of the best epoch of each.
        runs: the run that each log must be of, in the same order.
        training: all training points.

    Returns:
        A row per run, in that order.

    Raises:
        jfb.storage.files.Unreadable: a file is no log, or that of another run; the message names
        it.
    """
    rows = []
    for path, kept, run in zip(paths, best, runs, strict=True):
        log = runlog.read(path)
        if (found := runlog.run_of(log)) != run:
            raise files.Unreadable(path, f"the log of another run ({_unlike(found, run)})")
        columns = {name: parquet.to_numbers(log[name]) for name in log.column_names}
        # Of others no exact loss is measured.
        at_best = parameters.read(kept, run.network) if run.network.is_reports else None
        rows.append(of_run(run, columns, at_best, training, runlog.ended(log)))
    return summary.from_rows(rows)


def _unlike(found: settings.Run, run: settings.Run) -> str:
    """In which settings a run differs from the one that is wanted."""
    have, wanted = found.to_dict(), run.to_dict()
    # What is at its default is in neither.
    keys = [key for key in have | wanted if have.get(key) != wanted.get(key)]
    return ", ".join(f"{key}: {have.get(key)}, wanted {wanted.get(key)}" for key in keys)
