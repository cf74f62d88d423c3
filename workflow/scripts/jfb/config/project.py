"""From the configuration to the runs: what its values mean, and which of them go together."""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jfb.config import (
    checks,
    choices,
    lengths,
    measurements,
    networks,
    own_files,
    requirements,
    settings,
)
from jfb.config.datasets import AnyDataset, from_dict
from jfb.config.errors import ConfigError
from jfb.config.study import SPLIT, Levels, Study
from jfb.config.validation import checked

#: Seeds that a study may name, and runs that there may be: planning takes a second for every few
#: thousand.
MOST_SEEDS = 100_000
MOST_RUNS = 500_000


@dataclass(frozen=True)
class Project:
    """The whole configuration."""

    datasets: Mapping[str, AnyDataset]
    studies: Mapping[str, Study]
    default_studies: tuple[str, ...]
    replay: str
    distribution: str
    trajectories: str
    alignment: str
    alignment_tolerances: tuple[float, ...]
    cost: settings.Cost
    cost_short: settings.Cost
    timing: settings.Timing
    timing_short: settings.Timing
    catalogue: settings.Catalogue

    @property
    def made_by_default(self) -> set[str]:
        """The studies that are made where no target is named."""
        return {self.replay, self.distribution, *self.default_studies}


def load(config: Mapping[str, Any]) -> Project:
    """Check a configuration, as read from YAML, and make its datasets and runs.

    Raises:
        ConfigError: something is wrong; the first finding.
    """
    config = checked(config)
    datasets = {name: from_dict(values) for name, values in config["datasets"].items()}
    for name, dataset in datasets.items():
        checks.require_two_parts(f"datasets.{name}", dataset)
        checks.require_seed_of_positions(f"datasets.{name}", dataset)
        own_files.require_of_dataset(f"datasets.{name}", dataset)
    studies: dict[str, Study] = {}
    for name, values in config["studies"].items():
        checks.require_one_length(f"studies.{name}", values)
        planned = sum(len(study.runs) for study in studies.values())
        entry = config["defaults"] | values
        studies[name] = _study(f"studies.{name}", entry, datasets, MOST_RUNS - planned)
    datasets |= _of_splits(studies, datasets)
    for name in config["default_studies"]:
        checks.require_one_of("default_studies", name, studies)
    alignment = config["alignment"]
    named = {key: config[key] for key in ("replay", "distribution", "trajectories")}
    for key, name in (named | {"alignment.study": alignment["study"]}).items():
        checks.require_one_of(key, name, studies)
        for needs in requirements.ROLES[key]:
            requirements.require(key, name, needs, studies[name])
    if config["distribution"] == config["replay"]:
        allowed = "must be another study than replay"
        raise ConfigError("distribution", config["distribution"], allowed)
    seeds = {run.seed for run in studies[config["replay"]].runs.values()}
    if len(seeds) > 1:
        raise ConfigError(
            "replay", config["replay"], f"must be a study with one seed, not {len(seeds)}"
        )
    measurements.require_alignable(alignment, studies[alignment["study"]])
    costs = {key: config["cost"] | config[key] for key in ("cost", "cost_short")}
    for key, cost in costs.items():
        dataset = datasets[studies[alignment["study"]].dataset]
        measurements.require_measurable(key, settings.Cost.from_dict(cost), dataset)
    timings = {key: config["timing"] | config[key] for key in ("timing", "timing_short")}
    replayed = config["defaults"] | config["studies"][config["replay"]]
    for key, timing in timings.items():
        for engine in timing["engines"]:
            checks.require_able(f"{key}.engines.{engine}", replayed | {"engine": engine})
    catalogue = settings.Catalogue.from_dict(config["catalogue"])
    measurements.require_catalogued(catalogue, studies)
    return Project(
        datasets=datasets,
        studies=studies,
        default_studies=tuple(config["default_studies"]),
        replay=config["replay"],
        distribution=config["distribution"],
        trajectories=config["trajectories"],
        alignment=alignment["study"],
        alignment_tolerances=tuple(alignment["tolerances"]),
        **{key: settings.Cost.from_dict(cost) for key, cost in costs.items()},
        **{key: settings.Timing.from_dict(timing) for key, timing in timings.items()},
        catalogue=catalogue,
    )


