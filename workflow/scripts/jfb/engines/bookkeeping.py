"""What engines keep of a run: its epochs, its best parameters, and its snapshots."""

from collections.abc import Callable

import numpy as np

from jfb.config import choices
from jfb.records.runlog import Epoch


def spectral_norm(weights: np.ndarray) -> np.ndarray:
    """Largest singular value of each (..., n, n) matrix, in float64; NaN where it has none."""
    norms = np.full(weights.shape[:-2], np.nan)
    finite = np.isfinite(weights).all(axis=(-2, -1))
    norms[finite] = np.linalg.norm(weights[finite].astype(np.float64), 2, axis=(-2, -1))
    return norms


def telling(progress: Callable[[int, str], None]) -> Callable[[Epoch], None]:
    """A callback for `train` that tells `progress` of each row: its epoch, and a line on it."""

    def after_epoch(row: Epoch) -> None:
        progress(row.epoch, f"loss {row.train_loss:.3e}  accuracy {row.train_accuracy:.3f}")

    return after_epoch


def warning_of(solver: choices.Solver, unconverged: int) -> str | None:
    """What a run must warn of: forward passes of its last epoch that were stopped; None of none."""
    if not unconverged:
        return None
    kept = ", but the iterate with the smallest residual"
    if solver.name == "picard":
        kept = ", but the last iterate; where iterates alternate, the limit's parity decides which"
    return (
        f"{unconverged} forward passes of the last epoch were stopped by max_iterations = "
        f"{solver.max_iterations}: the point that {solver.name} keeps then is no fixed point{kept}"
    )
