"""A digest of what a script and its imports do: the same after edits of comments and layout."""

import ast
import functools
import hashlib
from pathlib import Path


def digest(script: Path, *opened: str) -> str:
    """The meaning of a script and of the library that it imports, in 16 hexadecimal digits.

    It changes with the code, not with comments, docstrings, layout or the times of the files.

    Args:
        script: a file in the folder that it imports the library from.
        opened: modules of the library that it opens by name, which its imports do not show.

    Raises:
        ValueError: a module that is opened by name is not there.
    """
    parts = [
        (str(path.relative_to(script.parent)), _module(path)[0]) for path in files(script, *opened)
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def files(script: Path, *opened: str) -> list[Path]:
    """The script and every file of the library that it imports, sorted; see `digest`."""
    folder = script.parent
    found: set[Path] = set()
    waiting = [script]
    for name in opened:
        place = folder.joinpath(*name.split("."))
        if not (place.with_suffix(".py").is_file() or place.is_dir()):
            raise ValueError(f"{name}: no module in {folder}")
        waiting += _files(folder, name)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            _, names = _module(path)
            waiting += (file for name in names for file in _files(folder, name))
    return sorted(found)


@functools.cache
def _files(folder: Path, name: str) -> tuple[Path, ...]:
    """The files that an import of a dotted name runs: of the packages above, and its own."""
    files = []
    place = folder
    for part in name.split("."):
        place /= part
        if (package := place / "__init__.py").is_file():
            files.append(package)
        elif (module := place.with_suffix(".py")).is_file():
            return (*files, module)
        else:
            return tuple(files)
    return tuple(files)


@functools.cache
def _module(path: Path) -> tuple[str, frozenset[str]]:
    """The digest of one file, and the names that it imports."""
    imported: set[str] = set()
    meaning = _meaning(ast.parse(path.read_bytes(), path), imported)
    return hashlib.sha256(meaning.encode()).hexdigest(), frozenset(imported)


#: What can begin with a docstring.
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _meaning(node: ast.AST, imported: set[str]) -> str:
    """A syntax tree without docstrings and positions, as text; adds what it imports anywhere.

    It is the text of nested tuples: of the name of a node, and of its fields in a dictionary. What
    is empty is left out: versions of Python differ in the fields that they have for it. Of `from a
    import b`, b may be a module of a. One walk for all, as every command reads all files.
    """
    kind = type(node)
    if kind is ast.Import:
        imported.update(alias.name for alias in node.names)
    elif kind is ast.ImportFrom:
        imported.update(f"{node.module}.{alias.name}" for alias in node.names)
    kept = []
    for name in kind._fields:
        part = getattr(node, name, None)
        if part is None or part == []:
            continue
        if isinstance(part, list):
            if name == "body" and kind in _DOCUMENTED:
                part = part[ast.get_docstring(node, clean=False) is not None :]
                if not part:
                    continue
            inner = [
                _meaning(one, imported) if isinstance(one, ast.AST) else repr(one) for one in part
            ]
            kept.append(f"'{name}': [{', '.join(inner)}]")
        elif isinstance(part, ast.AST):
            kept.append(f"'{name}': {_meaning(part, imported)}")
        else:
            kept.append(f"'{name}': {part!r}")
    return f"('{kind.__name__}', {{{', '.join(kept)}}})"
