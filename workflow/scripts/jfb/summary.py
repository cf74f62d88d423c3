"""Logs of runs -> one row per run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jfb import files, runlog, settings

ACCURATE = 0.99
LAST_EPOCHS = 500


def of_run(log: pd.DataFrame) -> dict[str, object]:
    """What is kept of one run.

    Args:
        log: a row per epoch, columns as in `jfb.runlog.Epoch`.

    Returns:
        By column name. `epoch_of_lowest_loss` is the first of equals, `training_seconds` a
        total, `first_accurate_epoch` the first with a training accuracy of at least 0.99, and
        `log10_loss_spread` the standard deviation of log10 of the training loss over the last
        500 epochs (in decades). A run has diverged if a loss is not finite; such training losses
        count nowhere else, and where there is nothing to tell, the entry is missing.
    """
    last = log.iloc[-1]
    finite = log.loc[np.isfinite(log["train_loss"])]
    accurate = log.loc[log["train_accuracy"] >= ACCURATE, "epoch"]
    lowest = finite.loc[finite["train_loss"].idxmin()] if len(finite) else None
    tail = np.log10(finite["train_loss"].tail(LAST_EPOCHS))
    return {
        "epochs": len(log),
        "lowest_loss": np.nan if lowest is None else lowest["train_loss"],
        "epoch_of_lowest_loss": pd.NA if lowest is None else int(lowest["epoch"]),
        "training_seconds": log["train_seconds"].sum(),
        "final_train_loss": last["train_loss"],
        "final_val_loss": last["val_loss"],
        "final_train_accuracy": last["train_accuracy"],
        "final_val_accuracy": last["val_accuracy"],
        "first_accurate_epoch": int(accurate.iloc[0]) if len(accurate) else pd.NA,
        "log10_loss_spread": tail.std(ddof=0),
        "unconverged_solves": log["unconverged"].sum(),
        "final_spectral_norm": last["spectral_norm"],
        "diverged": not np.isfinite(log[["train_loss", "val_loss"]]).all(axis=None),
    }


def of_study(paths: Sequence[str | Path], runs: Sequence[settings.Run]) -> pd.DataFrame:
    """Summarise the logs of a study.

    Args:
        paths: of the logs.
        runs: the run that each log must be of, in the same order.

    Returns:
        A row per run, in that order: batch_size, seed, and the columns of `of_run`.

    Raises:
        ValueError: a file is no log, or the log of another run; the message names it.
    """
    rows = []
    for path, run in zip(paths, runs, strict=True):
        log = runlog.read(path)
        if runlog.run_of(log) != run:
            raise ValueError(f"{path}: log of a run with other settings; make it anew")
        rows.append({"batch_size": run.batch_size, "seed": run.seed} | of_run(log.to_pandas()))
    counts = ("epoch_of_lowest_loss", "first_accurate_epoch")
    return pd.DataFrame(rows).astype(dict.fromkeys(counts, "Int64"))


def write(path: str | Path, table: pd.DataFrame) -> None:
    """Write a summary to `path` (Parquet), whole or not at all."""
    with files.whole(path) as temporary:
        table.to_parquet(temporary, compression="zstd", index=False)
