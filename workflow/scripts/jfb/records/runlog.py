"""The log of a run: one row per epoch, in Parquet, with the run's settings in its metadata."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jfb.config import settings
from jfb.storage import files, parquet

#: Why an optimiser ends a run by itself: the gradient is small; no step lowers the loss, however
#: short, or that of a method which knows one step only; the line search finds no point low enough.
GRADIENT, STEP, LINE_SEARCH = ENDS = ("gradient", "step", "line search")


class Epoch(NamedTuple):
    """What is recorded of one epoch.

    Losses are mean squared errors; accuracies are shares in [0, 1]; `train_seconds` is the time
    of the training part. `iterations_mean` and `iterations_max` are fixed-point iterations per
    forward pass, and `unconverged` the number of passes that the iteration limit stopped, over
    the epoch's training passes and its validation pass. `applications` is the work of training:
    the solver's applications of T per training sample; `adjoint_applications` beside it the
    products with J^T that the gradient takes to solve for the adjoint, none for jfb, and those of a
    penalty on the Jacobian. Losses are without that penalty.
    `spectral_norm` is the largest singular value of the latent weight at the end of the epoch, NaN
    for a network without one. `unconverged_adjoints` counts the training passes whose adjoint was
    not found. Of classes, losses are cross-entropies.
    """

    epoch: int
    train_loss: float
    val_loss: float
    train_accuracy: float
    val_accuracy: float
    train_seconds: float
    iterations_mean: float
    iterations_max: int
    unconverged: int
    applications: float
    adjoint_applications: float
    spectral_norm: float
    unconverged_adjoints: int


SCHEMA = pa.schema(
    [
        pa.field(name, pa.int32() if kind is int else pa.float64(), nullable=False)
        for name, kind in Epoch.__annotations__.items()
    ]
)


def empty(epochs: int) -> dict[str, np.ndarray]:
    """The columns of a log by name, zero, with room for some epochs, which are numbered."""
    log = {
        name: np.zeros(epochs, np.int64 if kind is int else np.float64)
        for name, kind in Epoch.__annotations__.items()
    }
    return log | {"epoch": np.arange(1, epochs + 1)}


def best_epoch(train_loss: np.ndarray) -> int:
    """The first epoch with the lowest training loss; 0 where no loss is finite."""
    finite = np.isfinite(train_loss)
    return int(np.where(finite, train_loss, np.inf).argmin()) + 1 if finite.any() else 0


def write(
    path: str | Path,
    log: Mapping[str, np.ndarray],
    run: settings.Run,
    versions: Mapping[str, str],
    ended: str | None = None,
) -> None:
    """Write a log to `path`, whole or not at all.

    Args:
        path: where to.
        log: the columns of `Epoch` by name, a row per epoch in order.
        run: stored as JSON under the metadata key `run`.
        versions: of the libraries that computed it, stored as JSON under `versions`.
        ended: why an optimiser ended the run by itself, stored under `ended`; None if none did.
    """
    arrays = [parquet.from_numbers(log[field.name], field.type) for field in SCHEMA]
    metadata = {"run": json.dumps(run.to_dict()), "versions": json.dumps(dict(versions))}
    if ended:
        metadata["ended"] = ended
    parquet.write(path, pa.Table.from_arrays(arrays, schema=SCHEMA.with_metadata(metadata)))


def read(path: str | Path) -> pa.Table:
    """Read a log.

    Raises:
        jfb.storage.files.Unreadable: the file is no log, or a damaged one; the message names it.
    """
    table = parquet.read(path, SCHEMA, "a log of a run")
    if b"run" not in (table.schema.metadata or {}):
        raise files.Unreadable(path, "its metadata does not tell which run it is the log of")
    try:
        run = run_of(table)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        fault = f"its metadata tells of no run that this version knows ({error!r})"
        raise files.Unreadable(path, fault) from error
    epochs = parquet.to_numbers(table["epoch"])
    if not len(epochs) or not np.array_equal(epochs, np.arange(1, len(epochs) + 1)):
        raise files.Unreadable(path, "its epochs do not count from 1 without a gap")
    finite = np.isfinite(table["train_loss"][-1].as_py())
    if len(epochs) != run.epochs and finite and not ended(table):
        fault = f"it ends after {len(epochs)} of {run.epochs} epochs, with a finite loss"
        raise files.Unreadable(path, fault)
    return table


def ended(log: pa.Table) -> str | None:
    """Why an optimiser ended the run of a log by itself; None if none did."""
    told = log.schema.metadata.get(b"ended")
    return told and told.decode()


def run_of(log: pa.Table) -> settings.Run:
    """The run that wrote a log that `read` returned, from its metadata."""
    return settings.Run.from_dict(json.loads(log.schema.metadata[b"run"]))


def frame(path: str | Path):
    """A log as a pandas table, and its run.

    The table also has a column per factor of the study, `batch_size` and `seed`.

    Raises:
        jfb.storage.files.Unreadable: see `read`.
    """
    log = read(path)
    run = run_of(log)
    place = dict(run.levels) | {"batch_size": run.batch_size, "seed": run.seed}
    return log.to_pandas().assign(**place), run
