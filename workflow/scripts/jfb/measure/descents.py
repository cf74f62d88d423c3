"""Where Levenberg-Marquardt ends on the loss at exact fixed points, from many networks."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import optimize

from jfb.config import settings, step_choices
from jfb.measure import final
from jfb.model.exact_loss import ExactLoss
from jfb.model.minimisers import levenberg_marquardt
from jfb.records import descents
from jfb.streams.interface import open_stream

_OPTIONS = step_choices.LevenbergMarquardt()
#: Of basin hopping: the first length of a hop, for each parameter, and the loss that a hop may lose
#: with a probability of 1/e.
HOP, TEMPERATURE = 0.3, 1e-4


def read(paths: Mapping[str, Sequence[str | Path]]) -> pd.DataFrame:
    """The searches of some files, with `source`; `start` and `end` hold arrays (p,).

    Args:
        paths: by what the sources are called.
    """
    parts = [
        descents.read(path).to_pandas().assign(source=name)
        for name, files in paths.items()
        for path in files
    ]
    found = pd.concat(parts, ignore_index=True)
    # PyTorch warns of arrays that it must not write to, as Arrow's are.
    return found.assign(**{name: found[name].map(np.array) for name in ("start", "end")})


def select(searches: pd.DataFrame) -> pa.Table:
    """Some of the searches that `read` returned, as the table that is written."""
    rows = [descents.Row(*row) for row in searches[[*descents.Row._fields]].itertuples(index=False)]
    return descents.table(rows, list(searches["start"]), list(searches["end"]))


def descend(
    problem: ExactLoss, start: np.ndarray, steps: int, place: tuple[int, int]
) -> tuple[descents.Row, np.ndarray]:
    """Search for a minimum.

    Args:
        problem: the loss.
        start: (p,).
        steps: at most so many.
        place: batch size and seed for the row.

    Returns:
        The row, and the parameters (p,) float64 at the end.
    """
    start_loss = problem.loss(start) if np.isfinite(start).all() else np.inf
    if not np.isfinite(start_loss):
        return descents.Row(*place, np.nan, np.nan, np.nan, 0, None), start
    done, end = 0, start

    def after_step(parameters: np.ndarray, loss: float) -> bool:
        nonlocal done, end
        done, end = done + 1, parameters
        return done < steps

    ended = levenberg_marquardt(_OPTIONS, problem, start, after_step)
    loss = problem.loss(end)
    gradient = np.abs(problem.gradient()).max()
    return descents.Row(*place, start_loss, loss, float(gradient), done, ended), end


class _Searches:
    """Searches that are carried out one after the other, as a table.

    Args:
        problem: the loss.
        steps: of a search, at most.
        after_run: told how many are done.
    """

    def __init__(self, problem: ExactLoss, steps: int, after_run: Callable[[int], None]) -> None:
        self._problem, self._steps, self._after_run = problem, steps, after_run
        self._rows: list[descents.Row] = []
        self._starts: list[np.ndarray] = []
        self._ends: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self._rows)

    def carry_out(
        self, start: np.ndarray, place: tuple[int, int]
    ) -> tuple[descents.Row, np.ndarray]:
        """See `descend`."""
        row, end = descend(self._problem, start, self._steps, place)
        self._rows.append(row)
        self._starts.append(start.copy())
        self._ends.append(end)
        self._after_run(len(self))
        return row, end

    def table(self) -> pa.Table:
        """See `jfb.records.descents`."""
        return descents.table(self._rows, self._starts, self._ends)


def from_networks(
    networks: Iterable[tuple[tuple[int, int], np.ndarray]],
    problem: ExactLoss,
    steps: int,
    after_run: Callable[[int], None],
) -> pa.Table:
    """A search from each network, see `jfb.records.descents`.

    Args:
        networks: batch size and seed of each, and its parameters (p,).
        problem: the loss.
        steps: of a search, at most.
        after_run: told how many are done.
    """
    searches = _Searches(problem, steps, after_run)
    for place, parameters in networks:
        searches.carry_out(parameters.astype(np.float64), place)
    return searches.table()


def of_runs(ends: final.Ends) -> list[tuple[tuple[int, int], np.ndarray]]:
    """The final networks of runs, as `from_networks` takes them."""
    return [((run.batch_size, run.seed), parameters) for run, parameters in ends]


def random_starts(
    run: settings.Run, draws: int, width: float
) -> Iterable[tuple[tuple[int, int], np.ndarray]]:
    """The starts of the seeds 0, 1, ... of a run's stream times a width, likewise.

    In place of the run's own `initial_scale`.
    """
    for seed in range(draws):
        stream = open_stream(dataclasses.replace(run, seed=seed, initial_scale=1.0))
        yield (run.batch_size, seed), width * stream.initial_parameters().astype(np.float64)


def hops(
    lowest: np.ndarray,
    problem: ExactLoss,
    draws: int,
    steps: int,
    place: int,
    after_run: Callable[[int], None],
) -> pa.Table:
    """Basin hopping (Wales and Doye 1997) from a network: SciPy's, with a search after each hop.

    Args:
        lowest: (p,).
        problem: the loss.
        draws: how many hops.
        steps: of a search, at most.
        place: the batch size for the rows.
        after_run: told how many are done.
    """
    searches = _Searches(problem, steps, after_run)

    def search(fun, start: np.ndarray, args=(), **_) -> optimize.OptimizeResult:
        row, end = searches.carry_out(start, (place, len(searches)))
        loss = row.loss if np.isfinite(row.loss) else np.inf
        return optimize.OptimizeResult(x=end, fun=loss, success=True, nfev=row.steps)

    optimize.basinhopping(
        problem.loss,
        lowest,
        niter=draws,
        T=TEMPERATURE,
        stepsize=HOP,
        minimizer_kwargs={"method": search},
        rng=np.random.default_rng(0),
    )
    return searches.table()
