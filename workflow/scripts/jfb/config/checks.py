"""Which values of a configuration go together; each check refuses those that do not.

All raise a `ConfigError` of the first finding.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jfb.config import datasets, settings
from jfb.config.choice import STEPPING
from jfb.config.choices import BY_NAME, WITH_OPTIONS, Engine, Gradient
from jfb.config.data_choices import Geometry
from jfb.config.errors import ConfigError
from jfb.config.gradient_choices import ADJOINTS, DIRECT, Implicit
from jfb.config.network_choices import Cell
from jfb.config.step_choices import TRAINED, Schedule

#: Solvers whose iterates the unrolled gradient can go through.
ITERATED = {"picard", "explicit"}
#: Ways to solve for the adjoint that take a tolerance, in the engine reference.
ITERATED_ADJOINTS = {"picard", "anderson"}
#: Latent dimensions for which the fused engine solves and projects: both are small and direct.
FUSED_DIRECT = DIRECT
_SMALL = (
    ("gradient", "implicit"),
    ("contraction", "projection"),
    ("contraction", "parametrization"),
)


def require_separate(key: str, factors: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Refuse factors that set the same key: one of them would win."""
    owners: dict[str, str] = {}
    for factor, levels in factors.items():
        for level, entry in levels.items():
            for choice, value in entry.items():
                owner = owners.setdefault(choice, factor)
                if owner != factor:
                    allowed = f"must be set by one factor only, and {owner} sets it too"
                    raise ConfigError(f"{key}.{factor}.{level}.{choice}", value, allowed)


def require_distinct(key: str, levels: Iterable[str]) -> None:
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


def require_different(
    key: str, levels: Mapping[str, Mapping[str, Any]], entry: Mapping[str, Any]
) -> None:
    """Refuse a level of a factor with the same runs as another."""
    known: list[tuple[Mapping[str, Any], str]] = []
    for level, chosen in levels.items():
        for other, name in known:
            if entry | chosen == entry | other:
                allowed = f"must set something else than {name}: their runs are the same"
                raise ConfigError(f"{key}.{level}", chosen, allowed)
        known.append((chosen, level))


def require_new(
    key: str, levels: Iterable[str], run: settings.Run, known: dict[settings.Run, str]
) -> None:
    """Refuse levels with the same runs as others, which `known` has by a run without its levels."""
    named = ", ".join(levels)
    if other := known.get(run):
        allowed = f"must set something else than {other}: their runs are the same"
        raise ConfigError(key, named, allowed)
    known[run] = named


def require_one_length(key: str, study: Mapping[str, Any]) -> None:
    """Refuse a study that names both its updates and its epochs."""
    if {"updates", "epochs"} <= study.keys():
        allowed = "must not be set beside epochs, which follow from it"
        raise ConfigError(f"{key}.updates", study["updates"], allowed)


def require_updatable(key: str, level: Mapping[str, Any]) -> None:
    """Refuse a level of a study with updates whose runs would not have them."""
    if "epochs" in level:
        allowed = "must not be set beside updates, which epochs follow from"
        raise ConfigError(f"{key}.epochs", level["epochs"], allowed)
    if level.get("stream") == "report":
        allowed = "must be per_seed beside updates: in report, all batch sizes have the same epochs"
        raise ConfigError(f"{key}.stream", level["stream"], allowed)


def require_small_enough(key: str, batch_sizes: Iterable[int], training_size: int) -> None:
    """Refuse batches that are larger than the training part."""
    for batch_size in batch_sizes:
        if batch_size > training_size:
            allowed = f"must be at most {training_size}, the number of training points"
            raise ConfigError(key, batch_size, allowed)


def require_whole(key: str, entry: Mapping[str, Any], training_size: int) -> None:
    """Refuse mini-batches where the engine takes all of the data in each step."""
    if Engine.all()[entry["engine"]].steps_by_batch:
        return
    for batch_size in entry["batch_sizes"]:
        if batch_size != training_size:
            allowed = f"must be {training_size}, all training points, for engine {entry['engine']}"
            raise ConfigError(key, batch_size, allowed)


def require_phases(key: str, phases: Sequence[Mapping[str, int]], training_size: int) -> None:
    """Refuse phases of a batch schedule with larger batches, or without one length."""
    require_small_enough(key, (phase["batch_size"] for phase in phases), training_size)
    for phase in phases:
        if len({"epochs", "updates"} & phase.keys()) != 1:
            allowed = "must have batch_size, and either epochs or updates"
            raise ConfigError(key, phase, allowed)


