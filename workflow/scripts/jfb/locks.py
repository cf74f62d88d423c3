"""Which schedulers are at work in a folder: what tells a lock that is held from one left behind.

Snakemake locks its outputs with files that outlive a scheduler that was killed. Here each scheduler
also holds a lock of the operating system, which ends with its process.
"""

import fcntl
import shutil
from pathlib import Path
from typing import TextIO


def join(folder: str | Path) -> TextIO:
    """Count as a scheduler at work in `folder` as long as the returned file is open.

    Where no other is at work, the locks that Snakemake keeps there are of none, and are removed.
    Where the file system has no such locks, nothing is.

    Args:
        folder: Snakemake's own, `.snakemake`.
    """
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    file = (folder / "schedulers.lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)
        return file
    except OSError:
        return file
    shutil.rmtree(folder / "locks", ignore_errors=True)
    fcntl.flock(file, fcntl.LOCK_SH)
    return file
