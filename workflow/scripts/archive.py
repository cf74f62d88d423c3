"""Archive the workflow with what it made, or compare an archive with the results that are there.

Usage: archive.py [--with-runs] ARCHIVE | archive.py --check ARCHIVE

The archive is a zip, an RO-Crate: configuration, code, results, commit, versions, machine, licence
and checksums. With --with-runs it has logs, blocks and parameters, too. With --check, tables
of the archive are compared with those in results/, times aside; the exit status is 1, and what
differs is named, if one differs, or a file of the archive has another checksum than it should.
"""

import dataclasses
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
import yaml

from jfb.measure import machine
from jfb.output import archive
from jfb.storage import files, provenance

RESULTS = Path("results")


def made(target: Path, with_runs: bool) -> None:
    """Write the archive."""
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    code = [Path(line).resolve() for line in listed.stdout.splitlines()]
    origin = json.loads(provenance.of(yaml.safe_load(Path("config.yaml").read_text())))
    build = torch.__config__.show()
    here = machine.here(torch.__version__, machine.blas_of(build), torch.get_num_threads())
    results = archive.results_of(RESULTS.resolve(), with_runs)
    code = [path for path in code if path not in set(results)]
    told = dataclasses.asdict(here) if dataclasses.is_dataclass(here) else here._asdict()
    count = archive.write(target, Path.cwd(), code, results, origin, told)
    print(f"{target}: {count} files, {target.stat().st_size / 1e6:.1f} MB")


def checked(target: Path) -> bool:
    """Whether an archive is whole, and its tables are those of the results that are there."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(target) as opened:
            opened.extractall(folder)
        damaged = archive.damaged(Path(folder))
        compared, apart = archive.differing(Path(folder, "results"), RESULTS)
    for place in damaged:
        print(f"{place}: another checksum than the archive says")
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
