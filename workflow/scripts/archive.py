"""Archive the workflow with what it made, or compare an archive with the results that are there.

Usage: archive.py [--with-runs] ARCHIVE | archive.py --check ARCHIVE

The archive is a zip, an RO-Crate: configuration, code, results, commit, versions, machine, licence
and checksums. With --with-runs it has logs, blocks and parameters, too. With --check, tables
of the archive are compared with those in results/, times aside; the exit status is 1, and what
differs is named, if one differs or is missing, or the archive is not what it describes.
"""

import dataclasses
import itertools
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
import yaml

from jfb.config import own_files
from jfb.config.project import load
from jfb.measure import machine
from jfb.output import archive
from jfb.storage import files, provenance


def made(target: Path, with_runs: bool) -> None:
    """Write the archive."""
    root = Path.cwd()
    config = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))
    origin = json.loads(provenance.of(config))
    changed = git("status", "--porcelain")
    origin["commit"] = git("rev-parse", "HEAD").strip() + ("-dirty" if changed else "")
    named = {Path(name) for name in git("ls-files", "-z").split("\0") if name}
    for run in itertools.chain.from_iterable(
        s.runs.values() for s in load(config).studies.values()
    ):
        named |= {
            Path(name) for name in (*own_files.of_runs(run), *own_files.of_dataset(run.dataset))
        }
    results = archive.results_of(root / "results", with_runs)
    # A tracked link to a folder is none of the files in it.
    code = sorted(path for path in (root / name for name in named) if path.is_file())
    build = torch.__config__.show()
    here = machine.here(torch.__version__, machine.blas_of(build), torch.get_num_threads())
    count = archive.write(
        target,
        root,
        [p for p in code if p not in results],
        results,
        origin,
        dataclasses.asdict(here),
    )
    print(f"{target}: {count} files, {target.stat().st_size / 1e6:.1f} MB")


def git(*arguments: str) -> str:
    """What git says of the clone."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise files.FileFault(Path.cwd().name, f"git {arguments[0]}: {done.stderr or 'failed'}")
    return done.stdout


def checked(target: Path) -> bool:
    """Whether an archive is whole, and its tables are those of the results that are there."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(target) as opened:
            opened.extractall(folder)
        damaged = archive.damaged(Path(folder))
        compared, apart = archive.differing(Path(folder, "results"), Path("results"))
    for place in damaged:
        print(f"{place}: not the file that the archive describes")
    for place in apart:
        print(f"results/{place} differs from the archive")
    print(f"{len(compared) - len(apart)} of {len(compared)} tables are those of the archive")
    return bool(compared) and not apart and not damaged


try:
    match sys.argv[1:]:
        case ["--check", path]:
            sys.exit(not checked(Path(path)))
        case ["--with-runs", path]:
            made(Path(path), with_runs=True)
        case [path]:
            made(Path(path), with_runs=False)
        case _:
            sys.exit(__doc__.split("\n\n")[1])
except (files.FileFault, OSError, zipfile.BadZipFile) as error:
    sys.exit(f"{sys.argv[-1]}: {error}")
