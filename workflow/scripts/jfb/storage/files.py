"""Files that are either whole or not there, and what is said of those that are not."""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class FileFault(Exception):
    """A file could not be used; the message is one line: the file, and what is wrong.

    Args:
        path: the file.
        fault: what is wrong with it.
    """

    def __init__(self, path: str | Path, fault: str) -> None:
        self.path = str(path)
        super().__init__(f"{path}: {' '.join(fault.split())}")


class Unreadable(FileFault, ValueError):
    """A file is damaged, or another one than it should be: it must be made anew."""


class Unwritable(FileFault, OSError):
    """A file could not be written, such as on a full disk; nothing of it was left."""


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; move it to `path` when the block ends well.

    When the block fails, neither name is left behind; what processes of this machine left that were
    killed while they wrote `path` is removed.

    Raises:
        Unwritable: the operating system refused it.
    """
    path = Path(path)
    # The suffix stays last: writers choose their format by it.
    start = f".{path.stem}.{os.uname().nodename}-"
    temporary = path.with_name(f"{start}{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{glob.escape(start)}*{glob.escape(path.suffix)}"):
            process = left.name.removeprefix(start).removesuffix(path.suffix)
            if process.isdecimal() and not is_alive(int(process)):
                left.unlink(missing_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise Unwritable(path, f"could not be written: {_reason(error)}") from error
    finally:
        # Of a folder that cannot be searched, what is told is that nothing could be written.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Whether a process of this machine with this number is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _reason(error: OSError) -> str:
    """The operating system's word for it; libraries add words of their own."""
    return os.strerror(error.errno) if error.errno else str(error)
