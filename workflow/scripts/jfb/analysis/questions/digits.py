"""Does JFB on the full batch do as well on a convolutional network as on small batches?"""

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from jfb.analysis.questions import inputs
from jfb.analysis.questions.measured import Measured, indexed, mean, mean_difference
from jfb.storage.errors import Refused

READERS = {
    "epochs": inputs.summary,
    "updates": inputs.summary,
    "logs": inputs.by_work,
    "gradients": inputs.summary,
}

#: Seeds that choose the rate of each batch size; those that judge are the others.
CHOOSING = (10, 11, 12)
_NO_INTERVAL = math.nan, math.nan
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
        rows += _rates(after, best, summary["rate"])
        chosen = {size: judging.loc[(rate, size)] for size, rate in best.items()}
        columns = {"accuracy": _ACCURACY, "loss": _LOSS, "work": "applications"}
        rows += _compared(after, chosen, columns)
        for (rate, size), runs in judging.groupby(level=["rate", "batch_size"]):
            rows.append(mean((f"accuracy_{after}_at_rate", rate, size, ""), runs[_ACCURACY]))
        for size, runs in chosen.items():
            lost = unconverged(runs, size, max(best))
            rows.append(mean((f"unconverged_{after}", "", size, ""), lost))
    rows += _at_equal_work(logs)
    rows += _by_gradient(indexed(gradients))
    return rows


def best_rates(summary: pd.DataFrame) -> dict[int, str]:
    """By batch size, the largest first: the rate of the lowest mean validation loss.

    Of the seeds that choose; a run that diverges makes its rate the worst.
    """
    choosing = summary[summary["seed"].isin(CHOOSING)]
    if missing := set(CHOOSING) - set(choosing["seed"]):
        raise Refused(
            f"the seeds {sorted(missing)} are missing: the studies of digits, in config.yaml, must "
            f"have the seeds {list(CHOOSING)}, which choose the learning rates, and others"
        )
    return _best(choosing, choosing[_LOSS].where(~choosing["diverged"], math.inf))


def _best(choosing: pd.DataFrame, losses: pd.Series) -> dict[int, str]:
    """By batch size, the largest first: the rate of the lowest mean of the losses of its runs."""
    known = losses.astype(float).fillna(math.inf)
    by_rate = known.groupby([choosing["batch_size"], choosing["rate"]]).mean()
    sizes = sorted(set(choosing["batch_size"]), reverse=True)
    return {size: by_rate[size].idxmin() for size in sizes}


def unconverged(runs: pd.DataFrame, batch_size: int, samples: int) -> pd.Series:
    """Of the rows of a summary, the share of forward passes whose fixed points are not found.

    Args:
        runs: of one batch size.
        batch_size: theirs.
        samples: for training, the largest batch size of a study with the full batch.
    """
    passes = runs["epochs"] * (math.ceil(samples / batch_size) + 1)
    return runs["unconverged_solves"] / passes


def _rates(after: str, best: Mapping[int, str], tried: Iterable[str]) -> list[Measured]:
    """The rate of each batch size; its level says where it is an end of what was tried."""
    ascending = sorted(set(tried), key=float)
    ends = {ascending[0]: "smallest", ascending[-1]: "largest"}
    return [
        Measured(
            f"rate_{after}", ends.get(rate, ""), size, "", len(CHOOSING), float(rate), *_NO_INTERVAL
        )
        for size, rate in best.items()
    ]


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
    """As `_compared`, each run up to the least work that any run took in all.

    The rate of a batch size is chosen at this work too.
    """
    least, ends = within_least(logs)
    chooses = ends["seed"].isin(CHOOSING)
    best = _best(ends[chooses], ends.loc[chooses, "val_loss"])
    chosen = ends["rate"] == ends["batch_size"].map(best)
    judging = ends[~chooses & chosen].set_index(["batch_size", "seed"])
    by_size = {size: judging.loc[size] for size in best}
    columns = {"accuracy": "val_accuracy", "loss": "val_loss", "epoch": "epoch"}
    budget = Measured("work", "", 0, "", len(ends), least, *_NO_INTERVAL)
    return [budget, *_rates("work", best, logs["rate"]), *_compared("work", by_size, columns)]


def within_least(logs: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """The least work that a run which stayed finite took in all, and what each run was at it.

    Returns:
        The work, and the last epoch of each run within it. A run whose first epoch takes more was
        not validated by then: it has epoch 0, an infinite loss and no accuracy.
    """
    run = ["rate", "batch_size", "seed"]
    ends = logs.loc[logs.groupby(run)["epoch"].idxmax()]
    least = ends.loc[ends["val_loss"].map(math.isfinite), "work"].min()
    within = logs[logs["work"] <= least]
    within = within.loc[within.groupby(run)["epoch"].idxmax()].set_index(run)
    beyond = ends.set_index(run).drop(within.index)
    beyond = beyond.assign(epoch=0, val_loss=math.inf, val_accuracy=math.nan)
    return float(least), pd.concat([within, beyond]).reset_index()


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
