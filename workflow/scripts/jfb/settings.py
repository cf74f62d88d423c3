"""What a run is: frozen dataclasses, made from the checked configuration."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Dataset:
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
class Network:
    """Dimensions of the network: `input_dim` of a point, `latent_dim` of the fixed point."""

    input_dim: int
    latent_dim: int


@dataclass(frozen=True)
class Solver:
    """How the fixed point is found; `tolerance` bounds the infinity norm of u - T(u; d)."""

    name: str
    tolerance: float
    max_iterations: int


@dataclass(frozen=True)
class Gradient:
    """How the loss is differentiated with respect to the parameters."""

    name: str


@dataclass(frozen=True)
class Optimiser:
    """How a gradient becomes a step (Adam: Kingma and Ba 2015, algorithm 1)."""

    name: str
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float


@dataclass(frozen=True)
class Run:
    """One training run, complete: two equal runs have equal logs.

    `predecessors` is the number of runs that the stream has served before this one (the
    report's stream runs through all batch sizes of a study, in their order).
    `accuracy_threshold` is the largest absolute error of a prediction that counts as accurate.
    """

    dataset: Dataset
    network: Network
    solver: Solver
    gradient: Gradient
    optimiser: Optimiser
    engine: str
    stream: str
    seed: int
    predecessors: int
    batch_size: int
    epochs: int
    accuracy_threshold: float

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries of plain values, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The run that `to_dict` wrote down."""
        parts = {
            "dataset": Dataset,
            "network": Network,
            "solver": Solver,
            "gradient": Gradient,
            "optimiser": Optimiser,
        }
        return cls(**{k: parts[k](**v) if k in parts else v for k, v in values.items()})


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
