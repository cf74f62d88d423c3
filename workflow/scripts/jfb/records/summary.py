"""The summary of a study on disk: one row per run, with what is kept of it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from jfb.storage import parquet

ACCURATE = 0.99
NEARLY_ACCURATE = 0.97
LAST_EPOCHS = 500
#: A run has reached the minimum if its lowest loss is at most this; `work_to_1e_3` counts to there.
REACHED = 1e-3
#: Later epochs than this share of them are the end of a run.
END = 0.99
#: A run whose last loss is above this has diverged: its predictions are off by a thousand.
DIVERGED_ABOVE = 1e6

_COLUMNS = pa.schema(
    [
        pa.field("batch_size", pa.int64(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("epochs", pa.int64(), nullable=False),
        pa.field("lowest_loss", pa.float64()),
        pa.field("epoch_of_lowest_loss", pa.int64()),
        pa.field("unconverged_at_lowest_loss", pa.int64()),
        pa.field("exact_best_loss", pa.float64()),
        pa.field("training_seconds", pa.float64()),
        pa.field("final_train_loss", pa.float64()),
        pa.field("final_val_loss", pa.float64()),
        pa.field("final_train_accuracy", pa.float64()),
        pa.field("final_val_accuracy", pa.float64()),
        pa.field("first_accurate_epoch", pa.int64()),
        pa.field("first_epoch_at_97_percent", pa.int64()),
        pa.field("log10_loss_spread", pa.float64()),
        pa.field("fall_at_the_end", pa.float64()),
        pa.field("unconverged_solves", pa.int64()),
        pa.field("applications", pa.float64()),
        pa.field("adjoint_applications", pa.float64()),
        pa.field("work_to_1e_3", pa.float64()),
        pa.field("final_spectral_norm", pa.float64()),
        pa.field("diverged", pa.bool_(), nullable=False),
        pa.field("ended", pa.string()),
    ]
)


def schema(factors: Sequence[str]) -> pa.Schema:
    """Columns of the summary of a study: its factors, and what is kept of each run."""
    named = (pa.field(factor, pa.string(), nullable=False) for factor in factors)
    return pa.schema([*named, *_COLUMNS])


def run_diverged(log: Mapping[str, np.ndarray]) -> bool:
    """Whether the run of a log has: a loss is not finite, or its last loss is above 1e6."""
    losses = np.stack([log["train_loss"], log["val_loss"]])
    return not np.isfinite(losses).all() or bool(losses[:, -1].max() > DIVERGED_ABOVE)


def network_diverged(parameters: np.ndarray, loss: float) -> bool:
    """Whether a network is what a diverged run leaves: of its parameters (p,), and its loss."""
    return not np.isfinite(parameters).all() or loss > DIVERGED_ABOVE


def from_rows(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """The table of some rows, each by column name as `jfb.engines.summary.of_run` makes it."""
    wanted = schema([name for name in rows[0] if name not in _COLUMNS.names])
    return parquet.from_rows([[row[name] for name in wanted.names] for row in rows], wanted)
