"""Where a figure or a table comes from: the settings, the commit, the versions of libraries."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa

_LIBRARIES = ("matplotlib", "numba", "numpy", "pandas", "pyarrow", "scipy", "seaborn")
_LIBRARIES += ("snakemake", "statsmodels", "torch")
_HERE = Path(__file__).resolve()


def of(config: Mapping[str, Any]) -> str:
    """What an artifact made now comes from, as JSON in one line.

    Args:
        config: the configuration of the workflow.

    Returns:
        An object with `settings_sha256` (of the configuration as JSON with sorted keys), `commit`
        (of this library, with -dirty where the scripts differ from it; null outside its repository)
        and `versions`.
    """
    settings = json.dumps(config, sort_keys=True, separators=(",", ":"))
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return json.dumps(
        {
            "settings_sha256": hashlib.sha256(settings.encode()).hexdigest(),
            "commit": _commit(),
            "versions": {"python": sys.version.split()[0]} | versions,
        }
    )


def attach(table: pa.Table, config: Mapping[str, Any]) -> pa.Table:
    """The table with its provenance in the metadata, under `provenance`."""
    return table.replace_schema_metadata((table.schema.metadata or {}) | {"provenance": of(config)})


def _commit() -> str | None:
    # A copy of the workflow inside another repository is not of its commits.
    if not _git("ls-files", "--error-unmatch", _HERE.name):
        return None
    changed = _git("status", "--porcelain", "--", "../..")
    return f"{_git('rev-parse', 'HEAD')}{'-dirty' if changed else ''}"


def _git(*arguments: str) -> str | None:
    """What git says of the library's folder; None where it says nothing or is not there."""
    command = ["git", "--no-optional-locks", "-C", str(_HERE.parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None
