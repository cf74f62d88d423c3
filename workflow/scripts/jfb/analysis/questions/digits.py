"""Does JFB on the full batch do as well on a convolutional network as on small batches?"""

import math

import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, indexed, mean, mean_difference

READERS = {
    "epochs": inputs.summary,
    "updates": inputs.summary,
    "logs": inputs.by_work,
    "gradients": inputs.summary,
}

#: Seeds that choose the rate of each batch size; those that judge are the others.
CHOOSING = (10, 11, 12)
_ACCURACY, _LOSS = "final_val_accuracy", "final_val_loss"


def measure(
    epochs: pd.DataFrame, updates: pd.DataFrame, logs: pd.DataFrame, gradients: pd.DataFrame
) -> list[Measured]:
    """Validation accuracy and loss by batch size and by gradient, and their paired differences.

    Args:
        epochs: summary of a study with the factor `rate`, after as many epochs.
        updates: after as many updates.
        logs: of `epochs`, see `jfb.analysis.questions.inputs.by_work`.
        gradients: summary of a study with the factor `gradient`.
    """
    rows = []
    for after, summary in (("epochs", epochs), ("updates", updates)):
        best = best_rates(summary)
        judging = indexed(summary[~summary["seed"].isin(CHOOSING)])
        for size, rate in best.items():
            told = "", size, "", len(CHOOSING), float(rate), math.nan, math.nan
            rows.append(Measured(f"rate_{after}", *told))
        chosen = {size: judging.loc[(rate, size)] for size, rate in best.items()}
        rows += _compared(
            after, chosen, {"accuracy": _ACCURACY, "loss": _LOSS, "work": "applications"}
        )
    rows += _at_equal_work(logs, best_rates(epochs))
    rows += _by_gradient(indexed(gradients))
    return rows


def best_rates(summary: pd.DataFrame) -> dict[int, str]:
    """By batch size, the largest first: the rate of the lowest mean validation loss.

    Of the seeds that choose; a run that diverges makes its rate the worst.
    """
    choosing = summary[summary["seed"].isin(CHOOSING)]
    losses = choosing[_LOSS].where(~choosing["diverged"], math.inf).astype(float)
    by_rate = losses.fillna(math.inf).groupby([choosing["batch_size"], choosing["rate"]]).mean()
    sizes = sorted(set(summary["batch_size"]), reverse=True)
    return {size: by_rate[size].idxmin() for size in sizes}


def _compared(after: str, runs: dict[int, pd.DataFrame], columns: dict[str, str]) -> list[Measured]:
    """Means by batch size, and the largest against each of the others; `runs` by seed."""
    full, *others = runs
    rows = []
    for measure, column in columns.items():
        rows += [
            mean((f"{measure}_{after}", "", size, ""), part[column]) for size, part in runs.items()
        ]
        rows += [
            mean_difference(
                (f"{measure}_{after}", "", full, str(size)), runs[full][column], runs[size][column]
            )
            for size in others
        ]
    return rows


def _at_equal_work(logs: pd.DataFrame, best: dict[int, str]) -> list[Measured]:
    """As `_compared`, of the last epoch within the least work that a run of the seed took."""
    judging = logs[~logs["seed"].isin(CHOOSING)]
    runs = pd.concat(
        judging[(judging["batch_size"] == size) & (judging["rate"] == rate)]
        for size, rate in best.items()
    )
    least = runs.groupby(["seed", "batch_size"])["work"].max().groupby(level="seed").min()
    within = runs[runs["work"] <= runs["seed"].map(least)]
    last = within.sort_values("epoch").groupby(["batch_size", "seed"]).last()
    by_size = {size: last.loc[size] for size in best}
    return _compared("work", by_size, {"accuracy": "accuracy", "loss": "loss", "epoch": "epoch"})


def _by_gradient(runs: pd.DataFrame) -> list[Measured]:
    """Means by gradient and batch size, and JFB's against each of the others."""
    names = list(dict.fromkeys(runs.index.get_level_values("gradient")))
    sizes = sorted(set(runs.index.get_level_values("batch_size")), reverse=True)
    columns = {"accuracy": _ACCURACY, "loss": _LOSS, "adjoint_work": "adjoint_applications"}
    rows = []
    for measure, column in columns.items():
        for size in sizes:
            values = {name: runs.loc[(name, size), column] for name in names}
            place = f"{measure}_gradient"
            rows += [mean((place, name, size, ""), part) for name, part in values.items()]
            rows += [
                mean_difference((place, "jfb", size, name), values["jfb"], part)
                for name, part in values.items()
                if name != "jfb"
            ]
    return rows
