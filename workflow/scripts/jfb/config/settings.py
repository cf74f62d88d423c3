"""What a run is: frozen dataclasses, made from the checked configuration."""

import dataclasses
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from jfb.config import choices, datasets, network_choices, step_choices
from jfb.config.datasets import AnyDataset

_REPORT = network_choices.Report()


@dataclass(frozen=True)
class Network:
    """A network: `input_dim` of a point, `latent_dim` of the fixed point, `outputs` of the readout.

    `activation` is the nonlinearity of T, and `cell` what else T is. `image` is channels, height
    and width of an input that is a picture.
    """

    input_dim: int
    latent_dim: int
    activation: str = "relu"
    cell: network_choices.Cell = _REPORT
    outputs: int = 1
    image: tuple[int, int, int] | None = None

    @property
    def is_reports(self) -> bool:
        """Whether it is affine before its activation and has one output, as the report's."""
        return self.cell.affine and self.outputs == 1

    def to_dict(self) -> dict[str, Any]:
        """The values by name; of those that the report's network does not name, what differs."""
        told = vars(self) | {"cell": self.cell.to_dict(), "image": self.image and [*self.image]}
        return {key: value for key, value in told.items() if value != _LIKE_THE_REPORTS.get(key)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The network that `to_dict` wrote down."""
        told = _LIKE_THE_REPORTS | values
        cell, image = network_choices.Cell.from_dict(told["cell"]), told["image"]
        return cls(**told | {"cell": cell, "image": image and tuple(image)})


_LIKE_THE_REPORTS = {"cell": _REPORT.to_dict(), "outputs": 1, "image": None}


_SAME_RATE, _CONSTANT = step_choices.SameRate(), step_choices.Constant()
_NO_REGULARISER = choices.NoRegulariser()


@dataclass(frozen=True)
class Run:
    """One training run, complete: two equal runs have equal logs.

    `predecessors` is the number of runs that the stream has served before this one (the
    report's stream runs through all batch sizes of a study, in their order).
    `accuracy_threshold` is the largest absolute error of a prediction that counts as accurate.
    `snapshots` is the number of epochs, evenly spaced in their logarithm, at which the parameters
    are kept. `levels` names the place of the run among those of its study that differ in more than
    batch size and seed: pairs of a factor and its level. `batch_schedule` are pairs of a number of
    epochs and the batch size that they have, before the others have `batch_size`. `order_seed`
    draws the orders of the samples, where that is not the seed. `initial_scale` is a factor of the
    initial parameters. `loss` is what is minimised. It is computed on a `device`, by so many
    `threads`.
    """

    dataset: AnyDataset
    network: Network
    solver: choices.Solver
    gradient: choices.Gradient
    contraction: choices.Contraction
    optimiser: choices.Optimiser
    engine: str
    stream: str
    seed: int
    predecessors: int
    batch_size: int
    epochs: int
    accuracy_threshold: float
    snapshots: int
    levels: tuple[tuple[str, str], ...] = ()
    learning_rate_rule: step_choices.LearningRateRule = _SAME_RATE
    schedule: step_choices.Schedule = _CONSTANT
    regulariser: choices.Regulariser = _NO_REGULARISER
    batch_schedule: tuple[tuple[int, int], ...] = ()
    order_seed: int | None = None
    initial_scale: float = 1.0
    loss: str = "mse"
    threads: int = 1
    device: str = "cpu"

    @property
    def phases(self) -> tuple[tuple[int, int], ...]:
        """Pairs of a number of epochs and the batch size that they have, in order."""
        before = sum(epochs for epochs, _ in self.batch_schedule)
        return *self.batch_schedule, (self.epochs - before, self.batch_size)

    def batch_size_of(self, epoch: int) -> int:
        """The batch size of an epoch, counted from 0; that of the last for all after it."""
        for epochs, batch_size in self.batch_schedule:
            if epoch < epochs:
                return batch_size
            epoch -= epochs
        return self.batch_size

    def updates_by(self, epoch: int, samples: int) -> int:
        """Updates of the parameters in the first `epoch` epochs on so many training samples."""
        updates = 0
        for epochs, batch_size in self.phases:
            some = min(epoch, epochs)
            updates += some * math.ceil(samples / batch_size)
            epoch -= some
        return updates

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries and lists of plain values, for JSON; not to be changed.

        What is at its default is left out: an option that is newer than a log changes neither the
        log nor what its job was told. Runs share the dictionaries of what they have in common, of
        which a plan of thousands would hold as many.
        """
        told = vars(self) | {name: _told(getattr(self, name)) for name in _PARTS}
        told |= {name: [list(pair) for pair in told[name]] for name in _PAIRS}
        return {key: value for key, value in told.items() if value != LEFT_OUT.get(key)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The run that `to_dict` wrote down.

        Raises:
            KeyError, TypeError: it is none that this version knows.
        """
        made = LEFT_OUT | values
        made |= {name: kind.from_dict(made[name]) for name, kind in choices.OF_RUN.items()}
        made |= {
            "dataset": datasets.from_dict(made["dataset"]),
            "network": Network.from_dict(made["network"]),
        }
        return cls(**made | {name: tuple(map(tuple, made[name])) for name in _PAIRS})


_PARTS = ("dataset", "network", *choices.OF_RUN)
_PAIRS = ("levels", "batch_schedule")
#: What is left out where it is so, as `Run.to_dict` would have it.
LEFT_OUT = {
    "levels": [],
    "learning_rate_rule": {"name": "constant"},
    "schedule": {"name": "constant"},
    "regulariser": {"name": "none"},
    "batch_schedule": [],
    "order_seed": None,
    "initial_scale": 1.0,
    "loss": "mse",
    "threads": 1,
    "device": "cpu",
}
#: Defaults of a configuration, of what its `defaults` may leave out.
OPTIONAL = LEFT_OUT | {"network": _REPORT.to_dict()}


@functools.cache
def _told(part: AnyDataset | Network | choices.Choice) -> dict[str, Any]:
    return part.to_dict()


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
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The block that `to_dict` wrote down."""
        return cls(tuple(map(Run.from_dict, values["runs"])), tuple(values["seeds"]))


@dataclass(frozen=True)
class Catalogue:
    """From where minima are searched for, see `jfb.measure.descents`.

    From the final networks of the first `seeds` seeds of each of `studies`; from as many `starts`
    of each of `widths`, of which shares are told of the first; and by so many `hops` from the
    lowest. A search has at most so many `steps`.
    """

    studies: tuple[str, ...]
    seeds: int
    starts: int
    widths: tuple[float, ...]
    hops: int
    steps: int

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From the checked configuration."""
        return cls(**values | {key: tuple(values[key]) for key in ("studies", "widths")})


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
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
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
    gradients: tuple[tuple[str, choices.Gradient], ...]
    latent_dim: int
    iterations: tuple[int, ...]
    latent_dims: tuple[int, ...]
    iterations_at_latent_dims: int
    repeats: int

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries and lists of plain values, for JSON."""
        named = {name: gradient.to_dict() for name, gradient in self.gradients}
        return dataclasses.asdict(self) | {"gradients": named}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` wrote down."""
        named = tuple(
            (name, choices.Gradient.from_dict(part)) for name, part in values["gradients"].items()
        )
        lists = {key: tuple(values[key]) for key in ("iterations", "latent_dims")}
        return cls(**values | lists | {"gradients": named})
