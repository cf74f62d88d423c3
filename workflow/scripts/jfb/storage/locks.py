"""Schedulers of one folder: one starts at a time, and locks of those that are gone are removed.

Snakemake locks its outputs with files that outlive a scheduler that was killed. Here each scheduler
also holds locks of the operating system, which end with its process.
"""

import fcntl
import shutil
from pathlib import Path


class Scheduler:
    """A scheduler that counts as one at work in a folder until its process ends.

    It waits for others that are just starting: Snakemake looks for locks and makes its own in two
    steps. Where no other is at work, the locks that Snakemake keeps are of none, and are removed.
    A file system that has no locks is left as it is; one that keeps them for each machine apart
    does not tell of schedulers on another.

    Args:
        folder: Snakemake's own, `.snakemake`.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        self._starting = (folder / "starting.lock").open("a")
        self._at_work = (folder / "schedulers.lock").open("a")
        try:
            fcntl.flock(self._starting, fcntl.LOCK_EX)
            self._remove_locks(folder / "locks")
            fcntl.flock(self._at_work, fcntl.LOCK_SH)
        except OSError:
            self.started()

    def _remove_locks(self, locks: Path) -> None:
        try:
            fcntl.flock(self._at_work, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if locks.is_dir() and any(locks.iterdir()):
            shutil.rmtree(locks)

    def started(self) -> None:
        """Let the next one start: Snakemake has its own locks."""
        self._starting.close()

    def ended(self) -> None:
        """Count no more."""
        self.started()
        self._at_work.close()
