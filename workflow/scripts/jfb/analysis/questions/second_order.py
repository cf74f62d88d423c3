"""Does the full batch do with a method of second order what small batches do with Adam?"""

import itertools

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
from jfb.analysis.shares import REACHED
from jfb.records.runlog import ENDS

READERS = {"second": inputs.summary, "first": inputs.summary}

#: Work, in products with T and its transposed Jacobian per training sample, within which runs are
#: compared.
BUDGETS = (100, 300, 1_000, 3_000, 10_000, 30_000)
#: What is compared with what: a method and another one.
PAIRS = (
    ("lm_exact", "adam_2400"),
    ("lm_exact", "adam_32"),
    ("lm_jfb", "lm_exact"),
    ("lm_jfb", "adam_32"),
    ("lm_exact_1e3", "adam_32"),
    ("lm_exact_1e3", "lm_exact"),
    ("lbfgs_exact", "lm_exact"),
    ("lbfgs_jfb", "lbfgs_exact"),
    ("gauss_newton", "lm_exact"),
    ("gradient_descent_2400", "adam_2400"),
)


def measure(second: pd.DataFrame, first: pd.DataFrame) -> list[Measured]:
    """Shares of seeds that reach 0.001 by method, in all and within some work, and its differences.

    `seconds` are those of a whole run.

    Args:
        second: summary of a study with the factor `method`, on the full batch.
        first: the same of methods that step batch by batch; with the batch size they are others.
    """
    runs = by_method(second, first)
    reaches, of_runs = reached(runs), indexed(runs)
    exactly, work = of_runs["exact_best_loss"] <= REACHED, of_runs["work_to_1e_3"]
    ended = {end: of_runs["ended"] == end for end in ENDS}
    rows = []
    for name in dict.fromkeys(runs["method"]):
        rows.append(share(("share", name, 0), reaches[name]))
        rows.append(share(("share_exactly", name, 0), exactly[name]))
        rows += [share((f"share_within_{most}", name, 0), work[name] <= most) for most in BUDGETS]
        rows.append(mean(("seconds", name, 0, ""), of_runs.loc[name, "training_seconds"]))
    for name, end in itertools.product(dict.fromkeys(second["method"]), ENDS):
        rows.append(share((_ended(end), name, 0), ended[end][name]))
    for one, other in PAIRS:
        place = one, 0, other
        rows.append(share_difference(("reached", *place), reaches[one], reaches[other]))
        rows.append(share_difference(("reached_exactly", *place), exactly[one], exactly[other]))
        for most in BUDGETS:
            within = work[one] <= most, work[other] <= most
            rows.append(share_difference((f"reached_within_{most}", *place), *within))
        decades = (np.log10(work[name].astype(float)) for name in (one, other))
        rows.append(mean_difference(("work", *place), *decades))
        if {one, other} <= set(second["method"]):
            for end in ENDS:
                both = ended[end][one], ended[end][other]
                rows.append(share_difference((_ended(end), *place), *both))
    return rows


def _ended(end: str) -> str:
    """The measure of the runs that an optimiser ends so."""
    return f"ended_{end.replace(' ', '_')}"


def by_method(second: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """The runs of both by method; `adam_32` is Adam on batches of 32."""
    named = first["method"] + "_" + first["batch_size"].astype(str)
    runs = pd.concat([second, first.assign(method=named)]).drop(columns="batch_size")
    return runs[["method", *(name for name in runs if name != "method")]]
