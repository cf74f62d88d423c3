"""Does the full batch do with a method of second order what small batches do with Adam?"""

import numpy as np
import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import (
    Measured,
    indexed,
    mean_difference,
    reached,
    share,
    share_difference,
)

READERS = {"second": inputs.summary, "first": inputs.summary}

#: Applications of T per training sample within which runs are compared.
BUDGETS = (100, 300, 1_000, 3_000, 10_000, 30_000)
#: What is compared with what: a method and another one.
PAIRS = (
    ("lm_exact", "adam_2400"),
    ("lm_exact", "adam_32"),
    ("lm_jfb", "lm_exact"),
    ("lm_jfb", "adam_32"),
    ("lbfgs_exact", "lm_exact"),
    ("lbfgs_jfb", "lbfgs_exact"),
    ("gauss_newton", "lm_exact"),
    ("gradient_descent_2400", "adam_2400"),
)


def measure(second: pd.DataFrame, first: pd.DataFrame) -> list[Measured]:
    """Shares of seeds that reach 0.001 by method, in all and within some work, and its differences.

    Args:
        second: summary of a study with the factor `method`, on the full batch.
        first: the same of methods that step batch by batch; with the batch size they are others.
    """
    runs = by_method(second, first)
    reaches, work, ends = reached(runs), indexed(runs)["applications_to_1e_3"], runs["ended"]
    rows = []
    for name, of_method in reaches.groupby(level="method", sort=False):
        rows.append(share(("share", name, 0), of_method))
        rows += [share((f"share_within_{most}", name, 0), work[name] <= most) for most in BUDGETS]
        ended = ends[runs["method"] == name]
        if ended.notna().any():
            for end in ("gradient", "step", "line search"):
                place = f"ended_{end.replace(' ', '_')}", name, 0
                rows.append(share(place, ended == end))
    for one, other in PAIRS:
        rows.append(share_difference(("reached", one, 0, other), reaches[one], reaches[other]))
        for most in BUDGETS:
            place = f"reached_within_{most}", one, 0, other
            rows.append(share_difference(place, work[one] <= most, work[other] <= most))
        decades = (np.log10(work[name].astype(float)) for name in (one, other))
        rows.append(mean_difference(("work", one, 0, other), *decades))
    return rows


def by_method(second: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """The runs of both by method; `adam_32` is Adam on batches of 32."""
    named = first["method"] + "_" + first["batch_size"].astype(str)
    runs = pd.concat([second, first.assign(method=named)]).drop(columns="batch_size")
    return runs[["method", *(name for name in runs if name != "method")]]
