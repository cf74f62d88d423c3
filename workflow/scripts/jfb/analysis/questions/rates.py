"""Is it the step size?"""

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

READERS = {"constant": inputs.summary, "rules": inputs.summary}

#: Seeds that choose the best constant rate; those that judge are the others.
CHOOSING = range(20)
#: The report's.
USUAL = "0.001"


def measure(constant: pd.DataFrame, rules: pd.DataFrame) -> list[Measured]:
    """The best rate of each batch size, and the full batch against the smallest at each choice.

    Runs that diverge are among the runs: they reach 0.001 if they had before.

    Args:
        constant: summary of a study with the factor `rate`.
        rules: of one with the factor `rule`, on seeds that judge.
    """
    chooses = constant["seed"].isin(CHOOSING)
    choosing, judging = constant[chooses], constant[~chooses]
    sizes = sorted(set(constant["batch_size"]), reverse=True)
    rows = []
    for (rate, size), of_group in reached(judging).groupby(level=[0, 1], sort=False):
        rows.append(share(("share", rate, size), of_group))
    for level, runs in (("rate", judging), ("rule", rules)):
        for (name, size), of_group in runs.groupby([level, "batch_size"], sort=False):
            rows.append(share(("diverged", name, size), of_group["diverged"]))
    for (rule, size), of_group in reached(rules).groupby(level=[0, 1], sort=False):
        rows.append(share(("share", rule, size), of_group))
    best = {size: best_rate(choosing[choosing["batch_size"] == size]) for size in sizes}
    reaches, losses = reached(judging), log_loss(judging)
    for size in sizes:
        rows.append(share(("share_at_best", best[size], size), reaches[best[size], size]))
    full, *others = sizes
    for size in others:
        for level, pair in {
            "best": (best[full], best[size]),
            "full_at_best": (best[full], USUAL),
            "usual": (USUAL, USUAL),
        }.items():
            rows += _against(level, full, size, reaches, losses, pair)
    of_rules = reached(rules), log_loss(rules)
    for rule in dict.fromkeys(rules["rule"]):
        for size in others:
            rows += _against(rule, full, size, *of_rules, (rule, rule))
    return rows


def _against(
    level: str, full: int, size: int, reaches: pd.Series, losses: pd.Series, pair: tuple[str, str]
) -> list[Measured]:
    """The full batch at one level against another batch size at a level, on the same seeds."""
    place = level, full, str(size)
    one, other = pair
    return [
        share_difference(("reached", *place), reaches[one, full], reaches[other, size]),
        mean_difference(("loss", *place), losses[one, full], losses[other, size]),
    ]


def best_rate(summary: pd.DataFrame) -> str:
    """The rate with which most runs reach 0.001; of equals, that with the lowest median loss."""
    by_rate = pd.DataFrame({"reached": reached(summary), "loss": log_loss(summary).fillna(99)})
    ranked = by_rate.groupby(level="rate").agg({"reached": "mean", "loss": "median"})
    return ranked.sort_values(["reached", "loss"], ascending=[False, True]).index[0]
