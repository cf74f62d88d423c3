"""What a job tells while it works: lines in its own log file."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jfb.runlog import Epoch

_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def job_log(path: str | Path) -> Iterator[logging.Logger]:
    """Give a logger that writes to `path`; an error that ends the block is written there too."""
    logging.basicConfig(
        filename=path, filemode="w", level=logging.INFO, format="%(asctime)s  %(message)s"
    )
    log = logging.getLogger("jfb")
    try:
        yield log
    except Exception:
        log.exception("failed")
        raise


class Progress:
    """Writes a line for an epoch every few seconds, with the seconds left at the pace so far.

    Args:
        log: where to.
        epochs: number of epochs of the run.
    """

    def __init__(self, log: logging.Logger, epochs: int) -> None:
        self._log = log
        self._epochs = epochs
        self._start = self._last = time.monotonic()

    def __call__(self, row: Epoch) -> None:
        """Tell of an epoch that has ended; the first and the last are always told."""
        now = time.monotonic()
        if 1 < row.epoch < self._epochs and now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        left = (now - self._start) / row.epoch * (self._epochs - row.epoch)
        self._log.info(
            "epoch %d/%d  loss %.3e  accuracy %.3f  %.0f s left",
            row.epoch,
            self._epochs,
            row.train_loss,
            row.train_accuracy,
            left,
        )
