"""From the configuration to the runs: what its values mean, and which of them go together."""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jfb.config import checks, choices, requirements, settings
from jfb.config.errors import ConfigError
from jfb.config.settings import INPUTS
from jfb.config.study import SPLIT, Study, name_of_dataset
from jfb.config.validation import checked

#: Seeds that a study may name, and runs that there may be: planning takes a second for every few
#: thousand.
MOST_SEEDS = 100_000
MOST_RUNS = 500_000


@dataclass(frozen=True)
class Project:
    """The whole configuration."""

    datasets: Mapping[str, settings.Dataset]
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
    datasets = {name: settings.Dataset(**values) for name, values in config["datasets"].items()}
    for name, dataset in datasets.items():
        if not 0 < dataset.training_size < dataset.points:
            raise ConfigError(
                f"datasets.{name}.training_share",
                dataset.training_share,
                f"must leave at least one of {dataset.points} points to each part",
            )
    for name, values in config["studies"].items():
        if {"updates", "epochs"} <= values.keys():
            allowed = "must not be set beside epochs, which follow from it"
            raise ConfigError(f"studies.{name}.updates", values["updates"], allowed)
    studies: dict[str, Study] = {}
    for name, values in config["studies"].items():
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
        raise ConfigError(
            "distribution", config["distribution"], "must be another study than replay"
        )
    seeds = {run.seed for run in studies[config["replay"]].runs.values()}
    if len(seeds) > 1:
        raise ConfigError(
            "replay", config["replay"], f"must be a study with one seed, not {len(seeds)}"
        )
    checks.require_alignable(alignment, studies[alignment["study"]])
    costs = {key: config["cost"] | config[key] for key in ("cost", "cost_short")}
    for key, cost in costs.items():
        dataset = datasets[studies[alignment["study"]].dataset]
        checks.require_measurable(key, settings.Cost.from_dict(cost), dataset)
    timings = {key: config["timing"] | config[key] for key in ("timing", "timing_short")}
    replayed = config["defaults"] | config["studies"][config["replay"]]
    for key, timing in timings.items():
        for engine in timing["engines"]:
            checks.require_able(f"{key}.engines.{engine}", replayed | {"engine": engine})
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
    )


def _study(
    key: str,
    entry: Mapping[str, Any],
    datasets: Mapping[str, settings.Dataset],
    most_runs: int,
) -> Study:
    checks.require_one_of(f"{key}.dataset", entry["dataset"], datasets)
    training_size = datasets[entry["dataset"]].training_size
    for batch_size in entry["batch_sizes"]:
        if batch_size > training_size:
            raise ConfigError(
                f"{key}.batch_sizes",
                batch_size,
                f"must be at most {training_size}, the number of training points",
            )
    if "updates" in entry and entry["stream"] == "report":
        allowed = "needs the stream per_seed: in the report's, all batch sizes have the same epochs"
        raise ConfigError(f"{key}.updates", entry["updates"], allowed)
    factors = entry.get("factors", {})
    checks.require_separate(f"{key}.factors", factors)
    splits = _splits(key, entry)
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
        checks.require_able(place, chosen)
        named = tuple(zip(factors, levels, strict=True))
        dataset = datasets[entry["dataset"]]
        for run in _runs(seeds, chosen, dataset, named):
            if not splits:
                runs[*levels, run.batch_size, run.seed] = run
            for split in splits:
                resplit = dataclasses.replace(
                    run,
                    dataset=dataclasses.replace(dataset, split_seed=int(split)),
                    levels=(*named, (SPLIT, split)),
                )
                runs[*levels, split, run.batch_size, run.seed] = resplit
    named_levels = {factor: tuple(levels) for factor, levels in factors.items()}
    return Study(
        entry["dataset"],
        named_levels,
        runs,
        entry.get("block_size"),
        entry.get("updates"),
        splits,
    )


def _of_splits(
    studies: Mapping[str, Study], datasets: Mapping[str, settings.Dataset]
) -> dict[str, settings.Dataset]:
    """The datasets of the studies that vary the split, by name."""
    made = {}
    for name, study in studies.items():
        for split in study.splits:
            made[name_of_dataset(study, split)] = dataclasses.replace(
                datasets[study.dataset], split_seed=int(split)
            )
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
    seeds: Sequence[int],
    entry: Mapping[str, Any],
    dataset: settings.Dataset,
    levels: tuple[tuple[str, str], ...],
) -> Iterator[settings.Run]:
    """The runs of a study at one level of each factor, by batch size and seed."""
    parts = {name: kind.from_dict(entry[name]) for name, kind in choices.WITH_OPTIONS.items()}
    parts["dataset"] = dataset
    parts["network"] = settings.Network(len(INPUTS), entry["latent_dim"], entry["activation"])
    for position, batch_size in enumerate(entry["batch_sizes"]):
        for seed in seeds:
            yield settings.Run(
                **parts,
                engine=entry["engine"],
                stream=entry["stream"],
                seed=seed,
                predecessors=position if entry["stream"] == "report" else 0,
                batch_size=batch_size,
                epochs=_epochs(entry, batch_size, dataset.training_size),
                accuracy_threshold=entry["accuracy_threshold"],
                snapshots=entry["snapshots"],
                levels=levels,
            )


def _epochs(entry: Mapping[str, Any], batch_size: int, training_size: int) -> int:
    """The epochs of a run: those named, or the fewest that make the updates that are named."""
    if "updates" not in entry:
        return entry["epochs"]
    return math.ceil(entry["updates"] / math.ceil(training_size / batch_size))


def _seeds(key: str, seeds: list[int] | Mapping[str, int]) -> Sequence[int]:
    """The seeds that a list names, or a mapping with the first and the last."""
    if isinstance(seeds, list):
        return seeds
    first, last = seeds["first"], seeds["last"]
    if not first <= last < first + MOST_SEEDS:
        allowed = f"must be at least first, {first}, and make at most {MOST_SEEDS} seeds"
        raise ConfigError(f"{key}.last", last, allowed)
    return range(first, last + 1)
