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
    rows += _at_equal_work(logs)
    rows += _by_gradient(indexed(gradients))
    return rows


def best_rates(summary: pd.DataFrame) -> dict[int, str]:
    """By batch size, the largest first: the rate of the lowest mean validation loss.

    Of the seeds that choose; a run that diverges makes its rate the worst.
    """
    choosing = summary[summary["seed"].isin(CHOOSING)]
    if missing := set(CHOOSING) - set(choosing["seed"]):
        raise ValueError(f"the seeds {sorted(missing)} are to choose the rates, and are not there")
    return _best(choosing, choosing[_LOSS].where(~choosing["diverged"], math.inf))


def _best(choosing: pd.DataFrame, losses: pd.Series) -> dict[int, str]:
    """By batch size, the largest first: the rate of the lowest mean of the losses of its runs."""
    known = losses.astype(float).fillna(math.inf)
    by_rate = known.groupby([choosing["batch_size"], choosing["rate"]]).mean()
    sizes = sorted(set(choosing["batch_size"]), reverse=True)
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


def _at_equal_work(logs: pd.DataFrame) -> list[Measured]:
    """As `_compared`, each run up to the least work that one of its seed took in all.

    The rate of a batch size is chosen at equal work too.
    """
    chooses = logs["seed"].isin(CHOOSING)
    choosing = _within_least(logs[chooses])
    best = _best(choosing, choosing["val_loss"])
    chosen = logs["rate"] == logs["batch_size"].map(best)
    judging = _within_least(logs[~chooses & chosen]).set_index(["batch_size", "seed"])
    by_size = {size: judging.loc[size] for size in best}
    columns = {"accuracy": "val_accuracy", "loss": "val_loss", "epoch": "epoch"}
    return _compared("work", by_size, columns)


def _within_least(logs: pd.DataFrame) -> pd.DataFrame:
    """The last epoch of each run within the least work of a run of its seed that stayed finite."""
    run = ["rate", "batch_size", "seed"]
    ends = logs.loc[logs.groupby(run)["epoch"].idxmax()]
    least = ends[ends["val_loss"].map(math.isfinite)].groupby("seed")["work"].min()
    within = logs[logs["work"] <= logs["seed"].map(least)]
    return within.loc[within.groupby(run)["epoch"].idxmax()]


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
