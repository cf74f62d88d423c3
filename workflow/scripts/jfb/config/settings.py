"""What a run is: frozen dataclasses, made from the checked configuration."""

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

#: By name of an engine, the module that has its function `train`.
ENGINE_MODULES = {
    "reference": "jfb.engines.reference",
    "dataloader": "jfb.engines.dataloader",
    "fused": "jfb.engines.fused.engine",
}
#: Columns of a dataset that are the coordinates of a point.
INPUTS = ("x", "y", "z")
_FLOAT32_EPSILON = 2.0**-23


class _Part:
    """What many runs have in common: its dictionary is made once, and not to be changed."""

    @functools.cached_property
    def _as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Dataset(_Part):
    """A set of points in the room, the target at each, and the split.

    Lengths are in metres. `formula` is `code` (what the report's program computes) or
    `printed` (what its text prints); `noise_std` is in metres.
    """

    geometry: str
    formula: str
    length: float
    width: float
    height: float
    points: int
    noise_std: float
    noise_seed: int
    training_share: float
    split_seed: int

    @property
    def training_size(self) -> int:
        """Number of training points; the others are for validation."""
        return round(self.points * self.training_share)


@dataclass(frozen=True)
class Network(_Part):
    """Dimensions of the network: `input_dim` of a point, `latent_dim` of the fixed point.

    `activation` is the nonlinearity of T.
    """

    input_dim: int
    latent_dim: int
    activation: str = "relu"


@dataclass(frozen=True)
class Solver(_Part):
    """How the fixed point is found; what a solver does not have is None.

    `tolerance` bounds the infinity norm of u - T(u; d), `max_iterations` the applications of T;
    `memory` is the number of earlier iterates that it draws on, and `applications` the number that
    makes an explicit network.
    """

    name: str
    tolerance: float | None = None
    max_iterations: int | None = None
    memory: int | None = None
    applications: int | None = None


@dataclass(frozen=True)
class Gradient(_Part):
    """How the loss is differentiated with respect to the parameters; see `jfb.model.gradients`.

    What a gradient does not have is None: `order` of the Neumann series, `steps` and `damping` of
    the phantom gradient, `adjoint` of the implicit gradient (how its system is solved, see
    `jfb.model.adjoints`) and its `tolerance` where that is iterated.
    """

    name: str
    order: int | None = None
    steps: int | None = None
    damping: float | None = None
    tolerance: float | None = None
    adjoint: str | None = None


@dataclass(frozen=True)
class Contraction(_Part):
    """How the latent map is kept contractive, if it is: see `jfb.model.contraction`.

    `bound` is the largest spectral norm that the latent weight may have, None where it is free.
    """

    name: str
    bound: float | None = None

    def ceiling(self, latent_dim: int) -> float:
        """The largest singular value to leave, so that rounding to float32 keeps the bound.

        Rounding changes an (n, n) weight of spectral norm c by at most c sqrt(n) eps / 2 in the
        Frobenius norm, and so its spectral norm.
        """
        return self.bound * (1 - _FLOAT32_EPSILON * latent_dim**0.5)


@dataclass(frozen=True)
class Optimiser(_Part):
    """How a gradient becomes a step (Adam: Kingma and Ba 2015, algorithm 1)."""

    name: str
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float


@dataclass(frozen=True)
class Run(_Part):
    """One training run, complete: two equal runs have equal logs.

    `predecessors` is the number of runs that the stream has served before this one (the
    report's stream runs through all batch sizes of a study, in their order).
    `accuracy_threshold` is the largest absolute error of a prediction that counts as accurate.
    `snapshots` is the number of epochs, evenly spaced in their logarithm, at which the parameters
    are kept. `levels` names the place of the run among those of its study that differ in more than
    batch size and seed: pairs of a factor and its level.
    """

    dataset: Dataset
    network: Network
    solver: Solver
    gradient: Gradient
    contraction: Contraction
    optimiser: Optimiser
    engine: str
    stream: str
    seed: int
    predecessors: int
    batch_size: int
    epochs: int
    accuracy_threshold: float
    snapshots: int
    levels: tuple[tuple[str, str], ...] = ()

    @functools.cached_property
    def _as_dict(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        parts = {k: v._as_dict for k, v in values.items() if isinstance(v, _Part)}
        return values | parts | {"levels": [list(pair) for pair in self.levels]}

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries and lists of plain values, for JSON; not to be changed."""
        return self._as_dict

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The run that `to_dict` wrote down."""
        parts = {
            "dataset": Dataset,
            "network": Network,
            "solver": Solver,
            "gradient": Gradient,
            "contraction": Contraction,
            "optimiser": Optimiser,
        }
        made = {k: parts[k](**v) if k in parts else v for k, v in values.items()}
        return cls(**made | {"levels": tuple((factor, level) for factor, level in made["levels"])})


@dataclass(frozen=True)
class Block:
    """What a job of many runs carries out: each of `runs` from each of `seeds`."""

    runs: tuple[Run, ...]
    seeds: tuple[int, ...]

    def each(self) -> list[Run]:
        """Every run, with its seed: all seeds of the first, then of the next."""
        return [dataclasses.replace(run, seed=seed) for run in self.runs for seed in self.seeds]

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries and lists of plain values, for JSON."""
        return {"runs": [run.to_dict() for run in self.runs], "seeds": list(self.seeds)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The block that `to_dict` wrote down."""
        return cls(tuple(map(Run.from_dict, values["runs"])), tuple(values["seeds"]))


@dataclass(frozen=True)
class Timed:
    """How an engine is timed: seconds of a measurement, and states of Python's collector.

    The states are those of `jfb.measure.collector`.
    """

    seconds: float
    collectors: tuple[str, ...]


@dataclass(frozen=True)
class Timing:
    """What is timed, see `jfb.measure.timing`: engines, stages and rounds.

    `stages` are epochs of the runs at which a measurement starts.
    """

    engines: Mapping[str, Timed]
    stages: tuple[int, ...]
    repeats: int

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries and lists of plain values, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What `to_dict` wrote down."""
        engines = {
            name: Timed(float(wanted["seconds"]), tuple(wanted["collectors"]))
            for name, wanted in values["engines"].items()
        }
        return cls(engines, tuple(values["stages"]), values["repeats"])


@dataclass(frozen=True)
class Cost:
    """What the cost of a step is measured for; see `jfb.measure.cost`.

    Pairs of a name and a gradient, at `latent_dim` for each number of fixed-point `iterations`, and
    for each of `latent_dims` at `iterations_at_latent_dims`; medians over `repeats`.
    """

    batch_size: int
    gradients: tuple[tuple[str, Gradient], ...]
    latent_dim: int
    iterations: tuple[int, ...]
    latent_dims: tuple[int, ...]
    iterations_at_latent_dims: int
    repeats: int

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries and lists of plain values, for JSON."""
        named = {name: dataclasses.asdict(gradient) for name, gradient in self.gradients}
        return dataclasses.asdict(self) | {"gradients": named}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What `to_dict` wrote down."""
        named = tuple((name, Gradient(**part)) for name, part in values["gradients"].items())
        lists = {key: tuple(values[key]) for key in ("iterations", "latent_dims")}
        return cls(**values | lists | {"gradients": named})
