"""Is the disadvantage of the full batch one of a tiny network?"""

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

READERS = {
    "epochs": inputs.summary,
    "updates": inputs.summary,
    "updates_wide": inputs.summary,
}

#: From this latent dimension on, widths are pooled as wide, below as narrow.
WIDE = 16


def measure(
    epochs: pd.DataFrame, updates: pd.DataFrame, updates_wide: pd.DataFrame
) -> list[Measured]:
    """Shares that reach 0.001 by width and batch size, and the full batch against the others.

    A seed draws another start at every width, so that pooled pairs count as different ones.

    Args:
        epochs: summary of a study with the factor `width`, at equal epochs in each width.
        updates, updates_wide: of smaller batches after the updates of its full batch.
    """
    full = epochs["batch_size"].max()
    at_full = epochs[epochs["batch_size"] == full]
    equal = {"epochs": epochs, "updates": pd.concat([at_full, updates, updates_wide])}
    rows = []
    for name, summary in equal.items():
        reaches, losses = reached(summary), log_loss(summary)
        for (width, size), of_group in reaches.groupby(level=[0, 1], sort=False):
            rows.append(share((f"share_{name}", width, size), of_group))
        for size in sorted(set(summary["batch_size"]) - {full}, reverse=True):
            one, other = (reaches.xs(b, level="batch_size") for b in (full, size))
            lower, higher = (losses.xs(b, level="batch_size") for b in (full, size))
            for level, chosen in _levels(one).items():
                place = level, full, str(size)
                rows.append(share_difference((f"reached_{name}", *place), one[chosen], other))
                rows.append(mean_difference((f"loss_{name}", *place), lower[chosen], higher))
    return rows


def _levels(values: pd.Series) -> dict[str, pd.Series]:
    """Which rows are of each width, and of the narrow and the wide ones together."""
    widths = values.index.get_level_values("width")
    by_width = {width: widths == width for width in dict.fromkeys(widths)}
    wide = widths.astype(int) >= WIDE
    return by_width | {"narrow": ~wide, "wide": wide}
