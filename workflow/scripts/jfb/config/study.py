"""A study: runs that are planned, summarised and drawn together."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from jfb.config import settings

#: The column of a study with `split_seeds` that tells its splits apart.
SPLIT = "split_seed"


#: Pairs of a factor and its level.
Levels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Study:
    """A set of runs in the order of the configuration, by level of each factor, batch size, seed.

    `factors` names what the runs differ in besides, with the levels of each. With a `block_size`, a
    job trains that many seeds of every kind of run, and leaves a row per run and no logs. With
    `updates`, every run has that many updates, and not the same number of epochs. `datasets` has
    the names of the datasets by the levels that choose one: of a factor that does, and of the split
    where the study varies it; without either it has one name, by no level.
    """

    dataset: str
    factors: Mapping[str, tuple[str, ...]]
    runs: Mapping[tuple[str | int, ...], settings.Run]
    block_size: int | None
    updates: int | None
    datasets: Mapping[Levels, str]

    @functools.cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its runs, each once, in their order."""
        return tuple(dict.fromkeys(key[-1] for key in self.runs))

    @functools.cached_property
    def blocks(self) -> dict[tuple[Levels, int, int], settings.Block]:
        """The jobs of a study with a `block_size`, by levels of the data, first and last seed.

        The runs of a job have the same data.
        """
        of_data = {factor for levels in self.datasets for factor, _ in levels}
        kinds: dict[Levels, dict[tuple, None]] = {}
        for key, run in self.runs.items():
            levels = tuple(pair for pair in run.levels if pair[0] in of_data)
            kinds.setdefault(levels, {})[key[:-1]] = None
        blocks = {}
        for levels in kinds:
            for start in range(0, len(self.seeds), self.block_size):
                some = self.seeds[start : start + self.block_size]
                runs = tuple(self.runs[*kind, some[0]] for kind in kinds[levels])
                blocks[levels, some[0], some[-1]] = settings.Block(runs, some)
        return blocks
