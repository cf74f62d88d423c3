"""From the configuration to the runs: what its values mean, and which of them go together."""

import functools
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jfb import requirements, settings
from jfb.dataset import INPUTS
from jfb.schema import ConfigError, require_schema

#: What each engine can do, by the key of a study that chooses it.
ENGINES = {
    "reference": {
        "stream": {"report", "per_seed"},
        "activation": {"relu", "tanh"},
        "solver": {"picard", "anderson", "broyden", "explicit"},
        "gradient": {"jfb", "neumann", "implicit", "phantom", "unrolled"},
        "contraction": {"none", "projection", "parametrization"},
        "optimiser": {"adam"},
    },
    "dataloader": {
        "stream": {"report", "per_seed"},
        "activation": {"relu"},
        "solver": {"picard"},
        "gradient": {"jfb"},
        "contraction": {"none"},
        "optimiser": {"adam"},
    },
    "fused": {
        "stream": {"report", "per_seed"},
        "activation": {"relu"},
        "solver": {"picard"},
        "gradient": {"jfb", "neumann", "implicit"},
        "contraction": {"none", "projection"},
        "optimiser": {"adam"},
        # The kernel is compiled for each dimension: ten seconds at 256, and more than linear.
        "latent_dim": range(1, 257),
    },
}
#: Solvers whose iterates the unrolled gradient can go through.
ITERATED = {"picard", "explicit"}
#: Largest latent dimension at which the implicit gradient is solved directly: that of
#: `jfb.adjoints`, which needs torch.
DIRECT = 32
#: Latent dimensions for which the fused engine solves and projects: both are small and direct.
FUSED_DIRECT = DIRECT
#: Snapshots of a run that an alignment needs, or one per epoch where there are fewer epochs.
FEWEST_SNAPSHOTS = 30
#: Seeds that a study may name, and runs that there may be: planning takes a second for every few
#: thousand.
MOST_SEEDS = 100_000
MOST_RUNS = 500_000


@dataclass(frozen=True)
class Study:
    """A set of runs in the order of the configuration, by level of each factor, batch size, seed.

    `factors` names what the runs differ in besides, with the levels of each. With a `block_size`, a
    job trains that many seeds of every kind of run, and leaves a row per run and no logs. With
    `updates`, every run has that many updates, and not the same number of epochs.
    """

    dataset: str
    factors: Mapping[str, tuple[str, ...]]
    runs: Mapping[tuple[str | int, ...], settings.Run]
    block_size: int | None
    updates: int | None

    @functools.cached_property
    def blocks(self) -> dict[tuple[int, int], settings.Block]:
        """The jobs of a study with a `block_size`, by first and last seed."""
        kinds = dict.fromkeys(key[:-1] for key in self.runs)
        seeds = tuple(dict.fromkeys(key[-1] for key in self.runs))
        blocks = {}
        for start in range(0, len(seeds), self.block_size):
            some = seeds[start : start + self.block_size]
            runs = tuple(self.runs[*kind, some[0]] for kind in kinds)
            blocks[some[0], some[-1]] = settings.Block(runs, some)
        return blocks


@dataclass(frozen=True)
class Project:
    """The whole configuration."""

    datasets: Mapping[str, settings.Dataset]
    studies: Mapping[str, Study]
    default_studies: tuple[str, ...]
    replay: str
    distribution: str
    alignment: str
    cost: settings.Cost
    timing: settings.Timing


