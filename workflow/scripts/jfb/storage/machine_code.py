"""Compiled code on disk: where it lies, and how jobs that start together share it.

Numba recompiles a function when its own file changes, not when another file of its package does,
and two processes that save at once can name one file for two things. So the code lies in a folder
named after the contents of the package, and a process saves or loads under its lock. What one
compiles, others wait for; what they need besides, they compile at the same time. Copies of the
package that have one NUMBA_CACHE_DIR share what any of them has compiled.
"""

import functools
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numba
from filelock import FileLock
from numba.core.caching import UserProvidedCacheLocator

from jfb.storage.files import Unwritable


@functools.cache
def folder(package: Path) -> Path:
    """Where the compiled code of this state of a package, a folder, lies.

    It is below NUMBA_CACHE_DIR if that is set; else beside the package or, where a clone that is
    read-only or another user's does not allow that, in the user's own cache.
    """
    modules = [Path(__file__), *sorted(package.glob("*.py"))]
    contents = b"\0".join(module.read_bytes() for module in modules)
    name = f"{package.name}-{hashlib.sha256(contents).hexdigest()[:16]}"
    if told := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(told, name)
    beside = package / "__pycache__" / name
    if _is_writable(beside):
        return beside
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "jfb", name)
    except RuntimeError:
        # A user without a home, as in some containers: `_locked` says what to do.
        return beside


def _is_writable(place: Path) -> bool:
    """Whether a folder can be made, or written to, and its lock taken."""
    lock = place / _LOCK
    if lock.exists():
        return os.access(lock, os.W_OK) and os.access(place, os.W_OK)
    there = next(path for path in (place, *place.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK)


class Locator(UserProvidedCacheLocator):
    """Tells numba to use `folder()` itself, and no folder in it for the path of the package."""

    def __init__(self, py_func, py_file) -> None:
        super().__init__(py_func, py_file)
        self._cache_path = str(folder(Path(py_file).parent))

    def ensure_cache_path(self) -> None:
        """Leave it to `_locked`, which says what to do where the folder cannot be written."""


_LOCK = "lock"
# Nothing is allocated in compiled code, so that no references are counted: that takes longer than
# a small batch, and half as long again to compile.
_COMPILED = {"error_model": "numpy", "_nrt": False}
#: How numba compiles functions that become part of a compiled one.
INLINED = {"forceinline": True} | _COMPILED
#: Decorator for such functions.
inlined = numba.njit(**INLINED)


def compiled(function: Callable) -> Callable:
    """Decorator: machine code from numba, kept on disk, that runs without the GIL.

    Args:
        function: allocates nothing, and has no matrix products. It is compiled for the classes of
            its arguments and the lengths of tuples; an array has the same type in every call.

    Returns:
        The function, with numba's dispatcher as its `dispatcher`.
    """
    place = folder(Path(function.__code__.co_filename).parent)
    numba.config.CACHE_DIR = str(place)
    numba.config.CACHE_LOCATOR_CLASSES = f"{__name__}.{Locator.__name__}"
    machine_code = numba.njit(nogil=True, cache=True, **_COMPILED)(function)
    for step in ("load_overload", "save_overload"):
        original = getattr(machine_code._cache, step)
        setattr(machine_code._cache, step, _under(place, original))
    loaded = set()

    @functools.wraps(function)
    def call(*arguments):
        kind = tuple((type(a), isinstance(a, tuple) and len(a)) for a in arguments)
        if kind not in loaded:
            types = tuple(map(numba.typeof, arguments))
            with _locked(place, _lock_of(function, types)), _without_linear_algebra():
                machine_code.compile(types)
            loaded.add(kind)
        return machine_code(*arguments)

    call.dispatcher = machine_code
    return call


def _under(place: Path, step: Callable) -> Callable:
    """A step of numba's, under the lock of the folder."""

    def locked(*arguments):
        with _locked(place, _LOCK):
            return step(*arguments)

    return locked


def _lock_of(function: Callable, types: tuple) -> str:
    """The name of the lock under which a function is compiled, or loaded, for some types."""
    told = f"{function.__qualname__}{types}"
    return f"{_LOCK}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


@contextmanager
def _locked(place: Path, name: str) -> Iterator[None]:
    """Hold a lock of the folder of compiled code.

    Raises:
        Unwritable: the folder of compiled code cannot be written; the message says what to do.
    """
    lock = FileLock(place / name)
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        advice = "set NUMBA_CACHE_DIR to a folder that can be written"
        fault = f"compiled code could not be written: {error.strerror}; {advice}"
        raise Unwritable(place, fault) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _without_linear_algebra() -> Iterator[None]:
    """Have numba find no SciPy to multiply matrices with, when it first compiles or loads.

    It would import all of `scipy.linalg`: an eighth of the CPU of a short job.
    """
    name = "scipy.linalg"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None
    try:
        yield
    finally:
        sys.modules.pop(name, None)
