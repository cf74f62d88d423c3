"""Do methods that were made for large batches close the gap of the full batch?"""

import math
from collections.abc import Collection

import pandas as pd

from jfb.analysis.questions import digits, inputs, rates
from jfb.analysis.questions.measured import (
    Measured,
    indexed,
    log_loss,
    mean,
    mean_difference,
    reached,
    share,
    share_difference,
)

READERS = dict.fromkeys(
    (
        *("points", "points_constant", "pictures", "pictures_constant"),
        *("normalised", "ghosts", "decayed", "growing"),
    ),
    inputs.summary,
)

#: The level of the full batch at its best constant rate of Adam.
_CONSTANT = "constant"
_ACCURACY = "final_val_accuracy"


def measure(
    points: pd.DataFrame,
    points_constant: pd.DataFrame,
    pictures: pd.DataFrame,
    pictures_constant: pd.DataFrame,
    normalised: pd.DataFrame,
    ghosts: pd.DataFrame,
    decayed: pd.DataFrame,
    growing: pd.DataFrame,
) -> list[Measured]:
    """Shares of seeds on the report's network, accuracies on pictures, and their differences.

    Args:
        points: summary of a study of the full batch with the factor `method`, whose levels are
            an optimiser and a learning rate, joined by _.
        points_constant: of one with the factor `rate`, of the full batch and small ones.
        pictures, pictures_constant: likewise on pictures.
        normalised: of the full batch and small ones with batch normalisation, by `rate`.
        ghosts: of the full batch with ghost batches, by `rate`.
        decayed: of small batches, with the factor `schedule`.
        growing: of batches that grow.
    """
    return [
        *_on_points(points, points_constant),
        *_on_pictures(pictures, pictures_constant),
        *_with_ghosts(normalised, ghosts),
        *_grown(decayed, growing),
    ]


def _on_points(methods: pd.DataFrame, constant: pd.DataFrame) -> list[Measured]:
    full, small = max(constant["batch_size"]), min(constant["batch_size"])
    runs = _by_method(methods) | {_CONSTANT: constant[constant["batch_size"] == full]}
    rows, found = [], {}
    for name, part in runs.items():
        rate = rates.best_rate(part[part["seed"].isin(rates.CHOOSING)])
        rows.append(_rate("rate", name, full, rate, len(rates.CHOOSING)))
        found[name] = reached(_judging(part, rates.CHOOSING))[rate, full]
    usual = reached(_judging(constant, rates.CHOOSING))[rates.USUAL, small]
    rows.append(share(("share", "usual", small), usual))
    for name, reaches in found.items():
        rows.append(share(("share", name, full), reaches))
        rows.append(share_difference(("reached", name, full, str(small)), reaches, usual))
    return rows


def _on_pictures(methods: pd.DataFrame, constant: pd.DataFrame) -> list[Measured]:
    full, small = max(constant["batch_size"]), min(constant["batch_size"])
    runs = _by_method(methods) | {_CONSTANT: constant[constant["batch_size"] == full]}
    rows, found = [], {}
    for name, part in runs.items():
        rate, found[name] = _accuracies(part, full)
        rows.append(_rate("rate_pictures", name, full, rate, len(digits.CHOOSING)))
    rate, usual = _accuracies(constant, small)
    rows.append(_rate("rate_pictures", _CONSTANT, small, rate, len(digits.CHOOSING)))
    rows.append(mean(("accuracy", _CONSTANT, small, ""), usual))
    for name, accuracies in found.items():
        rows.append(mean(("accuracy", name, full, ""), accuracies))
        rows.append(mean_difference(("accuracy", name, full, str(small)), accuracies, usual))
    return rows


def _with_ghosts(normalised: pd.DataFrame, ghosts: pd.DataFrame) -> list[Measured]:
    full, small = max(normalised["batch_size"]), min(normalised["batch_size"])
    places = {("batch", full): normalised, ("batch", small): normalised, ("ghost", full): ghosts}
    rows, found = [], {}
    for (name, size), runs in places.items():
        rate, found[name, size] = _accuracies(runs, size)
        rows.append(_rate("rate_normalised", name, size, rate, len(digits.CHOOSING)))
        rows.append(mean(("accuracy_normalised", name, size, ""), found[name, size]))
    for against, other in (("batch", ("batch", full)), (str(small), ("batch", small))):
        place = "accuracy_normalised", "ghost", full, against
        rows.append(mean_difference(place, found["ghost", full], found[other]))
    place = "accuracy_normalised", "batch", full, str(small)
    rows.append(mean_difference(place, found["batch", full], found["batch", small]))
    return rows


def _grown(decayed: pd.DataFrame, growing: pd.DataFrame) -> list[Measured]:
    (small,), (last,) = set(decayed["batch_size"]), set(growing["batch_size"])
    levels = tuple(dict.fromkeys(decayed["schedule"]))
    reaches = {name: reached(decayed)[name, small] for name in levels}
    losses = {name: log_loss(decayed)[name, small] for name in levels}
    reaches["growing"], losses["growing"] = reached(growing)[last], log_loss(growing)[last]
    rows = []
    for name in reaches:
        size = last if name == "growing" else small
        rows.append(share(("share_grown", name, size), reaches[name]))
        rows.append(mean(("loss", name, size, ""), losses[name]))
    for name in levels:
        place = "growing", last, name
        rows.append(share_difference(("grown", *place), reaches["growing"], reaches[name]))
        rows.append(mean_difference(("loss", *place), losses["growing"], losses[name]))
    return rows


def _by_method(summary: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The runs of each optimiser, with the factor `rate` in place of `method`."""
    split = summary["method"].str.split("_", expand=True)
    told = summary.drop(columns="method")
    told.insert(0, "rate", split[1])
    return {name: told[split[0] == name] for name in dict.fromkeys(split[0])}


def _accuracies(summary: pd.DataFrame, size: int) -> tuple[str, pd.Series]:
    """The best rate at a batch size, and the accuracies of the seeds that judge, by seed."""
    of_size = summary[summary["batch_size"] == size]
    rate = digits.best_rates(of_size)[size]
    return rate, indexed(_judging(of_size, digits.CHOOSING))[_ACCURACY][rate, size]


def _judging(summary: pd.DataFrame, choosing: Collection[int]) -> pd.DataFrame:
    return summary[~summary["seed"].isin(choosing)]


def _rate(measure: str, name: str, size: int, rate: str, n: int) -> Measured:
    return Measured(measure, name, size, "", n, float(rate), math.nan, math.nan)
