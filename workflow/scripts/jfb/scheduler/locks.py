"""Schedulers of one folder: one starts at a time, and locks of those that are gone are removed.

Snakemake locks its outputs with files that outlive a scheduler that was killed. Here each scheduler
also holds locks of the operating system, which end with its process, and one that makes something
leaves a note of who it is while it is at work.
"""

import atexit
import fcntl
import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from jfb.storage.files import is_alive


class Scheduler:
    """A scheduler that counts as one at work in a folder until its process ends.

    It waits for others that are just starting: Snakemake looks for locks and makes its own in two
    steps. Where no other is at work, the locks that Snakemake keeps are of none, and are removed.
    A file system that has no locks is left as it is. One that keeps them for each machine apart
    does not tell of schedulers on another machine: where one has left a note, nothing is removed.

    Args:
        folder: Snakemake's own, `.snakemake`.
        command: its command line, for others to read.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: str | Path, command: Sequence[str]) -> None:
        folder = Path(folder)
        self._command = shlex.join(command)
        self._notes = folder / "schedulers"
        self._note = self._notes / f"{os.uname().nodename}-{os.getpid()}"
        self._notes.mkdir(parents=True, exist_ok=True)
        self._starting = (folder / "starting.lock").open("a")
        self._at_work = (folder / "schedulers.lock").open("a")
        try:
            fcntl.flock(self._starting, fcntl.LOCK_EX)
            self._remove_locks(folder / "locks")
            fcntl.flock(self._at_work, fcntl.LOCK_SH)
        except OSError:
            self._starting.close()

    def _remove_locks(self, locks: Path) -> None:
        try:
            fcntl.flock(self._at_work, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if not any(self._others()) and locks.is_dir() and any(locks.iterdir()):
            shutil.rmtree(locks)

    def started(self) -> None:
        """Say who makes files, and let the next one start: Snakemake has its own locks."""
        self._note.write_text(f"since {datetime.now():%Y-%m-%d %H:%M}: {self._command}")
        atexit.register(self._note.unlink, missing_ok=True)
        self._starting.close()

    def ended(self) -> None:
        """Count no more."""
        self._starting.close()
        self._at_work.close()
        self._note.unlink(missing_ok=True)

    def _others(self) -> Iterator[str]:
        """Who else is at work, a line for each; notes of processes that were killed are removed."""
        for note in sorted(self._notes.iterdir()):
            machine, _, process = note.name.rpartition("-")
            # A note may go while it is read, and network file systems leave files of other names.
            with suppress(FileNotFoundError, ValueError):
                if note == self._note:
                    continue
                if machine == os.uname().nodename and not is_alive(int(process)):
                    note.unlink()
                    continue
                yield f"process {int(process)} on {machine}, {note.read_text()}"

    def others(self) -> str:
        """Who may hold the files that this command needs or makes, and what to do."""
        unlock = "`snakemake --unlock` removes the locks"
        others = list(self._others())
        if not others:
            return (
                "Files of this command are locked, and no scheduler is known that would hold them: "
                f"if there is none on any machine, {unlock}."
            )
        return "\n".join(
            [
                "Files of this command are locked. At work in this folder:",
                *(f"  {other}" for other in others),
                "Give the command again when they have ended; on Linux this waits for those here:",
                f"  flock {shlex.quote(self._at_work.name)} true",
                f"If one on another machine was killed, {unlock}.",
            ]
        )
