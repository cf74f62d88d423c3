"""An archive of what was made: an RO-Crate after the profile Workflow Run Crate, and its check.

The crate has the configuration, the workflow, the results, and what made them: the commit, the
versions of the libraries and the machine. Every file has its SHA-256. Parameters, logs of runs and
blocks, from which the other results follow, are left out unless they are asked for.
"""

import hashlib
import itertools
import json
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from jfb.analysis import table1
from jfb.config import own_files
from jfb.config.project import load
from jfb.storage import declared, files, provenance

#: Profiles that the crate is after: https://www.researchobject.org/workflow-run-crate/profiles/
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
#: Folders of results that are large, and follow from the others or make them.
LARGE = ("runs", "blocks", "logs", "benchmarks", "catalogue")
_METADATA = "ro-crate-metadata.json"
#: Of RO-Crate, which the profiles build on.
_VERSION = "1.1"
_LICENCE = "https://spdx.org/licenses/MIT"
_MEDIA = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
    ".html": "text/html",
}
#: What another run of a machine does not repeat: parts of names of columns, and tables of results.
_TIMED = ("seconds", "time", "load", "collection", "objects")
_OF_TIMES = {"claims.csv", "evidence.csv", "sensitivity.csv"}
_OF_TIMES |= {f"{name}{kind}.csv" for name in ("timing", "cost") for kind in ("", "_short")}


def results_of(folder: Path, with_runs: bool) -> list[Path]:
    """The results below a folder, in the order of their names."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(
        path
        for path in paths
        if (with_runs or path.relative_to(folder).parts[0] not in LARGE)
        and path.suffix != ".zip"
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def of_clone(target: Path, root: Path, with_runs: bool, machine: Mapping[str, Any]) -> int:
    """Archive a clone with its results; the number of files.

    Its code is what git tracks, and the files of the user that its configuration names.

    Args:
        target: where to, a zip.
        root: of the clone, which is the working directory.
        with_runs: whether parameters, logs of runs and blocks are in it.
        machine: that archives, by name.

    Raises:
        jfb.storage.files.FileFault: git does not know the clone.
    """
    config = declared.read(root / "config.yaml")
    changed = _git(root, "status", "--porcelain")
    commit = _git(root, "rev-parse", "HEAD").strip() + ("-dirty" if changed else "")
    origin = json.loads(provenance.of(config)) | {"commit": commit}
    named = set(filter(None, _git(root, "ls-files", "-z").split("\0")))
    studies = load(config).studies.values()
    for run in itertools.chain.from_iterable(study.runs.values() for study in studies):
        named |= {*own_files.of_runs(run), *own_files.of_dataset(run.dataset)}
    results = results_of(root / "results", with_runs)
    # A tracked link to a folder is none of the files in it.
    code = {path for path in (root / name for name in named) if path.is_file()}
    return write(target, root, sorted(code - set(results)), results, origin, machine)


def _git(root: Path, *arguments: str) -> str:
    """What git says of a clone."""
    done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise files.FileFault(root.name, f"git {arguments[0]}: {done.stderr or 'failed'}")
    return done.stdout


def write(
    target: Path,
    root: Path,
    code: Iterable[Path],
    results: Iterable[Path],
    origin: Mapping[str, Any],
    machine: Mapping[str, Any],
) -> int:
    """Write the archive, whole or not at all; the number of its files.

    Args:
        target: where to, a zip.
        root: of the clone, to which all paths are relative.
        code: files of the workflow; Snakefile is the main one.
        results: files that it made.
        origin: see `jfb.storage.provenance.of`.
        machine: that archives, by name.
    """
    crate = ROCrate(gen_preview=False, version=_VERSION)
    crate.name = "Jacobian-free backpropagation in deterministic optimization: the reproduction"
    crate.description = "Five published training runs repeated, many more, and what they say."
    crate.license = _LICENCE
    crate.add(ContextEntity(crate, _LICENCE, {"@type": "CreativeWork", "name": "MIT License"}))
    profiles = [_profile(crate, url, name) for url, name in PROFILES.items()]
    crate.root_dataset["conformsTo"] = profiles
    made = [_file(crate, root, path) for path in results]
    parts = {
        str(path.relative_to(root)): _file(crate, root, path)
        for path in code
        if path.name != "Snakefile" or path.parent != root
    }
    main = crate.add_workflow(root / "Snakefile", "Snakefile", main=True, lang="snakemake")
    main["name"] = "Snakefile"
    main["sha256"] = digest(root / "Snakefile")
    main["version"] = origin["commit"]
    _action(crate, main, parts["config.yaml"], made, origin, machine)
    with files.whole(target) as temporary:
        # It adds the ending itself.
        named = temporary.with_suffix(".zip")
        crate.write_zip(named)
        named.replace(temporary)
    return len(made) + len(parts) + 1


def _profile(crate: ROCrate, url: str, name: str) -> ContextEntity:
    told = {"@type": "CreativeWork", "name": name, "version": url.rpartition("/")[2]}
    return crate.add(ContextEntity(crate, url, told))


def _file(crate: ROCrate, root: Path, path: Path):
    place = path.relative_to(root).as_posix()
    told = {"name": place, "contentSize": path.stat().st_size, "sha256": digest(path)}
    if path.suffix in _MEDIA:
        told["encodingFormat"] = _MEDIA[path.suffix]
    return crate.add_file(path, place, properties=told)


def _action(crate: ROCrate, main, config, made, origin, machine) -> None:
    """The run: what made which results from which configuration, and where they were archived."""
    sources = (Path(entity.source) for entity in made)
    ended = max((path.stat().st_mtime for path in sources), default=0)
    told = {
        "@type": "CreateAction",
        "name": "Run of the workflow",
        "description": json.dumps(
            {"archived_on": dict(machine), "versions_there": origin["versions"]}
        ),
        "endTime": pd.Timestamp(ended, unit="s", tz="UTC").isoformat(),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    action = crate.add(ContextEntity(crate, "#run", told))
    action["instrument"] = main
    action["object"] = [config]
    action["result"] = made
    crate.root_dataset["mentions"] = [action]


@dataclass(frozen=True)
class Check:
    """An archive beside results: its tables that were compared, and those of them that differ.

    `damaged` are the files that are not those that the archive describes.
    """

    damaged: list[str]
    compared: list[str]
    differing: list[str]

    @property
    def is_passed(self) -> bool:
        """Whether the archive is whole, and has tables, which are those of the results."""
        return bool(self.compared) and not self.differing and not self.damaged


def check(target: Path, results: Path) -> Check:
    """Compare an archive with what it describes, and with a folder of results.

    Raises:
        zipfile.BadZipFile: it is no zip.
        jfb.storage.files.FileFault: it has no such metadata, or a table cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(target) as opened:
            opened.extractall(folder)
        return Check(damaged(Path(folder)), *differing(Path(folder, "results"), results))


