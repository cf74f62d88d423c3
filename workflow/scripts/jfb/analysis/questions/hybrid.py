"""Does a little noise at the start suffice?"""

import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import (
    Measured,
    log_loss,
    mean_difference,
    reached,
    share,
    share_difference,
)

READERS = {"schedules": inputs.summary, "controls": inputs.summary, "last": inputs.summary}

#: What is compared with what: a schedule and another one.
PAIRS = (
    ("small_4", "full"),
    ("small_41", "full"),
    ("small_122", "full"),
    ("growing", "full"),
    ("small_4", "full_as_4"),
    ("small_41", "full_as_41"),
    ("small_122", "full_as_122"),
    ("small_41", "constant_1200"),
    ("small_122", "constant_600"),
    ("small_41", "last_41"),
    ("small_122", "constant_32"),
    ("growing", "constant_100"),
    ("growing", "constant_32"),
    ("full_as_41", "full"),
    ("full_as_122", "full"),
)


def measure(schedules: pd.DataFrame, controls: pd.DataFrame, last: pd.DataFrame) -> list[Measured]:
    """Shares that reach 0.001 by schedule, and differences of schedules.

    Args:
        schedules: summary of a study with the factor `schedule` that ends on the full batch.
        controls: of constant batches.
        last: of full batches that end on a small one.
    """
    constant = "constant_" + controls["batch_size"].astype(str)
    parts = schedules, controls.assign(schedule=constant), last.assign(schedule="last_41")
    runs = pd.concat(parts).drop(columns="batch_size")
    runs = runs[["schedule", *(name for name in runs if name != "schedule")]]
    reaches, losses = reached(runs), log_loss(runs)
    rows = [
        share(("share", name, 0), of_group)
        for name, of_group in reaches.groupby(level="schedule", sort=False)
    ]
    for one, other in PAIRS:
        place = one, 0, other
        rows.append(share_difference(("reached", *place), reaches[one], reaches[other]))
        rows.append(mean_difference(("loss", *place), losses[one], losses[other]))
    return rows
