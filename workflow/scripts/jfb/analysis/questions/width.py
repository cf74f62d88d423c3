"""Is the disadvantage of the full batch one of a tiny network?"""

import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import (
    Measured,
    log_loss,
    mean,
    reached,
    share,
    share_difference,
    share_difference_by_seed,
)

READERS = dict.fromkeys(("long", "long_updates", "short", "short_updates"), inputs.summary)
#: From this latent dimension on, widths are pooled as wide, below as narrow.
WIDE = 16


def measure(
    long: pd.DataFrame,
    long_updates: pd.DataFrame,
    short: pd.DataFrame,
    short_updates: pd.DataFrame,
) -> list[Measured]:
    """Shares that reach 0.001 by width and batch size, and the full batch against the others.

    Narrow and wide networks are pooled; a seed then counts once, with the mean of its differences.

    Args:
        long: summary of a study with the factor `width`, of long runs.
        long_updates: of smaller batches after the updates that its full batch has.
        short, short_updates: the same of short runs.
    """
    rows = []
    for name, epochs, updates in (("long", long, long_updates), ("short", short, short_updates)):
        full = epochs["batch_size"].max()
        at_full = epochs[epochs["batch_size"] == full]
        rows += _compared(f"{name}_epochs", epochs)
        rows += _compared(f"{name}_updates", pd.concat([at_full, updates]))
    return rows


def _compared(name: str, summary: pd.DataFrame) -> list[Measured]:
    reaches, losses = reached(summary), log_loss(summary)
    full, *others = sorted(set(summary["batch_size"]), reverse=True)
    rows = [
        share((f"share_{name}", width, size), of_group)
        for (width, size), of_group in reaches.groupby(level=[0, 1], sort=False)
    ]
    for size in others:
        one, other = (reaches.xs(b, level="batch_size") for b in (full, size))
        apart = losses.xs(full, level="batch_size") - losses.xs(size, level="batch_size")
        for width in dict.fromkeys(summary["width"]):
            place = width, full, str(size)
            rows.append(share_difference((f"reached_{name}", *place), one[width], other[width]))
            rows.append(mean((f"loss_{name}", *place), apart[width]))
        widths = apart.index.get_level_values("width").astype(int)
        for level, chosen in (("narrow", widths < WIDE), ("wide", widths >= WIDE)):
            if chosen.any():
                place = level, full, str(size)
                both = one[chosen].astype(float) - other[chosen].astype(float)
                rows.append(share_difference_by_seed((f"reached_{name}", *place), both))
                by_seed = apart[chosen].groupby(level="seed").mean()
                rows.append(mean((f"loss_{name}", *place), by_seed))
    return rows