def _study(
    key: str,
    entry: Mapping[str, Any],
    datasets: Mapping[str, AnyDataset],
    most_runs: int,
) -> Study:
    checks.require_one_of(f"{key}.dataset", entry["dataset"], datasets)
    if "updates" in entry and entry["stream"] == "report":
        allowed = "needs the stream per_seed: in the report's, all batch sizes have the same epochs"
        raise ConfigError(f"{key}.updates", entry["updates"], allowed)
    factors = entry.get("factors", {})
    checks.require_separate(f"{key}.factors", factors)
    splits = _splits(key, entry)
    of_data = _of_data(f"{key}.factors", factors, "block_size" in entry)
    names: dict[Levels, str] = {}
    known: dict[settings.Run, str] = {}
    for factor, levels in factors.items():
        checks.require_distinct(f"{key}.factors.{factor}", levels)
        checks.require_different(f"{key}.factors.{factor}", levels, entry)
    runs = {}
    each = math.prod(map(len, factors.values())) * len(entry["batch_sizes"]) * max(1, len(splits))
    seeds = _seeds(f"{key}.seeds", entry["seeds"])
    if each * len(seeds) > most_runs:
        allowed = f"must make at most {most_runs} runs, and each seed makes {each}"
        raise ConfigError(f"{key}.seeds", entry["seeds"], allowed)
    for levels in itertools.product(*factors.values()):
        place, chosen = key, dict(entry)
        for factor, level in zip(factors, levels, strict=True):
            place = f"{key}.factors.{factor}.{level}"
            chosen |= factors[factor][level]
            if "updates" in entry:
                checks.require_updatable(place, factors[factor][level])
        checks.require_one_of(f"{place}.dataset", chosen["dataset"], datasets)
        dataset = datasets[chosen["dataset"]]
        checks.require_small_enough(
            f"{key}.batch_sizes", chosen["batch_sizes"], dataset.training_size
        )
        checks.require_whole(f"{key}.batch_sizes", chosen, dataset.training_size)
        checks.require_phases(
            f"{place}.batch_schedule", chosen.get("batch_schedule", ()), dataset.training_size
        )
        checks.require_able(place, chosen)
        own_files.require_of_run(place, chosen)
        named = tuple(zip(factors, levels, strict=True))
        among = tuple(pair for pair in named if pair[0] in of_data)
        for split in splits:
            names[*among, (SPLIT, split)] = f"{chosen['dataset']}_split_{split}"
        if not splits:
            names[among] = chosen["dataset"]
        resplit = {split: dataclasses.replace(dataset, split_seed=int(split)) for split in splits}
        made = list(_runs(place, seeds, chosen, dataset, named))
        checks.require_new(place, levels, dataclasses.replace(made[0], levels=()), known)
        for run in made:
            if not splits:
                runs[*levels, run.batch_size, run.seed] = run
            for split, other in resplit.items():
                runs[*levels, split, run.batch_size, run.seed] = _changed(
                    run, dataset=other, levels=(*named, (SPLIT, split))
                )
    named_levels = {factor: tuple(levels) for factor, levels in factors.items()}
    return Study(
        entry["dataset"],
        named_levels,
        runs,
        entry.get("block_size"),
        entry.get("updates"),
        names,
    )


def _of_data(key: str, factors: Mapping[str, Mapping[str, Any]], has_blocks: bool) -> set[str]:
    """The factors that choose the dataset."""
    found = {
        factor
        for factor, levels in factors.items()
        if any("dataset" in chosen for chosen in levels.values())
    }
    if found and not has_blocks:
        allowed = "needs block_size: a study that varies the dataset keeps a row per run, no logs"
        raise ConfigError(key, *found, allowed)
    return found


