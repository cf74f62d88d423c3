"""Does a remembered fixed point change result or cost?"""

from collections.abc import Iterator, Mapping, Sequence

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
    alignments: Sequence[pd.DataFrame],
    starts: Mapping[str, tuple[int, int]],
) -> list[Measured]:
    """Losses, applications of T, and the cosine of JFB and exact, by where the solver starts.

    Args:
        summaries: of the studies in the order of `starts`.
        iterations, alignments: of the same runs, see `jfb.analysis.questions.inputs`.
        starts: where the solvers of each study start, zero first, with the number of its logs and
            of its alignments.
    """
    sizes = sorted(set.intersection(*(set(table["batch_size"]) for table in summaries)))[::-1]
    parts = list(zip(starts, summaries, _parts(starts, iterations, alignments), strict=True))
    rows = []
    for size in sizes:
        of = {
            start: _of_start(*(t[t["batch_size"] == size] for t in (summary, *measured)))
            for start, summary, measured in parts
        }
        for start, values in of.items():
            for name in ("iterations", "stopped", "cosine"):
                rows.append(mean((name, start, size, ""), values[name]))
            if start != "zero":
                for name in ("loss", "exact_loss", "log_iterations", "cosine"):
                    place = f"{name}_difference", start, size, "zero"
                    rows.append(mean_difference(place, values[name], of["zero"][name]))
    return rows


def _parts(
    starts: Mapping[str, tuple[int, int]],
    iterations: pd.DataFrame,
    alignments: Sequence[pd.DataFrame],
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """The iterations and the alignments of each start."""
    logs = aligned = 0
    for of_logs, of_alignments in starts.values():
        some = alignments[aligned : aligned + of_alignments]
        yield iterations.iloc[logs : logs + of_logs], pd.concat(some, ignore_index=True)
        logs, aligned = logs + of_logs, aligned + of_alignments


def _of_start(
    summary: pd.DataFrame, iterations: pd.DataFrame, aligned: pd.DataFrame
) -> pd.DataFrame:
    """By seed, what is compared of the runs from one start at one batch size.

    loss: log10 of the lowest logged loss; exact_loss: the same of that network at exact fixed
    points. iterations: applications of T in a search, mean over epochs. stopped: the share of
    epochs in which the limit stopped a search. cosine: of JFB and exact, the median over snapshots,
    at fixed points found to the tightest tolerance.
    """
    runs = summary.set_index("seed")
    found = iterations.set_index("seed")[["iterations", "stopped"]]
    return found.assign(
        log_iterations=np.log10(found["iterations"]),
        loss=np.log10(runs["lowest_loss"].astype(float)),
        exact_loss=np.log10(runs["exact_best_loss"].astype(float)),
        cosine=alignment.compared(aligned, "tight").groupby("seed")["cosine"].median(),
    )
