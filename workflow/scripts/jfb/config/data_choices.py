"""What a dataset can choose: where its points lie, and their target."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from jfb.config.choice import EVERY_ENGINE, Choice


class Geometry(Choice):
    """Where the points of a dataset lie."""

    #: Whether `position_seed` draws them.
    is_random: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class Diagonal(Geometry):
    """On the room's diagonal, as in the report's program."""

    name: Literal["diagonal"] = "diagonal"


@dataclass(frozen=True, kw_only=True)
class Uniform(Geometry):
    """Uniform in the room, drawn by `position_seed`."""

    name: Literal["uniform"] = "uniform"
    is_random = True


class Formula(Choice):
    """The target at a point."""


@dataclass(frozen=True, kw_only=True)
class Code(Formula):
    """That of the report's program."""

    name: Literal["code"] = "code"


@dataclass(frozen=True, kw_only=True)
class Printed(Formula):
    """That of the report's text."""

    name: Literal["printed"] = "printed"


@dataclass(frozen=True, kw_only=True)
class OwnFormula(Formula):
    """`formula_function` of the Python file `formula_file`, see docs/own.md."""

    name: Literal["own"] = "own"


class NoiseOn(Choice):
    """What the noise of a dataset is added to."""


@dataclass(frozen=True, kw_only=True)
class OnPosition(NoiseOn):
    """The points, before their target is computed, as in the report's program."""

    name: Literal["position"] = "position"


@dataclass(frozen=True, kw_only=True)
class OnInputs(NoiseOn):
    """The points, after their target was computed: what the network is shown."""

    name: Literal["inputs"] = "inputs"


@dataclass(frozen=True, kw_only=True)
class OnTargets(NoiseOn):
    """The targets."""

    name: Literal["targets"] = "targets"


class Loss(Choice):
    """What training minimises."""

    #: Whether its targets are classes.
    of_classes: ClassVar[bool] = False
    #: What figures call it.
    label: ClassVar[str]


@dataclass(frozen=True, kw_only=True)
class MSE(Loss):
    """Mean squared error; a prediction within accuracy_threshold is accurate."""

    engines = EVERY_ENGINE
    name: Literal["mse"] = "mse"
    label = "mean squared error"


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(Loss):
    """Cross-entropy of the class; a prediction of the right class is accurate."""

    engines = ("autograd",)
    name: Literal["cross_entropy"] = "cross_entropy"
    of_classes = True
    label = "cross-entropy"
