"""The configuration as a document: the shape that it must have.

Only the scheduler loads this, with pydantic: no job does.
"""

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le
from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    create_model,
)
from pydantic_core import PydanticCustomError

from jfb.config import names
from jfb.config.choices import BY_NAME, WITH_OPTIONS, Choice, Count, Engine, Positive
from jfb.config.data_document import AnyDataset, Seed, Strict
from jfb.config.settings import OPTIONAL


def _distinct(values: list) -> list:
    if len(set(values)) < len(values):
        raise PydanticCustomError("twice", "must not name anything twice")
    return values


def _not_empty(mapping: Strict) -> Strict:
    if not mapping.model_fields_set:
        raise PydanticCustomError("too_short", "must not be empty")
    return mapping


def _not_among(taken: tuple[str, ...]) -> Callable[[str], str]:
    """A check that a name is not taken."""

    def check(name: str) -> str:
        if name in taken:
            raise PydanticCustomError("taken", f"must not be one of: {', '.join(taken)}")
        return name

    return check


def _of_no_figure(name: str) -> str:
    if name.startswith(names.OF_FIGURES):
        raise PydanticCustomError("taken", f"must not start with {names.OF_FIGURES}")
    return name


def _names(pattern: str, taken: tuple[str, ...] = ()) -> Any:
    """The type of names of a pattern, of which some are taken."""
    return Annotated[str, StringConstraints(pattern=pattern), AfterValidator(_not_among(taken))]


def _list(of: Any) -> Any:
    """The type of a list that is not empty and has nothing twice."""
    unique = Field(min_length=1, json_schema_extra={"uniqueItems": True})
    return Annotated[list[of], unique, AfterValidator(_distinct)]


def _mapping(key: Any, value: Any) -> Any:
    """The type of a mapping that is not empty."""
    return Annotated[dict[key, value], Field(min_length=1)]


def _one_of(kind: type[Choice]) -> Any:
    """The type of a choice with options: one of its kind, told by its name."""
    return Annotated[
        functools.reduce(operator.or_, kind.all().values()), Field(discriminator="name")
    ]


Name = _names(names.NAME)
Level = _names(names.LEVEL)
Epochs = Annotated[int, Ge(1), Le(10_000_000)]
Updates = Annotated[int, Ge(1), Le(1_000_000_000)]
LatentDim = Annotated[int, Ge(1), Le(Engine.most_latent_dim)]


class SeedRange(Strict):
    """Seeds from the first to the last."""

    first: Seed
    last: Seed


Seeds = Annotated[
    Annotated[_list(Seed), Tag("list")] | Annotated[SeedRange, Tag("range")],
    Discriminator(
        lambda value: {list: "list", dict: "range"}.get(type(value)),
        custom_error_type="seeds",
        custom_error_message="must be a list, or a mapping with first and last",
    ),
]


class Phase(Strict):
    """A part of a run, of so many epochs or updates, before the batch size is the study's."""

    batch_size: Annotated[int, Ge(1)]
    epochs: Epochs = None
    updates: Updates = None


#: What a run chooses, by the key of a study that says it.
_CHOSEN = {name: Literal[tuple(kind.all())] for name, kind in BY_NAME.items()}
_CHOSEN |= {name: _one_of(kind) for name, kind in WITH_OPTIONS.items()}
#: What the levels of a factor may set, in the order of the configuration.
_OF_LEVEL = {
    "engine": _CHOSEN["engine"],
    "stream": _CHOSEN["stream"],
    "epochs": Epochs,
    "latent_dim": LatentDim,
    "activation": _CHOSEN["activation"],
    "loss": _CHOSEN["loss"],
    **{name: _CHOSEN[name] for name in WITH_OPTIONS},
    "batch_schedule": Annotated[list[Phase], Field(min_length=1)],
    "order_seed": Seed,
    "initial_scale": Positive,
    "threads": Annotated[int, Ge(1), Le(1024)],
    "device": _CHOSEN["device"],
    "dataset": str,
}
#: What has a default of its own where `defaults` leaves it out.
_LEFT_OUT = tuple(name for name in OPTIONAL if name in _OF_LEVEL)
#: What a study may set.
_OF_STUDY = {
    **_OF_LEVEL,
    "accuracy_threshold": Positive,
    "snapshots": Annotated[int, Ge(1), Le(10_000)],
}
#: What a key of a study is, in Markdown, for editors and pages; not of choices with options.
WHAT = {
    "batch_sizes": "Points of a batch, at most all training points. "
    "The last batch of an epoch has what is left.",
    "seeds": "Seeds of the runs: a list, or `first` and `last`.",
    "split_seeds": "Seeds of the split into training and validation points; "
    "every split is run with every seed.",
    "block_size": "Number of seeds that one job trains. It keeps a row per run, and no logs.",
    "updates": "Updates that each batch size is given, in place of `epochs`.",
    "factors": "What else varies: of each factor its levels, and what a level sets.",
    "engine": "The program that trains.",
    "stream": "How a seed draws starts and orders of samples.",
    "epochs": "Passes over the training points.",
    "latent_dim": "Components of the fixed point.",
    "activation": "The nonlinearity of T.",
    "loss": "What is minimised.",
    "batch_schedule": "Parts of a run, of some `epochs` or `updates`, "
    "before its batch size is that of the study.",
    "order_seed": "Draws the orders of samples in place of the seed; stream `per_seed`.",
    "initial_scale": "A factor of the initial parameters; stream `per_seed`.",
    "threads": "Threads of a run; engine `autograd`.",
    "device": "Where a run is computed: `cpu`, or in the engine `autograd` `cuda`.",
    "dataset": "Name of one of `datasets`. A level sets it only in a study with `block_size`.",
    "accuracy_threshold": "Largest absolute error of a prediction that counts as accurate, "
    "in units of the target.",
    "snapshots": "Number of epochs at which the parameters are kept, "
    "evenly spaced in their logarithm.",
}


