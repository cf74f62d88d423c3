"""What engines keep of a run: its epochs, its best parameters, and its snapshots."""

import math
from collections.abc import Callable, Iterable
from types import ModuleType

import numpy as np

from jfb.config import settings
from jfb.config.choices import Engine
from jfb.engines.interface import Outcome
from jfb.records import layout, runlog, snapshots
from jfb.records.runlog import Epoch
from jfb.records.snapshots import Snapshots


class Record:
    """A run as far as it has come: its log, its best parameters, and its snapshots.

    An engine trains while the run is `unfinished`. It tells of each epoch with `add`; one that
    trains for many epochs at a time writes to the arrays here by itself, and tells with `extend`.

    Args:
        run: the settings.
        parameters: (p,) float32 that training starts from, copied; what follows the p numbers of
            the run's network is filler.
        after_epoch: called with the last row that `add` or `extend` brings.
    """

    def __init__(
        self, run: settings.Run, parameters: np.ndarray, after_epoch: Callable[[Epoch], None]
    ) -> None:
        self._run = run
        self._after_epoch = after_epoch
        #: Number of epochs so far.
        self.done = 0
        #: The columns of `Epoch`, (run.epochs,) each; rows from `done` on are to come.
        self.log = runlog.empty(run.epochs)
        #: Lowest training loss so far, (1,) float64, and (p,) the parameters after its epoch.
        self.lowest, self.best = np.array([math.inf]), parameters.copy()
        kept = snapshots.epochs_of(run)
        #: (k, p), and by epoch from 0 to the last: the row for the parameters after it, or -1.
        self.snapshots = np.empty((len(kept), len(parameters)), parameters.dtype)
        self.snapshot = np.full(run.epochs + 1, -1)
        self.snapshot[kept] = np.arange(len(kept))
        self.snapshots[0] = parameters

    @property
    def unfinished(self) -> bool:
        """Whether there are epochs to come: none after a training loss that is not finite."""
        if not self.done:
            return True
        finite = math.isfinite(self.log["train_loss"][self.done - 1])
        return finite and self.done < self._run.epochs

    def add(
        self,
        parameters: np.ndarray,
        latent_weight: np.ndarray,
        passes: Iterable[tuple[int, bool]],
        *,
        train_loss: float,
        val_loss: float,
        train_accuracy: float,
        val_accuracy: float,
        train_seconds: float,
        applications: float,
        adjoint_applications: float,
        unconverged_adjoints: int = 0,
    ) -> None:
        """Take in one epoch.

        Args:
            parameters: (p,) float32 at its end.
            latent_weight: (n, n), of them.
            passes: iterations of each forward pass, and whether it converged.
            train_loss, val_loss, train_accuracy, val_accuracy, train_seconds, applications,
                adjoint_applications, unconverged_adjoints: as in `Epoch`.
        """
        iterations, converged = zip(*passes, strict=True)
        row = {
            "train_loss": train_loss,
            "val_loss": val_loss,
            "train_accuracy": train_accuracy,
            "val_accuracy": val_accuracy,
            "train_seconds": train_seconds,
            "iterations_mean": sum(iterations) / len(iterations),
            "iterations_max": max(iterations),
            "unconverged": converged.count(False),
            "applications": applications,
            "adjoint_applications": adjoint_applications,
            "unconverged_adjoints": unconverged_adjoints,
        }
        for name, value in row.items():
            self.log[name][self.done] = value
        if train_loss < self.lowest[0]:
            self.lowest[0] = train_loss
            self.best[:] = parameters
        if (place := self.snapshot[self.done + 1]) >= 0:
            self.snapshots[place] = parameters
        self.extend(1, latent_weight[None])

    def extend(self, count: int, latent_weights: np.ndarray) -> None:
        """Take in the next `count` epochs, of which all else is written here already.

        Args:
            count: at least 1.
            latent_weights: (count, n, n) at the end of each.
        """
        self.log["spectral_norm"][self.done : self.done + count] = spectral_norm(latent_weights)
        self.done += count
        self._after_epoch(Epoch(*(column.item(self.done - 1) for column in self.log.values())))

    def outcome(
        self,
        final: np.ndarray,
        *libraries: ModuleType,
        shapes: layout.Shapes | None = None,
        ended: str | None = None,
    ) -> Outcome:
        """What the run leaves.

        Args:
            final: (p,) float32, the parameters at its end, maybe with filler.
            libraries: those that computed it, besides NumPy.
            shapes: of the parameters; those of `jfb.records.layout` unless they are given.
            ended: as in `Outcome`.
        """
        shapes = shapes or layout.shapes(self._run.network)
        size = sum(map(math.prod, shapes.values()))
        kept = np.flatnonzero(self.snapshot[: self.done + 1] >= 0)
        return Outcome(
            {name: column[: self.done] for name, column in self.log.items()},
            self.best[:size],
            final[:size],
            Snapshots(kept, self.snapshots[: len(kept), :size]),
            shapes,
            {library.__name__: str(library.__version__) for library in (*libraries, np)},
            ended,
        )


def spectral_norm(weights: np.ndarray) -> np.ndarray:
    """Largest singular value of each (..., n, n) matrix, in float64; NaN where it has none."""
    norms = np.full(weights.shape[:-2], np.nan)
    finite = np.isfinite(weights).all(axis=(-2, -1))
    norms[finite] = np.linalg.svdvals(weights[finite].astype(np.float64))[..., 0]
    return norms


def telling(progress: Callable[[int, str], None]) -> Callable[[Epoch], None]:
    """A callback for `train` that tells `progress` of each row: its epoch, and a line on it."""

    def after_epoch(row: Epoch) -> None:
        progress(row.epoch, f"loss {row.train_loss:.3e}  accuracy {row.train_accuracy:.3f}")

    return after_epoch


def warning_of(run: settings.Run, unconverged: int) -> str | None:
    """What a run must warn of: forward passes of its last epoch that were stopped; None of none."""
    solver = run.solver
    # From the last fixed points, each search goes on where the one before was stopped; and where a
    # step takes all of the data, none is taken to where one was.
    goes_on = getattr(solver, "start", "zero") == "previous"
    if not unconverged or goes_on or not Engine.all()[run.engine].steps_by_batch:
        return None
    kept = ", but the iterate with the smallest residual"
    if solver.name == "picard":
        kept = ", but the last iterate; where iterates alternate, the limit's parity decides which"
    return (
        f"{unconverged} forward passes of the last epoch were stopped by max_iterations = "
        f"{solver.max_iterations}: the point that {solver.name} keeps then is no fixed point{kept}"
    )
