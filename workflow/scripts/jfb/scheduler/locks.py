"""Schedulers of one folder: one starts at a time, and locks of those that are gone are removed.

Snakemake locks its outputs with files that outlive a scheduler that was killed. Here each scheduler
also holds locks of the operating system, which end with its process, and a note of who it is.
"""

import fcntl
import os
import shlex
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jfb.storage.files import is_alive


class Scheduler:
    """A scheduler that counts as one at work in a folder until its process ends.

    It waits for others that are just starting: Snakemake looks for locks and makes its own in two
    steps. Where no other is at work, the locks that Snakemake keeps are of none, and are removed.
    A file system that has no locks is left as it is; one that keeps them for each machine apart
    does not tell of schedulers on another.

    Args:
        folder: Snakemake's own, `.snakemake`.
        command: its command line, for others to read.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: str | Path, command: Sequence[str]) -> None:
        folder = Path(folder)
        self._notes = folder / "schedulers"
        self._notes.mkdir(parents=True, exist_ok=True)
        self._starting = (folder / "starting.lock").open("a")
        self._at_work = (folder / "schedulers.lock").open("a")
        try:
            fcntl.flock(self._starting, fcntl.LOCK_EX)
            self._remove_locks(folder / "locks")
            fcntl.flock(self._at_work, fcntl.LOCK_SH)
        except OSError:
            self.started()
        self._note = self._notes / f"{os.uname().nodename}-{os.getpid()}"
        self._note.write_text(f"since {datetime.now():%Y-%m-%d %H:%M}: {shlex.join(command)}")

    def _remove_locks(self, locks: Path) -> None:
        try:
            fcntl.flock(self._at_work, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for note in self._notes.iterdir():
            note.unlink()
        if locks.is_dir() and any(locks.iterdir()):
            shutil.rmtree(locks)

    def started(self) -> None:
        """Let the next one start: Snakemake has its own locks."""
        self._starting.close()

    def ended(self) -> None:
        """Count no more."""
        self.started()
        self._at_work.close()
        self._note.unlink(missing_ok=True)

    def others(self) -> str:
        """Who else is at work in the folder and holds the files that this one wants; what to do."""
        told = []
        for note in sorted(set(self._notes.iterdir()) - {self._note}):
            machine, _, process = note.name.rpartition("-")
            if machine != os.uname().nodename or is_alive(int(process)):
                told.append(f"  process {process} on {machine}, {note.read_text()}")
        if not told:
            return (
                "Files of this command are locked, and no scheduler is known that would hold them: "
                "if there is none on any machine, `snakemake --unlock` removes the locks."
            )
        return "\n".join(
            [
                "Another scheduler in this folder makes files of this command:",
                *told,
                "Run the command again when it has ended; on Linux this waits for it:",
                f"  flock {shlex.quote(self._at_work.name)} true",
            ]
        )
