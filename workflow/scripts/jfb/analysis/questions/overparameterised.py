"""Does gradient descent on wide networks converge linearly, as fast as the theory says?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jfb.analysis.questions.measured import Measured, mean, mean_difference, share
from jfb.records import runlog
from jfb.storage import parquet


def descents(paths: Sequence[str]) -> pd.DataFrame:
    """Of each log of gradient descent on the full batch: its place, its rate, and how straight.

    Returns:
        gradient, latent_dim, batch_size, seed, learning_rate; rate and fit, see `rate_of`; loss,
        the last; and norm, the largest spectral norm of the latent weight along the run.
    """
    rows = []
    for path in paths:
        log = runlog.read(path)
        run = runlog.run_of(log)
        losses, norms = (parquet.to_numbers(log[name]) for name in ("train_loss", "spectral_norm"))
        told = dict(run.levels) | {"latent_dim": run.network.latent_dim}
        told |= {"batch_size": run.batch_size, "seed": run.seed}
        rate, fit = rate_of(losses)
        told |= {"learning_rate": run.optimiser.learning_rate, "rate": rate, "fit": fit}
        rows.append(told | {"loss": losses[-1], "norm": norms.max()})
    return pd.DataFrame(rows)


def gram(path: str) -> pd.DataFrame:
    """Eigenvalues at the start, see `jfb.records.gram`."""
    return parquet.read_frame(path, "eigenvalues at the start")


READERS = {"descents": descents, "grams": gram}


def rate_of(losses: np.ndarray) -> tuple[float, float]:
    """By how much ln of the loss falls per update over the last half, and R^2 of that line."""
    half = np.log(losses[len(losses) // 2 :])
    updates = np.arange(len(half))
    slope, start = np.polyfit(updates, half, 1)
    residual = np.square(half - (start + slope * updates)).sum()
    return -float(slope), 1 - float(residual / np.square(half - half.mean()).sum())


def bound_of(learning_rate: float, samples: int, smallest: pd.Series) -> pd.Series:
    """The least rate at which ln of the mean squared error falls per update, to first order.

    On N samples, errors e change by -(2 eta / N) K e, where K is at least Z Z^T, the part of the
    readout, if that is as at the start: ln of the loss falls by 4 eta lambda_0 / N at least.
    """
    return 4 * learning_rate * smallest / samples


def measure(descents: pd.DataFrame, grams: pd.DataFrame) -> list[Measured]:
    """Rates, their fit and their bound by gradient and width, and JFB against the exact gradient.

    Rates are per 1,000 updates. A rate is compared with its bound, and with another, in decades;
    widths of fewer units than samples have no bound. A network is contractive if the spectral norm
    of its latent weight stays below 1.

    Args:
        descents: see there.
        grams: of the same runs; both gradients start at the same parameters.
    """
    keys = ["latent_dim", "batch_size", "seed"]
    starts = grams.drop_duplicates(keys).set_index(keys)
    runs = descents.join(starts[["smallest", "samples"]], on=keys)
    runs["bound"] = bound_of(runs["learning_rate"], runs["samples"], runs["smallest"])
    rows, rates = [], {}
    for (gradient, width, size), group in runs.groupby(
        ["gradient", "latent_dim", "batch_size"], sort=False
    ):
        level = f"{gradient}_{width}"
        one = group.set_index("seed")
        rates[gradient, width] = np.log10(one["rate"].where(one["rate"] > 0))
        rows += [
            mean(("rate", level, size, ""), 1000 * one["rate"]),
            mean(("fit", level, size, ""), one["fit"]),
            mean(("loss", level, size, ""), np.log10(one["loss"])),
            mean(("norm", level, size, ""), one["norm"]),
            share(("contractive", level, size), one["norm"] < 1),
        ]
        if (one["bound"] > 0).all():
            rows.append(mean(("bound", level, size, ""), 1000 * one["bound"]))
            over = rates[gradient, width] - np.log10(one["bound"])
            rows.append(mean(("rate", level, size, "bound"), over))
    for gradient, width in rates:
        if gradient != "exact":
            place = "rate", f"{gradient}_{width}", size, f"exact_{width}"
            rows.append(mean_difference(place, rates[gradient, width], rates["exact", width]))
    return rows