def _of_splits(
    studies: Mapping[str, Study], datasets: Mapping[str, AnyDataset]
) -> dict[str, AnyDataset]:
    """The datasets of the studies that vary the split, by name."""
    made = {}
    for name, study in studies.items():
        for levels, dataset in study.datasets.items():
            if not levels or levels[-1][0] != SPLIT:
                continue
            whole = dataset.removesuffix(f"_split_{levels[-1][1]}")
            made[dataset] = dataclasses.replace(datasets[whole], split_seed=int(levels[-1][1]))
        for taken in sorted(made.keys() & datasets):
            allowed = f"is what studies.{name} calls one of its splits; rename it"
            raise ConfigError("datasets", taken, allowed)
    return made


def _splits(key: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The seeds of the splits that a study varies, as levels of a factor; none if it does not."""
    if "split_seeds" not in entry:
        return ()
    if "block_size" not in entry:
        allowed = "needs block_size: a study that varies the split keeps a row per run, no logs"
        raise ConfigError(f"{key}.split_seeds", entry["split_seeds"], allowed)
    if SPLIT in entry.get("factors", {}):
        raise ConfigError(f"{key}.factors", SPLIT, "is what split_seeds varies; rename it")
    return tuple(map(str, _seeds(f"{key}.split_seeds", entry["split_seeds"])))


def _runs(
    place: str,
    seeds: Sequence[int],
    entry: Mapping[str, Any],
    dataset: AnyDataset,
    levels: Levels,
) -> Iterator[settings.Run]:
    """The runs of a study at one level of each factor, by batch size and seed."""
    parts = {name: kind.from_dict(entry[name]) for name, kind in choices.OF_RUN.items()}
    parts["dataset"] = dataset
    parts["network"] = networks.made(place, entry, dataset)
    phases = lengths.phases(entry, dataset.training_size)
    for position, batch_size in enumerate(entry["batch_sizes"]):
        epochs = lengths.epochs(entry, batch_size, dataset.training_size, phases)
        checks.require_epochs_left(place, entry, epochs - sum(count for count, _ in phases))
        first = settings.Run(
            **parts,
            engine=entry["engine"],
            stream=entry["stream"],
            seed=seeds[0],
            predecessors=position if entry["stream"] == "report" else 0,
            batch_size=batch_size,
            epochs=epochs,
            accuracy_threshold=entry["accuracy_threshold"],
            snapshots=entry["snapshots"],
            levels=levels,
            batch_schedule=phases,
            order_seed=entry.get("order_seed"),
            initial_scale=entry["initial_scale"],
            loss=entry["loss"],
            threads=entry["threads"],
            device=entry["device"],
        )
        updates = first.updates_by(epochs, dataset.training_size)
        checks.require_updates_left(place, first.schedule, updates)
        yield from (_changed(first, seed=seed) for seed in seeds)


def _changed(run: settings.Run, **fields: Any) -> settings.Run:
    """A copy with other fields, in a tenth of the time of `dataclasses.replace`.

    A configuration has thousands, and every command reads it.
    """
    copy = object.__new__(settings.Run)
    vars(copy).update(vars(run), **fields)
    return copy


def _seeds(key: str, seeds: list[int] | Mapping[str, int]) -> Sequence[int]:
    """The seeds that a list names, or a mapping with the first and the last."""
    if isinstance(seeds, list):
        return seeds
    first, last = seeds["first"], seeds["last"]
    if not first <= last < first + MOST_SEEDS:
        allowed = f"must be at least first, {first}, and make at most {MOST_SEEDS} seeds"
        raise ConfigError(f"{key}.last", last, allowed)
    return range(first, last + 1)
