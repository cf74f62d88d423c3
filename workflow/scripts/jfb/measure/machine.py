"""The machine that something was timed on."""

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil

from jfb.records.timing import Machine

#: The machine is busy if more cores than this are in use. What is timed is one process itself.
BUSY = 1.5
_CPUINFO = Path("/proc/cpuinfo")


def here(torch: str, blas: str, threads: int) -> Machine:
    """This machine, with the versions and the threads that the arguments say."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        processor=processor(_CPUINFO.read_text() if _CPUINFO.exists() else ""),
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / 2**30),
        python=platform.python_version(),
        torch=torch,
        blas=blas,
        threads=threads,
    )


def processor(cpuinfo: str) -> str:
    """The model of the processor.

    Virtual machines call several models by one name; family and model tell them apart.

    Args:
        cpuinfo: text of Linux's /proc/cpuinfo, empty where there is none.

    Returns:
        The name with family and model as far as they are given, else what Python calls it.
    """
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    first: dict[str, str] = {}
    for key, _, value in lines:
        first.setdefault(key.strip(), value.strip())
    if "model name" not in first:
        return platform.processor() or platform.machine()
    if {"cpu family", "model"} <= first.keys():
        return f"{first['model name']} (family {first['cpu family']}, model {first['model']})"
    return first["model name"]


def blas_of(torch_build: str) -> str:
    """The library of linear algebra that PyTorch was built with.

    Args:
        torch_build: what `torch.__config__.show()` returns.

    Returns:
        MKL and its version, or the name that the build gives.
    """
    for line in torch_build.splitlines():
        if "Math Kernel Library Version" in line:
            return f"MKL {line.split('Version')[1].split()[0].removesuffix('-Product')}"
    _, found, rest = torch_build.partition("BLAS_INFO=")
    return rest.split(",")[0].strip() if found else "unknown"


class CoresInUse:
    """How many cores of the machine are in use, on average, while this context lasts.

    Those of all processes. The load average says it too late: a minute after what ran before.
    """

    def __enter__(self) -> Self:
        self._since, self._busy = time.perf_counter(), _busy_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        elapsed = time.perf_counter() - self._since
        # Not negative: counters of cores may step back.
        self.mean = max(0.0, _busy_seconds() - self._busy) / elapsed


def _busy_seconds() -> float:
    """Seconds that the cores have worked since the start, or that the host took from them."""
    times = psutil.cpu_times()
    kinds = ("user", "nice", "system", "irq", "softirq", "steal")
    return sum(getattr(times, kind, 0.0) for kind in kinds)


def of_load(loads: Sequence[float], cores: int, what: str) -> str:
    """A line on how busy the machine was, from the cores in use during each of `what`."""
    line = f"{min(loads):.1f} to {max(loads):.1f} of {cores} cores in use"
    line += ", one of them by what is timed"
    busy = sum(load > BUSY for load in loads)
    if busy:
        return f"busy machine in {busy} of {len(loads)} {what}, times are too long: {line}"
    return line
