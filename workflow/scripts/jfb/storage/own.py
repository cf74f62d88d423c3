"""Python files of users: what they define, and where they fail."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jfb.storage.errors import Refused

_PREFIX = "jfb_own_"


class Faulty(Refused):
    """A user's file can't be used; the message is one line that names it.

    Args:
        file: which.
        what: is wrong with it.
        line: where.
    """

    def __init__(self, file: str | Path, what: str, line: int | None = None) -> None:
        place = f"{file}, line {line}" if line else str(file)
        super().__init__(f"{place}: {' '.join(what.split())}")


def load(file: str, name: str) -> Any:
    """What a user's Python file calls `name`.

    The file runs once in a process, whatever is asked of it.

    Raises:
        Faulty: it is no Python, or does not define the name.
    """
    module_name = _PREFIX + file
    module = sys.modules.get(module_name)
    if module is None:
        spec = importlib.util.spec_from_file_location(module_name, Path(file).absolute())
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except SyntaxError as error:
            raise Faulty(file, error.msg, error.lineno) from error
        except OSError as error:
            raise Faulty(file, f"can't be read: {error.strerror}") from error
        sys.modules[module_name] = module
    if not hasattr(module, name):
        raise Faulty(file, f"does not define {name}")
    return getattr(module, name)


def fault(error: BaseException) -> Faulty | None:
    """An error as one of a user's file: of its last line that led there; None if none did."""
    if isinstance(error, Faulty):
        return error
    frames = list(traceback.walk_tb(error.__traceback__))
    for frame, line in reversed(frames):
        module = frame.f_globals.get("__name__", "")
        if module.startswith(_PREFIX):
            what = f"{type(error).__name__}: {error}"
            return Faulty(module.removeprefix(_PREFIX), what, line)
    return None


def wrong(file: str, function: Callable, what: str) -> Faulty:
    """The error that what a function of a user's file returns is wrong."""
    _, line = inspect.getsourcelines(function)
    return Faulty(file, what, line)
