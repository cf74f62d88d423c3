"""Where do the full batch and batches of 32 meet as a convolutional network grows?"""

import numpy as np
import pandas as pd

from jfb.analysis.questions import digits, inputs
from jfb.analysis.questions.measured import Measured, indexed, mean, mean_difference

READERS = {"epochs": inputs.summary, "updates": inputs.summary}


def measure(epochs: pd.DataFrame, updates: pd.DataFrame) -> list[Measured]:
    """Validation loss and accuracy at the end, the full batch against the smallest.

    Training losses would not do: they are means over passes of which each was made before a step.

    Args:
        epochs: summary of a study with the factor `channels`, after as many epochs.
        updates: after as many updates.
    """
    rows = []
    for after, summary in (("epochs", epochs), ("updates", updates)):
        runs = indexed(summary)
        columns = {
            "loss": np.log10(runs["final_val_loss"].astype(float)),
            "accuracy": runs["final_val_accuracy"],
        }
        full, *_, least = sorted(set(summary["batch_size"]), reverse=True)
        for name in dict.fromkeys(summary["channels"]):
            for measure, values in columns.items():
                place = f"{measure}_{after}", name
                both = {size: values[name, size] for size in (full, least)}
                rows += [mean((*place, size, ""), part) for size, part in both.items()]
                rows.append(mean_difference((*place, full, str(least)), both[full], both[least]))
            for size in (full, least):
                lost = digits.unconverged(runs.loc[name, size], size, full)
                rows.append(mean((f"unconverged_{after}", name, size, ""), lost))
    return rows
