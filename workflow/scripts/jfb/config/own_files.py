"""Files of users that a configuration names: whether they are there, and define what it says."""

import ast
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jfb.config import settings
from jfb.config.datasets import AnyDataset, Dataset, File
from jfb.config.errors import ConfigError

#: Of a sample: each is a column of the dataset.
MOST_INPUTS = 4096


def require_of_run(key: str, entry: Mapping[str, Any]) -> None:
    """Refuse a network or a gradient whose file does not define it.

    Args:
        key: the place of a study, or of a level.
        entry: the value of every key that a study may set.
    """
    for choice, name in (("network", "cell"), ("gradient", "function")):
        if entry[choice]["name"] == "own":
            own = entry[choice]
            _require_defined(f"{key}.{choice}", {"file": own["file"], name: own[name]})


def require_of_dataset(key: str, dataset: AnyDataset) -> None:
    """Refuse a dataset whose file is not there, and a formula that its file does not define."""
    if isinstance(dataset, File):
        _require_relative(f"{key}.file", dataset.file)
        if not Path(dataset.file).is_file():
            raise ConfigError(f"{key}.file", dataset.file, "is no file")
        if Path(dataset.file).suffix not in (".parquet", ".npz"):
            raise ConfigError(f"{key}.file", dataset.file, "must end in .parquet or .npz")
        if math.prod(dataset.shape) > MOST_INPUTS:
            allowed = f"must have at most {MOST_INPUTS} numbers in all"
            raise ConfigError(f"{key}.shape", [*dataset.shape], allowed)
    if not isinstance(dataset, Dataset):
        return
    named = {"formula_file": dataset.formula_file, "formula_function": dataset.formula_function}
    for name, value in named.items():
        if (value is None) == (dataset.formula == "own"):
            needed = "must be set for the formula own" if value is None else "needs formula: own"
            raise ConfigError(f"{key}.{name}", value, needed)
    if dataset.formula == "own":
        _require_defined(key, named)


def of_runs(*runs: settings.Run) -> list[str]:
    """The Python files that runs need, each once."""
    parts = (part for run in runs for part in (run.network.cell, run.gradient))
    return list(dict.fromkeys(part.file for part in parts if part.name == "own"))


def of_dataset(dataset: AnyDataset) -> list[str]:
    """The files that a dataset is made from."""
    file = dataset.file if isinstance(dataset, File) else getattr(dataset, "formula_file", None)
    return [file] if file else []


def _require_defined(key: str, named: Mapping[str, str]) -> None:
    """Refuse a file, the first that is named, that does not define what the second option says."""
    (option_of_file, file), (option, name) = named.items()
    of_file = f"{key}.{option_of_file}"
    _require_relative(of_file, file)
    if Path(file).suffix != ".py":
        raise ConfigError(of_file, file, "must end in .py")
    try:
        tree = ast.parse(Path(file).read_bytes(), file)
    except OSError as error:
        raise ConfigError(of_file, file, f"can't be read: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if getattr(error, "lineno", None) else ""
        raise ConfigError(of_file, file, f"is no Python{line}: {error}") from None
    defined = list(_defined(tree))
    if name not in defined:
        allowed = f"must be one of what {file} defines: {', '.join(defined) or 'nothing'}"
        raise ConfigError(f"{key}.{option}", name, allowed)


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name


def _require_relative(key: str, file: str) -> None:
    """Refuse paths that hold on one machine only: outputs tell them."""
    if Path(file).is_absolute():
        raise ConfigError(key, file, "must be a path from the folder that the workflow runs in")