def load(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Project:
    """Check a configuration and make its datasets and runs.

    Args:
        config: as read from YAML.
        schema: JSON Schema (draft 2020-12) that it must satisfy.

    Returns:
        The project.

    Raises:
        ConfigError: something is wrong; the first finding.
    """
    require_schema(config, schema)
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
        choices = config["defaults"] | values
        studies[name] = _study(f"studies.{name}", choices, datasets, MOST_RUNS - planned)
    for name in config["default_studies"]:
        _require_one_of("default_studies", name, studies)
    for key in requirements.ROLES:
        _require_one_of(key, config[key], studies)
        for needs in requirements.ROLES[key]:
            requirements.require(key, config[key], needs, studies[config[key]])
    if config["distribution"] == config["replay"]:
        raise ConfigError(
            "distribution", config["distribution"], "must be another study than replay"
        )
    seeds = {run.seed for run in studies[config["replay"]].runs.values()}
    if len(seeds) > 1:
        raise ConfigError(
            "replay", config["replay"], f"must be a study with one seed, not {len(seeds)}"
        )
    _require_alignable(config["alignment"], studies[config["alignment"]])
    cost = settings.Cost.from_dict(config["cost"])
    _require_measurable(cost, datasets[studies[config["alignment"]].dataset])
    replayed = config["defaults"] | config["studies"][config["replay"]]
    for engine in config["timing"]["engines"]:
        _require_able(f"timing.engines.{engine}", replayed | {"engine": engine})
    return Project(
        datasets=datasets,
        studies=studies,
        default_studies=tuple(config["default_studies"]),
        replay=config["replay"],
        distribution=config["distribution"],
        alignment=config["alignment"],
        cost=cost,
        timing=settings.Timing.from_dict(config["timing"]),
    )


def _study(
    key: str,
    choices: Mapping[str, Any],
    datasets: Mapping[str, settings.Dataset],
    most_runs: int,
) -> Study:
    _require_one_of(f"{key}.dataset", choices["dataset"], datasets)
    training_size = datasets[choices["dataset"]].training_size
    for batch_size in choices["batch_sizes"]:
        if batch_size > training_size:
            raise ConfigError(
                f"{key}.batch_sizes",
                batch_size,
                f"must be at most {training_size}, the number of training points",
            )
    if "updates" in choices and choices["stream"] == "report":
        allowed = "needs the stream per_seed: in the report's, all batch sizes have the same epochs"
        raise ConfigError(f"{key}.updates", choices["updates"], allowed)
    factors = choices.get("factors", {})
    _require_separate(f"{key}.factors", factors)
    for factor, levels in factors.items():
        _require_distinct(f"{key}.factors.{factor}", levels)
        _require_different(f"{key}.factors.{factor}", levels, choices)
    runs = {}
    each = math.prod(map(len, factors.values())) * len(choices["batch_sizes"])
    seeds = _seeds(f"{key}.seeds", choices["seeds"])
    if each * len(seeds) > most_runs:
        allowed = f"must make at most {most_runs} runs, and each seed makes {each}"
        raise ConfigError(f"{key}.seeds", choices["seeds"], allowed)
    for levels in itertools.product(*factors.values()):
        place, chosen = key, dict(choices)
        for factor, level in zip(factors, levels, strict=True):
            place = f"{key}.factors.{factor}.{level}"
            chosen |= factors[factor][level]
            if "updates" in choices:
                _require_updatable(place, factors[factor][level])
        _require_able(place, chosen)
        named = tuple(zip(factors, levels, strict=True))
        for run in _runs(seeds, chosen, datasets[choices["dataset"]], named):
            runs[*levels, run.batch_size, run.seed] = run
    named_levels = {factor: tuple(levels) for factor, levels in factors.items()}
    return Study(
        choices["dataset"], named_levels, runs, choices.get("block_size"), choices.get("updates")
    )


def _runs(
    seeds: Sequence[int],
    choices: Mapping[str, Any],
    dataset: settings.Dataset,
    levels: tuple[tuple[str, str], ...],
) -> Iterator[settings.Run]:
    """The runs of a study at one level of each factor, by batch size and seed."""
    for position, batch_size in enumerate(choices["batch_sizes"]):
        for seed in seeds:
            yield settings.Run(
                dataset=dataset,
                network=settings.Network(len(INPUTS), choices["latent_dim"], choices["activation"]),
                solver=settings.Solver(**choices["solver"]),
                gradient=settings.Gradient(**choices["gradient"]),
                contraction=settings.Contraction(**choices["contraction"]),
                optimiser=settings.Optimiser(**choices["optimiser"]),
                engine=choices["engine"],
                stream=choices["stream"],
                seed=seed,
                predecessors=position if choices["stream"] == "report" else 0,
                batch_size=batch_size,
                epochs=_epochs(choices, batch_size, dataset.training_size),
                accuracy_threshold=choices["accuracy_threshold"],
                snapshots=choices["snapshots"],
                levels=levels,
            )


def _epochs(choices: Mapping[str, Any], batch_size: int, training_size: int) -> int:
    """The epochs of a run: those named, or the fewest that make the updates that are named."""
    if "updates" not in choices:
        return choices["epochs"]
    return math.ceil(choices["updates"] / math.ceil(training_size / batch_size))


def _seeds(key: str, seeds: list[int] | Mapping[str, int]) -> Sequence[int]:
    """The seeds that a list names, or a mapping with the first and the last."""
    if isinstance(seeds, list):
        return seeds
    first, last = seeds["first"], seeds["last"]
    if not first <= last < first + MOST_SEEDS:
        allowed = f"must be at least first, {first}, and make at most {MOST_SEEDS} seeds"
        raise ConfigError(f"{key}.last", last, allowed)
    return range(first, last + 1)


def _require_separate(key: str, factors: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Refuse factors that set the same key: one of them would win."""
    owners: dict[str, str] = {}
    for factor, levels in factors.items():
        for level, choices in levels.items():
            for choice, value in choices.items():
                owner = owners.setdefault(choice, factor)
                if owner != factor:
                    allowed = f"must be set by one factor only, and {owner} sets it too"
                    raise ConfigError(f"{key}.{factor}.{level}.{choice}", value, allowed)


def _require_distinct(key: str, levels: Iterable[str]) -> None:
    """Refuse levels that a reader of the folders makes one: pandas raises, polars merges them."""
    known: dict[Any, str] = {}
    for level in levels:
        other = known.setdefault(_as_read(level), level)
        if other != level:
            allowed = f"is read as the same value as {other!r}: their names must differ as values"
            raise ConfigError(key, level, allowed)


def _as_read(level: str) -> Any:
    """The number or date that readers of `<factor>=<level>` folders take a level for, or the text.

    pyarrow, pandas and DuckDB know integers, with 0x and 0b too; polars also decimal numbers and
    dates with points.
    """
    if re.fullmatch(r"\d+", level):
        return int(level)
    if re.fullmatch(r"0x[0-9a-f]+|0b[01]+", level):
        return int(level, 0)
    if re.fullmatch(r"\d+\.\d+\.\d+", level):
        return tuple(map(int, level.split(".")))
    try:
        return level if "_" in level else float(level)
    except ValueError:
        return level


def _require_different(
    key: str, levels: Mapping[str, Mapping[str, Any]], choices: Mapping[str, Any]
) -> None:
    """Refuse a level of a factor with the same runs as another."""
    known: list[tuple[Mapping[str, Any], str]] = []
    for level, chosen in levels.items():
        for other, name in known:
            if choices | chosen == choices | other:
                allowed = f"must set something else than {name}: their runs are the same"
                raise ConfigError(f"{key}.{level}", chosen, allowed)
        known.append((chosen, level))


def _require_updatable(key: str, level: Mapping[str, Any]) -> None:
    """Refuse a level of a study with updates whose runs would not have them."""
    if "epochs" in level:
        allowed = "must not be set beside updates, which epochs follow from"
        raise ConfigError(f"{key}.epochs", level["epochs"], allowed)
    if level.get("stream") == "report":
        allowed = "must be per_seed beside updates: in report, all batch sizes have the same epochs"
        raise ConfigError(f"{key}.stream", level["stream"], allowed)


def _require_alignable(name: str, study: Study) -> None:
    """Refuse a study along whose runs the JFB and the exact gradient can't be compared."""
    for run in study.runs.values():
        if run.gradient.name != "jfb":
            allowed = f"must be a study trained with the gradient jfb, not {run.gradient.name}"
            raise ConfigError("alignment", name, allowed)
        needed = min(FEWEST_SNAPSHOTS, run.epochs)
        if run.snapshots < needed:
            allowed = f"must be a study with at least {needed} snapshots, not {run.snapshots}"
            raise ConfigError("alignment", name, allowed)


def _require_measurable(cost: settings.Cost, dataset: settings.Dataset) -> None:
    """Refuse what the cost of a step can't be measured for, on this dataset."""
    if cost.batch_size > dataset.training_size:
        allowed = f"must be at most {dataset.training_size}, the training points of `alignment`"
        raise ConfigError("cost.batch_size", cost.batch_size, allowed)
    latent_dim = max(cost.latent_dim, *cost.latent_dims)
    _require_distinct("cost.gradients", dict(cost.gradients))
    for name, gradient in cost.gradients:
        _require_used_tolerance(f"cost.gradients.{name}", gradient.tolerance, latent_dim)


def _require_used_tolerance(key: str, tolerance: float | None, latent_dim: int) -> None:
    """Refuse a tolerance of an implicit gradient that is solved without iteration."""
    if tolerance is not None and latent_dim <= DIRECT:
        allowed = (
            f"must not be set up to latent_dim {DIRECT}, where the gradient is solved directly"
        )
        raise ConfigError(f"{key}.tolerance", tolerance, allowed)


def _require_able(key: str, choices: Mapping[str, Any]) -> None:
    """Refuse a choice that the study's engine does not have."""
    for choice, offered in ENGINES[choices["engine"]].items():
        nested = isinstance(choices[choice], Mapping)
        name = choices[choice]["name"] if nested else choices[choice]
        if name not in offered:
            able = [
                engine
                for engine, offers in ENGINES.items()
                if choice not in offers or name in offers[choice]
            ]
            raise ConfigError(
                f"{key}.{choice}" + (".name" if nested else ""),
                name,
                f"is not offered by engine {choices['engine']}, but by: {', '.join(able)}",
            )
    gradient, solver = choices["gradient"]["name"], choices["solver"]["name"]
    if gradient == "unrolled" and solver not in ITERATED:
        allowed = f"needs a solver that iterates T only: {', '.join(sorted(ITERATED))}"
        raise ConfigError(f"{key}.gradient.name", gradient, f"{allowed}, not {solver}")
    if solver == "explicit" and gradient != "unrolled":
        allowed = "has no fixed point, and needs the gradient unrolled"
        raise ConfigError(f"{key}.solver.name", solver, f"{allowed}, not {gradient}")
    _require_used_tolerance(
        f"{key}.gradient", choices["gradient"].get("tolerance"), choices["latent_dim"]
    )
    direct = [
        part
        for part, name in (("gradient", "implicit"), ("contraction", "projection"))
        if choices[part]["name"] == name
    ]
    if direct and choices["engine"] == "fused" and choices["latent_dim"] > FUSED_DIRECT:
        allowed = f"must be at most {FUSED_DIRECT} for {choices[direct[0]]['name']} in engine fused"
        raise ConfigError(f"{key}.latent_dim", choices["latent_dim"], allowed)


def _require_one_of(key: str, value: str, known: Mapping[str, Any]) -> None:
    if value not in known:
        raise ConfigError(key, value, f"must be one of: {', '.join(known)}")