def require_epochs_left(key: str, entry: Mapping[str, Any], left: int) -> None:
    """Refuse a batch schedule that leaves the batch size of the study no epoch."""
    if left < 1:
        of_all = "updates" if "updates" in entry else "epochs"
        allowed = f"must leave at least one epoch of {entry[of_all]} {of_all} to the batch size"
        raise ConfigError(f"{key}.batch_schedule", entry["batch_schedule"], allowed)


def require_updates_left(key: str, schedule: Schedule, updates: int) -> None:
    """Refuse a warm-up that takes all updates of a run."""
    if schedule.warm_up >= updates:
        allowed = f"must be less than {updates}, the updates of a run"
        raise ConfigError(f"{key}.schedule.warm_up", schedule.warm_up, allowed)


def require_two_parts(key: str, dataset: datasets.AnyDataset) -> None:
    """Refuse a split that leaves too little to one of the parts."""
    if not dataset.fewest <= dataset.training_size <= dataset.points - dataset.fewest:
        allowed = f"must leave at least {dataset.fewest} of {dataset.points} points to each part"
        raise ConfigError(f"{key}.training_share", dataset.training_share, allowed)


def require_seed_of_positions(key: str, dataset: datasets.AnyDataset) -> None:
    """Refuse a random geometry without a seed, and a seed of one that is not."""
    if not isinstance(dataset, datasets.Dataset):
        return
    is_random = Geometry.all()[dataset.geometry].is_random
    if is_random and dataset.position_seed is None:
        raise ConfigError(
            f"{key}.position_seed", None, f"is missing; geometry {dataset.geometry} needs it"
        )
    if not is_random and dataset.position_seed is not None:
        allowed = f"must be left out: nothing is drawn for geometry {dataset.geometry}"
        raise ConfigError(f"{key}.position_seed", dataset.position_seed, allowed)


def require_used_tolerance(key: str, gradient: Gradient, latent_dim: int) -> None:
    """Refuse a tolerance of an implicit gradient that is solved without iteration."""
    if not isinstance(gradient, Implicit) or gradient.tolerance is None:
        return
    if gradient.adjoint in ITERATED_ADJOINTS:
        return
    iterated = " or ".join(sorted(ITERATED_ADJOINTS))
    if gradient.adjoint:
        allowed = f"must be set with the adjoint {iterated} only, not {gradient.adjoint}"
        raise ConfigError(f"{key}.tolerance", gradient.tolerance, allowed)
    if latent_dim <= DIRECT:
        allowed = (
            f"must not be set up to latent_dim {DIRECT}, where the gradient is solved directly "
            f"unless its adjoint is {iterated}"
        )
        raise ConfigError(f"{key}.tolerance", gradient.tolerance, allowed)


def require_of_reference(key: str, gradient: Gradient) -> None:
    """Refuse a gradient of the cost, or its adjoint, that the engine reference does not have."""
    _require_offered(f"{key}.name", gradient.name, "reference", gradient.engines)
    if isinstance(gradient, Implicit) and gradient.adjoint:
        able = ADJOINTS[gradient.adjoint]
        _require_offered(f"{key}.adjoint", gradient.adjoint, "reference", able)


def require_used_adjoint(key: str, entry: Mapping[str, Any]) -> None:
    """Refuse a way to solve for the adjoint that the engine or the activation does not have."""
    adjoint = entry["gradient"].get("adjoint")
    if adjoint:
        _require_offered(f"{key}.gradient.adjoint", adjoint, entry["engine"], ADJOINTS[adjoint])
    if adjoint == "patterns" and entry["activation"] != "relu":
        allowed = f"needs the activation relu, not {entry['activation']}"
        raise ConfigError(f"{key}.gradient.adjoint", adjoint, allowed)