def damaged(folder: Path) -> list[str]:
    """The files of an unpacked archive that are not those that its metadata describe.

    Those that are described and not there, or have another checksum, and those that are not
    described.

    Raises:
        jfb.storage.files.FileFault: there are no such metadata.
    """
    path = folder / _METADATA
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        # The crate writes the paths of files as parts of addresses.
        sums = {unquote(entity["@id"]): entity["sha256"] for entity in graph if "sha256" in entity}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise files.FileFault(path.name, f"no metadata of an archive ({error!r})") from error
    there = {
        found.relative_to(folder).as_posix(): found
        for found in folder.rglob("*")
        if found.is_file()
    }
    del there[_METADATA]
    wrong = [place for place, found in there.items() if sums.get(place) != digest(found)]
    return sorted({*wrong, *(sums.keys() - there.keys())})


def differing(archived: Path, fresh: Path) -> tuple[list[str], list[str]]:
    """The results of an archive that were compared with fresh ones, and those that differ.

    Tables are compared by their values, times aside, and a table that is not there differs; other
    files are not compared, since a figure or a page names the commit that made it.

    Args:
        archived: the folder `results` of an archive.
        fresh: that of a clone.
    """
    compared, apart = [], []
    for path in results_of(archived, with_runs=True):
        place = path.relative_to(archived)
        other = fresh / place
        if path.suffix not in (".csv", ".parquet") or place.as_posix() in _OF_TIMES:
            continue
        compared.append(place.as_posix())
        if not other.exists() or not _same(*(_table(one) for one in (path, other))):
            apart.append(place.as_posix())
    return compared, apart


def _table(path: Path) -> pd.DataFrame:
    try:
        # As one file: the folders of a run are no columns of it.
        table = (
            pd.read_csv(path) if path.suffix == ".csv" else pq.ParquetFile(path).read().to_pandas()
        )
    except (OSError, ValueError) as error:
        raise files.FileFault(path, f"no table ({error})") from error
    if "source" in table and "training_seconds" in table:
        # Table 1 has a row of times of this machine only where they were measured.
        table = table[table["source"] != table1.SOURCE_TIMED]
    if "measure" in table:
        table = table[~table["measure"].astype(str).str.startswith("seconds")]
    timed = [name for name in table if any(part in name for part in _TIMED)]
    return table.drop(columns=timed).reset_index(drop=True)


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    if list(one) != list(other) or len(one) != len(other):
        return False
    return all(_equal(one[name], other[name]) for name in one)


def _equal(one: pd.Series, other: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        values = one.to_numpy(float), other.to_numpy(float)
        return bool(np.allclose(*values, rtol=1e-5, atol=1e-12, equal_nan=True))
    return one.astype(str).tolist() == other.astype(str).tolist()
