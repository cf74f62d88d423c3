"""Whether two runs are the same, bit by bit, by what they left."""

from pathlib import Path

import numpy as np

from jfb.records import runlog

#: What one run takes and another does not.
_TIMES = {"train_seconds"}
_PARAMETERS = ("best", "final")


def differing(one: Path, other: Path) -> list[str]:
    """In which columns two logs differ, times aside, and in which parameters beside them.

    Raises:
        jfb.storage.files.Unreadable: a file is no log, or a damaged one; the message names it.
    """
    first, second = map(runlog.read, (one, other))
    apart = [
        name
        for name in first.column_names
        if name not in _TIMES
        and not np.array_equal(first[name].to_numpy(), second[name].to_numpy(), equal_nan=True)
    ]
    for kind in _PARAMETERS:
        both = (log.with_name(f"_{kind}.safetensors").read_bytes() for log in (one, other))
        if len(set(both)) > 1:
            apart.append(f"{kind} parameters")
    return apart