def _optional(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (kind, _field(name, None)) for name, kind in fields.items()}


def _field(name: str, default: Any) -> Any:
    """A field, with what it is where that is told."""
    return Field(default, description=WHAT.get(name))


def _required(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (kind, _field(name, ...)) for name, kind in fields.items()}


Defaults = create_model(
    "Defaults",
    __base__=Strict,
    **_required({name: kind for name, kind in _OF_STUDY.items() if name not in _LEFT_OUT}),
    **_optional({name: _OF_STUDY[name] for name in _LEFT_OUT}),
)
Chosen = create_model("Chosen", __base__=Strict, **_optional(_OF_LEVEL))
_SETTING = Annotated[
    Chosen, AfterValidator(_not_empty), Field(json_schema_extra={"minProperties": 1})
]
_LEVELS = _mapping(Level, _SETTING)
Study = create_model(
    "Study",
    __base__=Strict,
    batch_sizes=(_list(Annotated[int, Ge(1)]), _field("batch_sizes", ...)),
    seeds=(Seeds, _field("seeds", ...)),
    **_optional({"split_seeds": Seeds, "block_size": Count, "updates": Updates} | _OF_STUDY),
    **_optional({"factors": _mapping(_names(names.NAME, names.NO_FACTORS), _LEVELS)}),
)


class Alignment(Strict):
    """JFB beside the exact gradient, along the runs of a study."""

    study: str
    tolerances: _list(Annotated[float, Ge(1e-12), Le(1)])


_OF_COST = {
    "batch_size": Count,
    "gradients": _mapping(Level, _CHOSEN["gradient"]),
    "latent_dim": LatentDim,
    "iterations": _list(Count),
    "latent_dims": _list(LatentDim),
    "iterations_at_latent_dims": Count,
    "repeats": Count,
}


class Catalogue(Strict):
    """From where minima are searched for."""

    studies: _list(str)
    seeds: Count
    starts: Count
    widths: _list(Annotated[float, Gt(0), Le(100)])
    hops: Count
    steps: Count


class Timed(Strict):
    """How an engine is timed."""

    seconds: Positive
    collectors: _list(Literal["running", "disabled", "frozen"])


_OF_TIMING = {
    "engines": _mapping(_CHOSEN["engine"], Timed),
    "stages": _list(Annotated[int, Ge(0)]),
    "repeats": Count,
}
Cost, Timing = (
    create_model(name, __base__=Strict, __doc__=what, **_required(fields))
    for name, what, fields in (
        ("Cost", "What one step costs, by gradient.", _OF_COST),
        ("Timing", "What an epoch takes, by engine.", _OF_TIMING),
    )
)
CostShort, TimingShort = (
    create_model(name, __base__=Strict, __doc__=what, **_optional(fields))
    for name, what, fields in (
        ("CostShort", "What replaces it in the short measurement of the cost.", _OF_COST),
        ("TimingShort", "What replaces it in the short measurement of the time.", _OF_TIMING),
    )
)


class Document(Strict):
    """Configuration of the workflow."""

    datasets: _mapping(Name, AnyDataset)
    defaults: Defaults
    studies: _mapping(
        Annotated[_names(names.NAME, names.NO_STUDIES), AfterValidator(_of_no_figure)],
        Study,
    )
    default_studies: _list(str)
    replay: str
    distribution: str
    trajectories: str
    alignment: Alignment
    cost: Cost
    cost_short: CostShort
    timing: Timing
    timing_short: TimingShort
    catalogue: Catalogue