def require_able(key: str, entry: Mapping[str, Any]) -> None:
    """Refuse what the engine of a study, or of a level of its factors, does not have.

    Args:
        key: the place of the study or the level.
        entry: the value of every key that a study may set, with the names of choices that exist.
    """
    engine = entry["engine"]
    for kind in ("stream", "activation", "loss", "device"):
        able = BY_NAME[kind].all()[entry[kind]].engines
        _require_offered(f"{key}.{kind}", entry[kind], engine, able)
    for kind, choice in WITH_OPTIONS.items():
        chosen = choice.from_dict(entry[kind])
        _require_offered(f"{key}.{kind}.name", chosen.name, engine, chosen.engines)
        if engine not in chosen.able():
            given = ", ".join(f"{k} {v}" for k, v in chosen.to_dict().items() if k != "name")
            _require_offered(f"{key}.{kind}", f"{chosen.name}, {given}", engine, chosen.able())
        if unusable := chosen.unusable():
            option, allowed = unusable
            raise ConfigError(f"{key}.{kind}.{option}", entry[kind][option], allowed)
    if entry["contraction"]["name"] != "none" and not _chosen_network(entry).affine:
        allowed = f"needs the network report, not {entry['network']['name']}"
        raise ConfigError(f"{key}.contraction.name", entry["contraction"]["name"], allowed)
    if entry["threads"] > 1:
        _require_offered(f"{key}.threads", entry["threads"], engine, ("autograd",))
    if "batch_schedule" in entry:
        _require_offered(f"{key}.batch_schedule", entry["batch_schedule"], engine, TRAINED)
    if "order_seed" in entry:
        _require_offered(f"{key}.order_seed", entry["order_seed"], engine, STEPPING)
    if "order_seed" in entry and entry["stream"] != "per_seed":
        allowed = f"needs the stream per_seed, not {entry['stream']}"
        raise ConfigError(f"{key}.order_seed", entry["order_seed"], allowed)
    if entry["initial_scale"] != 1:
        _require_scaled(f"{key}.initial_scale", entry)
    latent_dim = entry["latent_dim"]
    able = [n for n, e in Engine.all().items() if latent_dim <= e.most_latent_dim]
    _require_offered(f"{key}.latent_dim", latent_dim, engine, able)
    gradient, solver = entry["gradient"]["name"], entry["solver"]["name"]
    if gradient == "unrolled" and solver not in ITERATED:
        allowed = f"needs a solver that iterates T only: {', '.join(sorted(ITERATED))}"
        raise ConfigError(f"{key}.gradient.name", gradient, f"{allowed}, not {solver}")
    if solver == "explicit" and gradient != "unrolled":
        allowed = "has no fixed point, and needs the gradient unrolled"
        raise ConfigError(f"{key}.solver.name", solver, f"{allowed}, not {gradient}")
    if solver == "explicit" and entry["regulariser"]["name"] == "jacobian":
        allowed = "needs a fixed point, which the solver explicit does not look for"
        raise ConfigError(f"{key}.regulariser.name", "jacobian", allowed)
    if gradient == "unrolled" and entry["solver"].get("start", "zero") != "zero":
        allowed = "needs a search from u = 0, not from start previous"
        raise ConfigError(f"{key}.gradient.name", gradient, allowed)
    require_used_adjoint(key, entry)
    if engine != "autograd":
        require_used_tolerance(f"{key}.gradient", Gradient.from_dict(entry["gradient"]), latent_dim)
    if engine == "fused" and latent_dim > FUSED_DIRECT:
        _require_small(key, entry)


def _chosen_network(entry: Mapping[str, Any]) -> type[Cell]:
    """The class of the network that a study, or a level of its factors, names."""
    return WITH_OPTIONS["network"].all()[entry["network"]["name"]]


def _require_scaled(key: str, entry: Mapping[str, Any]) -> None:
    if entry["stream"] != "per_seed":
        allowed = f"needs the stream per_seed, not {entry['stream']}"
        raise ConfigError(key, entry["initial_scale"], allowed)
    if _chosen_network(entry).draws_itself:
        allowed = f"the network {entry['network']['name']} draws its start itself"
        raise ConfigError(key, entry["initial_scale"], allowed)


def _require_offered(key: str, value: object, engine: str, able: Iterable[str]) -> None:
    if engine not in able:
        allowed = f"is not offered by engine {engine}, but by: {', '.join(able)}"
        raise ConfigError(key, value, allowed)


def _require_small(key: str, entry: Mapping[str, Any]) -> None:
    """Refuse what the fused engine does directly, in small latent spaces only."""
    for kind, name in _SMALL:
        if entry[kind]["name"] == name and entry[kind].get("norm") != "infinity":
            allowed = f"must be at most {FUSED_DIRECT} for {name} in engine fused"
            raise ConfigError(f"{key}.latent_dim", entry["latent_dim"], allowed)


def require_one_of(key: str, value: str, known: Mapping[str, Any]) -> None:
    """Refuse a name that is none of those known."""
    if value not in known:
        raise ConfigError(key, value, f"must be one of: {', '.join(known)}")
