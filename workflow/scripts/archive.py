"""Archive the workflow with what it made, or compare an archive with the results that are there.

Usage: archive.py [--with-runs] ARCHIVE | archive.py --check ARCHIVE

The archive is a zip, an RO-Crate: configuration, code, results, commit, versions, machine, licence
and checksums. With --with-runs it has logs, blocks and parameters, too. With --check, tables
of the archive are compared with those in results/, times aside; the exit status is 1, and what
differs is named, if one differs or is missing, or the archive is not what it describes.
"""

import dataclasses
import sys
import zipfile
from pathlib import Path

import torch

from jfb.measure import machine
from jfb.output import archive
from jfb.storage import files


def made(target: Path, with_runs: bool) -> None:
    """Write the archive."""
    build = machine.blas_of(torch.__config__.show())
    here = machine.here(str(torch.__version__), build, torch.get_num_threads())
    count = archive.of_clone(target, Path.cwd(), with_runs, dataclasses.asdict(here))
    print(f"{target}: {count} files, {target.stat().st_size / 1e6:.1f} MB")


def checked(target: Path) -> bool:
    """Whether an archive is whole, and its tables are those of the results that are there."""
    found = archive.check(target, Path("results"))
    for place in found.damaged:
        print(f"{place}: not the file that the archive describes")
    for place in found.differing:
        print(f"results/{place} differs from the archive")
    equal = len(found.compared) - len(found.differing)
    print(f"{equal} of {len(found.compared)} tables are those of the archive")
    return found.is_passed


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
