"""Does gradient descent on wide networks converge linearly, as fast as the theory says?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jfb.analysis.questions.inputs import frame
from jfb.analysis.questions.measured import Measured, mean, share
from jfb.config import settings, step_choices
from jfb.records import runlog
from jfb.storage import parquet
from jfb.storage.errors import Refused


def descents(paths: Sequence[str]) -> pd.DataFrame:
    """Of each log of gradient descent on the full batch: its place, its rate, and how straight.

    Returns:
        gradient, latent_dim, batch_size, seed, learning_rate; rate and fit, see `rate_of`; loss,
        the last; and norm, the largest spectral norm of the latent weight along the run.

    Raises:
        Refused: a run is another one.
    """
    rows = []
    for path in paths:
        log = runlog.read(path)
        run = runlog.run_of(log)
        _require_descent(path, run)
        losses, norms = (parquet.to_numbers(log[name]) for name in ("train_loss", "spectral_norm"))
        told = dict(run.levels) | {"latent_dim": run.network.latent_dim}
        told |= {"batch_size": run.batch_size, "seed": run.seed}
        rate, fit = rate_of(losses)
        told |= {"learning_rate": run.optimiser.learning_rate, "rate": rate, "fit": fit}
        rows.append(told | {"loss": losses[-1], "norm": norms.max()})
    return pd.DataFrame(rows)


def _require_descent(path: str, run: settings.Run) -> None:
    rate = getattr(run.optimiser, "learning_rate", 1.0)
    plain = step_choices.SGD(learning_rate=rate)
    same_rate = step_choices.Constant(), step_choices.SameRate()
    is_full = run.batch_size == run.dataset.training_size and not run.batch_schedule
    if (
        run.optimiser != plain
        or (run.schedule, run.learning_rate_rule) != same_rate
        or not is_full
        or run.loss != "mse"
    ):
        what = "plain gradient descent on the full batch at one rate, with the loss mse"
        raise Refused(f"{path}: a rate of convergence is that of {what}")


READERS = {"descents": descents, "grams": frame}


def rate_of(losses: np.ndarray) -> tuple[float, float]:
    """By how much ln of the loss falls per update over the last half, and R^2 of that line.

    NaN where a loss is not finite, or not above 0.
    """
    if not (np.isfinite(losses) & (losses > 0)).all():
        return np.nan, np.nan
    half = np.log(losses[len(losses) // 2 :])
    updates = np.arange(len(half))
    slope, start = np.polyfit(updates, half, 1)
    residual = np.square(half - (start + slope * updates)).sum()
    return -float(slope), 1 - float(residual / np.square(half - half.mean()).sum())


def bound_of(learning_rate: float, samples: int, smallest: pd.Series) -> pd.Series:
    """The least rate at which ln of the mean squared error falls per update, to first order.

    On N samples and with the exact gradient, errors e change by -(2 eta / N) K e, where K is at
    least Z Z^T, the part of the readout, if that is as at the start: ln of the loss falls by
    4 eta lambda_0 / N at least. With JFB, K is not symmetric, and nothing bounds it.
    """
    return 4 * learning_rate * smallest / samples


def measure(descents: pd.DataFrame, grams: pd.DataFrame) -> list[Measured]:
    """Rates, their fit and their bound by gradient and width, and JFB against the exact gradient.

    Rates are per 1,000 updates. `bounded` is the share of runs whose rate is at least the bound of
    the exact gradient, whichever theirs is; a run without a rate counts as below it. Widths of
    fewer units than samples have no bound. Against the exact gradient and the bound, a rate is told
    as a ratio. A network is contractive if the spectral norm of its latent weight stays below 1.

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
        rates[gradient, width] = one["rate"]
        rows += [
            mean(("rate", level, size, ""), 1000 * one["rate"]),
            mean(("fit", level, size, ""), one["fit"]),
            mean(("loss", level, size, ""), np.log10(one["loss"])),
            mean(("norm", level, size, ""), one["norm"]),
            share(("contractive", level, size), one["norm"] < 1),
        ]
        if width >= one["samples"].max():
            rows.append(mean(("bound", level, size, ""), 1000 * one["bound"]))
            rows.append(share(("bounded", level, size), one["rate"] >= one["bound"]))
            rows.append(mean(("rate", level, size, "bound"), one["rate"] / one["bound"]))
    for gradient, width in rates:
        if gradient != "exact":
            place = "rate", f"{gradient}_{width}", size, f"exact_{width}"
            rows.append(mean(place, rates[gradient, width] / rates["exact", width]))
    return rows
