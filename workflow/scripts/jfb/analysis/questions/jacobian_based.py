"""What do the confounds of the Jacobian-based baseline of Wu Fung et al. cost?"""

import itertools
import math

import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, indexed, mean, mean_difference, share

READERS = {"variants": inputs.summary, "logs": inputs.adjoints}

#: What is compared with what.
PAIRS = (
    ("with_normalisation", "theirs"),
    ("with_every_update", "theirs"),
    # Nothing is skipped with an exact adjoint.
    ("with_exact_adjoint", "with_every_update"),
    ("exact_normalised", "jfb_normalised"),
    ("theirs", "jfb_normalised"),
    ("theirs", "jfb"),
    ("with_exact_adjoint", "jfb"),
)


def measure(variants: pd.DataFrame, logs: pd.DataFrame) -> list[Measured]:
    """Validation accuracy and loss by variant, the differences of pairs, and updates not found.

    Args:
        variants: summary of a study with the factor `variant`.
        logs: of its runs, see `jfb.analysis.questions.inputs.adjoints`.
    """
    runs = indexed(variants).droplevel("batch_size")
    columns = {"accuracy": "final_val_accuracy", "loss": "final_val_loss"}
    found = runs[list(columns.values())]
    rows = []
    for (measure, column), name in itertools.product(
        columns.items(), dict.fromkeys(variants["variant"])
    ):
        rows.append(mean((measure, name, 0, ""), runs.loc[name, column]))
    for (measure, column), (one, other) in itertools.product(columns.items(), PAIRS):
        pair = runs.loc[one, column], runs.loc[other, column]
        row = mean_difference((measure, one, 0, other), *pair)
        # Two variants whose runs are the same say nothing of what tells them apart.
        alike = found.loc[one].equals(found.loc[other])
        rows.append(row._replace(low=math.nan, high=math.nan) if alike else row)
    for name in dict.fromkeys(variants["variant"]):
        rows.append(share(("diverged", name, 0), runs.loc[name, "diverged"]))
        lost = logs[logs["variant"] == name]
        for measure in ("products", "unconverged", "not_found"):
            rows.append(mean((measure, name, 0, ""), lost[measure]))
    return rows
