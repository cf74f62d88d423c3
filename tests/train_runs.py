"""Trains runs in a process of its own, as on another processor, and compares what two have left.

Run as a program: `train_runs.py RUNS FOLDER` trains the runs that the file RUNS tells (JSON) with
the fused engine, one after the other, and writes one file per run to FOLDER. It needs what this
engine needs and nothing more, and workflow/scripts on PYTHONPATH.
"""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numba.core.registry import cpu_target

from jfb.config import datasets, settings
from jfb.engines.fused import engine
from jfb.model import targets
from jfb.records.dataset import Part
from jfb.streams import splits
from jfb.streams.interface import open_stream

SCRIPTS = Path(__file__).parent.parent / "workflow/scripts"
#: What a run leaves besides the columns of its log.
PARAMETERS = ("best", "final", "snapshots")
NOT_COMPARED = {"seconds", "train_seconds", "processor"}
#: By name in LLVM: what a processor must have to carry out its code, and the environment in which
#: it is compiled for; the C library, too, keeps to what the processor has.
X86 = {
    name: (needed, others | {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ""})
    for name, needed, others in (
        ("haswell", {"avx2", "fma"}, {}),
        ("x86-64", set(), {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"}),
    )
}


def make_data(dataset: datasets.Dataset) -> tuple[Part, Part]:
    """Both parts of a dataset without noise, which PyTorch draws."""
    assert not dataset.noise_std
    return targets.make(dataset, None, splits.permutation(dataset.points, dataset.split_seed))


def train(run: settings.Run) -> dict[str, np.ndarray]:
    """The columns of the log of a run, its parameters, and `seconds`, the time that it took.

    `processor` is the one for which numba compiles, as LLVM calls it: its system, and its name.
    """
    data = make_data(run.dataset)
    start = time.perf_counter()
    outcome = engine.train(run, open_stream(run), *data, lambda row: None)
    taken = time.perf_counter() - start
    parameters = outcome.best, outcome.final, outcome.snapshots.parameters
    system, processor, _ = cpu_target.target_context.codegen().magic_tuple()
    return {
        **outcome.log,
        **dict(zip(PARAMETERS, parameters, strict=True)),
        "seconds": np.array(taken),
        "processor": np.array([system, processor]),
    }


def train_apart(
    runs: Iterable[settings.Run],
    folder: Path,
    command: Sequence[str] = (sys.executable,),
    environment: Mapping[str, str] | None = None,
) -> list[dict[str, np.ndarray]]:
    """What runs leave that another process trains.

    Args:
        runs: the settings.
        folder: for what is told and what is left; its compiled code lies there too.
        command: starts Python.
        environment: variables of the process besides those of this one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "runs.json"
    told.write_text(json.dumps([run.to_dict() for run in runs]))
    own = {"PYTHONPATH": str(SCRIPTS), "NUMBA_CACHE_DIR": str(folder)} | dict(environment or {})
    subprocess.run([*command, __file__, told, folder], env=os.environ | own, check=True)
    return [dict(np.load(folder / f"{k}.npz")) for k in range(len(json.loads(told.read_text())))]


def differing(
    found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], norms_within: float = 0.0
) -> dict[str, int]:
    """By column, in how many rows two runs differ in a bit; columns that do not are left out.

    Args:
        found, expected: the runs.
        norms_within: relative difference that spectral norms may have, which LAPACK computes.
    """
    assert found.keys() == expected.keys()
    rows = {}
    for name in expected.keys() - NOT_COMPARED:
        a, b = found[name], expected[name]
        if a.shape != b.shape or a.dtype != b.dtype:
            rows[name] = max(len(a), len(b))
        elif name == "spectral_norm" and norms_within:
            rows[name] = int((~np.isclose(a, b, rtol=norms_within, atol=0, equal_nan=True)).sum())
        else:
            bits = f"u{a.itemsize}"
            unequal = (a.view(bits) != b.view(bits)).reshape(len(a), -1)
            rows[name] = int(unequal.any(axis=1).sum())
    return {name: count for name, count in rows.items() if count}


if __name__ == "__main__":
    told, folder = map(Path, sys.argv[1:])
    runs = [settings.Run.from_dict(run) for run in json.loads(told.read_text())]
    start = time.perf_counter()
    # So that no run's time is that of compiling.
    train(dataclasses.replace(runs[0], epochs=1, snapshots=1))
    print(f"compiled in {time.perf_counter() - start:.0f} s", flush=True)
    for k, run in enumerate(runs):
        left = train(run)
        print(f"batch size {run.batch_size}: {left['seconds']:.1f} s", flush=True)
        np.savez(folder / f"{k}.npz", **left)
