"""Does a penalty on the Jacobian of T make fixed points easier to find, and at which accuracy?"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import (
    Measured,
    indexed,
    mean,
    mean_difference,
    reached,
    share,
    share_difference,
)

READERS = {"summaries": inputs.summaries, "searches": inputs.frames}

#: Where nothing is added.
NONE = "none"
#: What is added to the names of estimates, by study: JFB and exact on digits, the report's network.
_STUDIES = ("", "_exact", "_points")


def measure(summaries: Sequence[pd.DataFrame], searches: Sequence[pd.DataFrame]) -> list[Measured]:
    """Applications of T, the norm of dT/du, and accuracies by regulariser; and against none.

    Applications and norms are compared in decades.

    Args:
        summaries: of the studies, each with the factor `regulariser`.
        searches: as `jfb.records.stability` has them, of the same studies.
    """
    rows = []
    for name, summary, search in zip(_STUDIES, summaries, searches, strict=True):
        found = search.rename(columns={"level": "regulariser"})
        found = found.set_index(["regulariser", "batch_size", "seed"]).sort_index()
        rows += _of("iterations", name, found["iterations"], np.log10)
        rows += _of("norm", name, found["norm"], np.log10)
        for (level, size), group in found.groupby(level=[0, 1], sort=False):
            rows.append(share((f"converged{name}", level, size), group["converged"]))
        if name == "_points":
            rows += _reached(name, reached(summary))
        else:
            rows += _of("accuracy", name, indexed(summary)["final_val_accuracy"], lambda x: x)
    return rows


def _of(
    what: str, study: str, values: pd.Series, compared: Callable[[pd.Series], pd.Series]
) -> list[Measured]:
    """Means by level, and of what is compared the differences from none."""
    rows = []
    for level, size in _places(values):
        rows.append(mean((what + study, level, size, ""), values[level, size]))
        if level != NONE:
            one, other = (compared(values[name, size]) for name in (level, NONE))
            rows.append(mean_difference((what + study, level, size, NONE), one, other))
    return rows


def _reached(study: str, values: pd.Series) -> list[Measured]:
    rows = []
    for level, size in _places(values):
        rows.append(share(("reached" + study, level, size), values[level, size]))
        if level != NONE:
            one, other = values[level, size], values[NONE, size]
            rows.append(share_difference(("reached" + study, level, size, NONE), one, other))
    return rows


def _places(values: pd.Series) -> list[tuple[str, int]]:
    return list(dict.fromkeys(place[:2] for place in values.index))
