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
        if not Path(file).is_file():
            raise Faulty(file, "is no file")
        spec = importlib.util.spec_from_file_location(module_name, Path(file).absolute())
        module = importlib.util.module_from_spec(spec)
        # As an import does it: dataclasses look for their module while it is made.
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException as error:
            del sys.modules[module_name]
            if isinstance(error, SyntaxError) and error.filename == spec.origin:
                raise Faulty(file, error.msg, error.lineno) from error
            raise
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


def require_takes(file: str, function: Callable, *names: str) -> None:
    """Refuse a function, or a class, of a user's file that can't be called with so many arguments.

    Raises:
        Faulty: the message names the arguments.
    """
    try:
        inspect.signature(function).bind(*names)
    except TypeError:
        what = f"{function.__qualname__} must take ({', '.join(names)})"
        raise wrong(file, function, what) from None


def require_shape(
    file: str, function: Callable, found: Any, kind: type, shape: tuple[int, ...], what: str
) -> None:
    """Refuse what a function of a user's file returned unless it has a kind and a shape.

    Args:
        file, function: which.
        found: an array or a tensor, if it is right.
        kind: of which it is to be.
        shape: likewise.
        what: the message says before the shape.

    Raises:
        Faulty: the message names both shapes.
    """
    told = tuple(found.shape) if isinstance(found, kind) else type(found).__name__
    if told != shape:
        raise wrong(file, function, f"{what} {shape}, not {told}")


def wrong(file: str, function: Callable, what: str) -> Faulty:
    """The error that what a function or a class of a user's file is or returns is wrong."""
    try:
        is_there = Path(inspect.getsourcefile(function)).samefile(file)
        line = inspect.getsourcelines(function)[1] if is_there else None
    except (TypeError, OSError):
        line = None
    return Faulty(file, what, line)
