"""Does a remembered fixed point change result or cost?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jfb.analysis import alignment
from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, mean, mean_difference

READERS = {
    "summaries": inputs.summaries,
    "iterations": inputs.iterations,
    "alignments": inputs.alignments,
}


def measure(
    summaries: Sequence[pd.DataFrame],
    iterations: pd.DataFrame,
    alignments: pd.DataFrame,
    starts: Mapping[str, str],
) -> list[Measured]:
    """Losses, applications of T, and the cosine of JFB and exact, by where the solver starts.

    Args:
        summaries: of the studies in the order of `starts`.
        iterations, alignments: of the same runs, see `jfb.analysis.questions.inputs`.
        starts: the names of studies by where their solver starts, zero first.
    """
    by_start = dict(zip(starts, summaries, strict=True))
    sizes = sorted(set.intersection(*(set(table["batch_size"]) for table in summaries)))[::-1]
    rows = []
    for size in sizes:
        of = {
            start: _of_start(table, iterations, alignments, starts[start], size)
            for start, table in by_start.items()
        }
        for start, values in of.items():
            for name in ("iterations", "stopped", "cosine"):
                rows.append(mean((name, start, size, ""), values[name]))
            if start != "zero":
                for name in ("loss", "exact_loss", "log_iterations", "cosine"):
                    place = f"{name}_difference", start, size, "zero"
                    rows.append(mean_difference(place, values[name], of["zero"][name]))
    return rows


def _of_start(
    summary: pd.DataFrame, iterations: pd.DataFrame, alignments: pd.DataFrame, study: str, size: int
) -> pd.DataFrame:
    """By seed, what is compared of the runs of a study at a batch size.

    loss and exact_loss: log10 of the lowest, as logged and at exact fixed points. iterations:
    applications of T per forward pass, mean over epochs. stopped: the share of epochs in which the
    limit stopped a pass. cosine: of JFB and exact, the median over snapshots, at fixed points found
    to the tightest tolerance.
    """
    runs = summary[summary["batch_size"] == size].set_index("seed")
    mine = iterations[(iterations["study"] == study) & (iterations["batch_size"] == size)]
    aligned = alignments[(alignments["study"] == study) & (alignments["batch_size"] == size)]
    found = mine.set_index("seed")[["iterations", "stopped"]]
    return found.assign(
        log_iterations=np.log10(found["iterations"]),
        loss=np.log10(runs["lowest_loss"].astype(float)),
        exact_loss=np.log10(runs["exact_best_loss"].astype(float)),
        cosine=alignment.compared(aligned, "tight").groupby("seed")["cosine"].median(),
    )
