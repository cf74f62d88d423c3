"""Measured times on disk: a row per measurement, with what they depend on."""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum


class Collector(StrEnum):
    """What the collector does while something is timed."""

    #: As Python starts it.
    RUNNING = "running"
    #: `gc.disable`: nothing is collected, memory of cycles is not given back.
    DISABLED = "disabled"
    #: `gc.freeze`: it runs, but what was there before is not walked.
    FROZEN = "frozen"


@dataclass(frozen=True)
class Machine:
    """What times depend on besides the program; neither a host nor a person is named.

    `memory_gib` is in GiB; `python`, `torch` and `blas` are versions; `threads` is the number on
    which arithmetic was done.
    """

    processor: str
    cores: int
    memory_gib: int
    python: str
    torch: str
    blas: str
    threads: int


#: Of a row, see `jfb.measure.timing.measure`.
COLUMNS = ["engine", "collector", "batch_size", "stage", "round", "epochs", "seconds_per_epoch"]
COLUMNS += ["collections", "collection_seconds", "tracked_objects", "load"]
COLUMNS += [field.name for field in dataclasses.fields(Machine)]
