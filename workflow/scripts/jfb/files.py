"""Files that are either whole or not there, and what is said of those that are not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
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

    When the block fails, neither name is left behind.

    Raises:
        Unwritable: the operating system refused it.
    """
    path = Path(path)
    # The suffix stays last: writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise Unwritable(path, f"could not be written: {error.strerror or error}") from error
    finally:
        if temporary.exists():
            temporary.unlink()
