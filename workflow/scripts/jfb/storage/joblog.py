"""What a job tells while it works: lines in its own log file."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jfb.storage import errors, files, own

_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def job_log(path: str | Path) -> Iterator[logging.Logger]:
    """Give a logger that writes to `path`; an error that ends the block is written there too.

    A file that cannot be used ends the job with one line that names it and says what to do; an
    error in a user's own file, with one line that says where.
    """
    # A full disk must not bury the error under complaints about this log.
    logging.raiseExceptions = False
    try:
        logging.basicConfig(
            filename=path, filemode="w", level=logging.INFO, format="%(asctime)s  %(message)s"
        )
    except OSError as error:
        sys.exit(f"{path}: could not be written: {error.strerror}")
    log = logging.getLogger("jfb")
    try:
        yield log
    except files.Unreadable as error:
        advice = f"{error}; make it anew: snakemake --cores 1 --force {error.path}"
        log.error("failed: %s", advice)
        sys.exit(advice)
    except (files.Unwritable, errors.Refused) as error:
        log.error("failed: %s", error)
        sys.exit(str(error))
    except Exception as error:
        if fault := own.fault(error):
            log.error("failed: %s", fault)
            sys.exit(str(fault))
        log.exception("failed")
        raise


class Progress:
    """Writes a line every few seconds, with the seconds left at the pace so far.

    Args:
        log: where to.
        total: number of things to be done.
        thing: what they are.
    """

    def __init__(self, log: logging.Logger, total: int, thing: str) -> None:
        self._log = log
        self._total = total
        self._thing = thing
        self._told = 0
        self._start = self._last = time.monotonic()

    def __call__(self, done: int, detail: str = "") -> None:
        """Tell how many are done; the first call and the last are always told."""
        now = time.monotonic()
        early = now - self._last < _SECONDS_BETWEEN_LINES
        if self._told and done < self._total and early:
            return
        self._last, self._told = now, done
        left = (now - self._start) / done * (self._total - done)
        self._log.info(
            "%s %d/%d  %s%.0f s left",
            self._thing,
            done,
            self._total,
            detail and f"{detail}  ",
            left,
        )
