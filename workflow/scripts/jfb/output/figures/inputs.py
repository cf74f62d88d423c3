"""What figures are drawn from, as pandas tables, by the kind of file."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jfb.config.data_choices import Loss
from jfb.output import engines
from jfb.records import runlog
from jfb.records.summary import run_diverged
from jfb.storage import parquet


def read_logs(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The logs of a study as one table.

    Args:
        paths: of the logs.

    Returns:
        A row per epoch and run: the columns of `jfb.records.runlog.Epoch`, a column per factor of
        the study, batch_size, seed, loss, what figures call it, accurate, what they call an
        accurate prediction, engine, likewise, seconds, the training time since the start of the
        run, and diverged, whether the run has by its end (see `jfb.engines.summary`). What is not
        finite is missing.
    """
    parts = []
    for path in paths:
        frame, run = runlog.frame(path)
        loss = Loss.all()[run.loss]
        accurate = "right" if loss.of_classes else f"off by {run.accuracy_threshold:g} at most"
        told = {
            "loss": loss.label,
            "accurate": accurate,
            "engine": engines.told(run.engine),
            "diverged": run_diverged(frame),
        }
        parts.append(frame.assign(seconds=frame["train_seconds"].cumsum(), **told))
    return pd.concat(parts, ignore_index=True).replace(np.inf, np.nan)


def sample(seeds: Iterable[int], most: int) -> np.ndarray:
    """The seeds in their order, or `most` of them, drawn at random and always the same."""
    known = np.array(sorted(seeds))
    if len(known) <= most:
        return known
    return np.random.default_rng(0).choice(known, most, replace=False)


def read_evidence(path: str | Path) -> pd.DataFrame:
    """The evidence on the claims, see `jfb.output.verdicts.write`."""
    return pd.read_csv(path)


def read_summary(path: str | Path) -> pd.DataFrame:
    """The summary of a study, see `jfb.engines.summary`."""
    return parquet.read_frame(path, "a summary")


def read_summaries(paths: Sequence[str | Path]) -> list[pd.DataFrame]:
    """The summaries of several studies, in the order of their paths."""
    return [read_summary(path) for path in paths]


def read_units(path: str | Path) -> pd.DataFrame:
    """The units along the runs of a study, see `jfb.records.units.Row`."""
    return parquet.read_frame(path, "units of runs")


def read_sharpness(path: str | Path) -> pd.DataFrame:
    """The sharpness at the end of the runs of a study, see `jfb.records.sharpness.Row`."""
    return parquet.read_frame(path, "sharpness")


def read_linearisations(paths: Sequence[str | Path]) -> pd.DataFrame:
    """What is linear along the runs of a study, see `jfb.records.linearisation.Row`."""
    what = "what is linear along runs"
    return pd.concat([parquet.read_frame(path, what) for path in paths], ignore_index=True)


def read_answers(path: str | Path) -> pd.DataFrame:
    """What a question measured, see `jfb.analysis.questions.measured.table`."""
    text = {"measure": str, "level": str, "against": str}
    return pd.read_csv(path, dtype=text).fillna(dict.fromkeys(text, ""))
