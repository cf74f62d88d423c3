"""A study: runs that are planned, summarised and drawn together."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from jfb.config import settings

#: The column of a study with `split_seeds` that tells its splits apart.
SPLIT = "split_seed"


@dataclass(frozen=True)
class Study:
    """A set of runs in the order of the configuration, by level of each factor, batch size, seed.

    `factors` names what the runs differ in besides, with the levels of each. With a `block_size`, a
    job trains that many seeds of every kind of run, and leaves a row per run and no logs. With
    `updates`, every run has that many updates, and not the same number of epochs. `splits` are the
    levels of the factor `split_seed`, where the study varies the split of its dataset.
    """

    dataset: str
    factors: Mapping[str, tuple[str, ...]]
    runs: Mapping[tuple[str | int, ...], settings.Run]
    block_size: int | None
    updates: int | None
    splits: tuple[str, ...] = ()

    @functools.cached_property
    def blocks(self) -> dict[tuple[str | None, int, int], settings.Block]:
        """The jobs of a study with a `block_size`, by split (None without), first and last seed.

        The runs of a job have the same data.
        """
        seeds = tuple(dict.fromkeys(key[-1] for key in self.runs))
        kinds: dict[str | None, dict[tuple, None]] = {}
        for key, run in self.runs.items():
            kinds.setdefault(dict(run.levels).get(SPLIT), {})[key[:-1]] = None
        blocks = {}
        for split in kinds:
            for start in range(0, len(seeds), self.block_size):
                some = seeds[start : start + self.block_size]
                runs = tuple(self.runs[*kind, some[0]] for kind in kinds[split])
                blocks[split, some[0], some[-1]] = settings.Block(runs, some)
        return blocks


def name_of_dataset(study: Study, split: str | None) -> str:
    """The name of the dataset of a study, of one of its splits if it has several."""
    return study.dataset if split is None else f"{study.dataset}_split_{split}"
