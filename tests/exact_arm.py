"""Train the report's five runs on an emulated ARM processor, and compare every bit with this one's.

Usage: exact_arm.py [FOLDER], with workflow/scripts on PYTHONPATH

To FOLDER (build/arm) go Debian's Python for arm64, the libraries in the versions that
requirements.txt pins, and QEMU where it is not installed; they are kept for the next call. Needs no
root. The exit status is 1 if anything differs, and 0 where this machine cannot try, which one line
then says. Spectral norms, which are LAPACK's, may differ by a relative 1e-12.
"""

import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml

from jfb.config import settings
from jfb.config.project import load
from train_runs import SCRIPTS, differing, train_apart

ROOT = Path(__file__).parent.parent
NORMS_WITHIN = 1e-12
SAME = "none"
#: What the fused engine imports, and nothing that only the workflow does.
LIBRARIES = ["numpy", "numba", "llvmlite", "filelock", "annotated-types"]
LIBRARIES += ["pyarrow", "safetensors"]
#: Minor versions of the C library that wheels may ask for: from ARM's first to Debian 12's.
GLIBC = range(17, 37)


class Impossible(Exception):
    """This machine lacks what the comparison needs."""


def pins() -> list[str]:
    """The lines of requirements.txt for the libraries."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line.split("==")[0] in LIBRARIES]
    assert len(found) == len(LIBRARIES)
    return found


def unpack(packages: list[str], architecture: str, folder: Path) -> None:
    """Unpack Debian packages of an architecture, and all that they need, below `folder`.

    apt does so as if nothing was installed, in folders of its own: the machine's are left alone.

    Raises:
        Impossible: the sources of apt have none for this architecture, or cannot be reached.
    """
    work = folder.with_suffix(".apt")
    for place in ("lists/partial", "archives/partial", "cache"):
        (work / place).mkdir(parents=True, exist_ok=True)
    (work / "status").touch()
    options = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "false",
        # The user that root's apt becomes cannot write here.
        "APT::Sandbox::User": "root",
        "Dir::State::Lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Dir::Cache::archives": work / "archives",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    for command in (["update"], ["install", "--yes", "--download-only", *packages]):
        done = subprocess.run([*apt, *command], capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.splitlines() or [""]
            raise Impossible(f"apt-get {command[0]} for {architecture}: {said[-1]}")
    for package in sorted(work.glob("archives/*.deb")):
        subprocess.run(["dpkg", "-x", package, folder], check=True)
    shutil.rmtree(work)


def find_emulator(folder: Path) -> str:
    """QEMU for programs of aarch64: the machine's, or one that is unpacked to `folder`."""
    names = ("qemu-aarch64-static", "qemu-aarch64")
    if not any(map(shutil.which, names)) and not folder.exists():
        unpack(["qemu-user-static"], "amd64", folder)
    places = [None, folder / "usr/bin"]
    found = [shutil.which(name, path=place) for place in places for name in names]
    if not any(found):
        raise Impossible("qemu-aarch64 is neither installed nor in Debian's qemu-user-static")
    return next(filter(None, found))


def emulated_python(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The command that starts Python as on aarch64, and variables of its environment.

    Raises:
        Impossible: see there.
        subprocess.CalledProcessError: pip finds no wheels.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Impossible("packages of Debian are emulated on Linux on x86-64 only")
    if lacking := [name for name in ("apt-get", "dpkg") if not shutil.which(name)]:
        raise Impossible(f"no {' and no '.join(lacking)}")
    root, site, ready = folder / "root", folder / "site", folder / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8").splitlines() != pins():
        shutil.rmtree(folder, ignore_errors=True)
        unpack(["python3", "libstdc++6"], "arm64", root)
        version = (root / "usr/bin/python3").readlink().name.removeprefix("python")
        wanted = ["--only-binary=:all:", "--implementation=cp", f"--python-version={version}"]
        wanted += [f"--platform=manylinux_2_{k}_aarch64" for k in GLIBC]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        subprocess.run([*pip, *wanted, "--target", site, *pins()], check=True)
        ready.write_text("\n".join(pins()), encoding="utf-8")
    emulator = find_emulator(folder / "qemu")
    return [emulator, "-L", str(root), str(root / "usr/bin/python3")], {
        "PYTHONPATH": f"{SCRIPTS}:{site}"
    }


HEAD = ["batch size", "epoch of lowest loss", "lowest loss", "rows that differ"]
HEAD += ["norms differ by", "seconds here", "emulated"]


def row_of(run: settings.Run, here: Mapping, there: Mapping) -> list[str]:
    """A run's row of the table: of what the emulated processor left, and of how it differs."""
    rows = differing(there, here, NORMS_WITHIN)
    norms = here["spectral_norm"], there["spectral_norm"]
    loss = there["train_loss"]
    return [
        str(run.batch_size),
        str(loss.argmin() + 1),
        repr(loss.min().item()),
        ", ".join(f"{name} {count}" for name, count in sorted(rows.items())) or SAME,
        f"{np.abs(norms[1] / norms[0] - 1).max():.0e}" if len(norms[0]) == len(norms[1]) else "",
        f"{here['seconds']:.2f}",
        f"{there['seconds']:.1f}",
    ]


def main(folder: Path) -> int:
    """Compare, and print a table; the exit status."""
    try:
        command, environment = emulated_python(folder)
    except Impossible as reason:
        print(f"exact-arm is skipped: {reason}")
        return 0
    project = load(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")))
    runs = list(project.studies["replay"].runs.values())
    print("here:", flush=True)
    here = train_apart(runs, folder / "here")
    print("emulated:", flush=True)
    there = train_apart(runs, folder / "there", command, environment)
    print(" against ".join(" ".join(left[0]["processor"]) for left in (there, here)))
    rows = list(map(row_of, runs, here, there))
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    for row in (HEAD, *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    same = sum(row[HEAD.index("rows that differ")] == SAME for row in rows)
    print(f"{same} of {len(runs)} runs have the same bits")
    return int(same < len(runs))


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2] or [ROOT / "build/arm"]).absolute()))
