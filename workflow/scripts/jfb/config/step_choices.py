"""What a run can choose about its steps: the optimiser, and how its learning rate changes."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from jfb.config.choice import EVERY_ENGINE, STEPPING, Choice, Count, Decay, Positive

#: Those of them that a run can be trained with, not timed only.
TRAINED = ("reference", "fused", "autograd")

#: Those that know where a layer begins and ends.
_BY_LAYER = ("reference", "autograd")

Updates = Annotated[int, Ge(1), Le(1_000_000_000)]
Fraction = Annotated[float, Ge(0), Le(1)]


class Optimiser(Choice):
    """How a gradient becomes a step."""


@dataclass(frozen=True, kw_only=True)
class _Stepping:
    learning_rate: Positive
    #: Times the parameters, added to the gradient (L2).
    weight_decay: Annotated[float, Ge(0), Le(1_000_000)] = 0.0


@dataclass(frozen=True, kw_only=True)
class _Decoupling(_Stepping):
    #: Whether the decay is taken from the parameters, at the learning rate, before the step.
    decoupled: bool = False

    def unusable(self) -> tuple[str, str] | None:
        """Weight decay that is decoupled needs to be there."""
        if self.decoupled and not self.weight_decay:
            return "decoupled", "needs a weight_decay above 0"
        return None


@dataclass(frozen=True, kw_only=True)
class Adam(_Decoupling, Optimiser):
    """Adam (Kingma and Ba 2015, algorithm 1); `decoupled`, AdamW (Loshchilov and Hutter 2019)."""

    engines = STEPPING
    name: Literal["adam"] = "adam"
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    epsilon: Positive = 1e-8


@dataclass(frozen=True, kw_only=True)
class SGD(_Decoupling, Optimiser):
    """Gradient descent with momentum, Nesterov's if `nesterov` is true."""

    engines = TRAINED
    name: Literal["sgd"] = "sgd"
    momentum: Decay = 0.0
    nesterov: bool = False

    def unusable(self) -> tuple[str, str] | None:
        """Nesterov's step without momentum is a plain one."""
        if self.nesterov and not self.momentum:
            return "nesterov", "needs a momentum above 0"
        return super().unusable()


@dataclass(frozen=True, kw_only=True)
class LARS(_Stepping, Optimiser):
    """SGD with momentum; each layer's step is `trust` times its norm (You et al. 2017).

    A layer is a weight or a bias, with values w, gradient g and weight decay c: momentum takes
    trust norm(w) / (norm(g) + c norm(w)) (g + c w) in place of g.
    """

    engines = _BY_LAYER
    name: Literal["lars"] = "lars"
    momentum: Decay = 0.9
    trust: Positive = 1e-3


@dataclass(frozen=True, kw_only=True)
class LAMB(_Stepping, Optimiser):
    """Adam whose step has the norm of the layer, times the rate (You et al. 2020, algorithm 2).

    A layer is a weight or a bias. Weight decay times its values is added to the direction of Adam.
    """

    engines = _BY_LAYER
    name: Literal["lamb"] = "lamb"
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    epsilon: Positive = 1e-6


@dataclass(frozen=True, kw_only=True)
class _OfTheFullBatch:
    #: The largest entry of the gradient of the loss at which a run ends.
    smallest_gradient: Annotated[float, Ge(0), Le(1)] = 1e-9


@dataclass(frozen=True, kw_only=True)
class LevenbergMarquardt(_OfTheFullBatch, Optimiser):
    """Levenberg-Marquardt with Nielsen's damping (Madsen et al. 2004, algorithm 3.16).

    `damping` is relative to the largest diagonal entry of the first J^T J; 0 is Gauss-Newton.
    """

    engines = ("full_batch",)
    name: Literal["levenberg_marquardt"] = "levenberg_marquardt"
    damping: Annotated[float, Ge(0), Le(1_000_000)] = 1e-3


@dataclass(frozen=True, kw_only=True)
class LBFGS(_OfTheFullBatch, Optimiser):
    """L-BFGS with a line search on the loss and `memory` updates (Byrd et al. 1995, in SciPy)."""

    engines = ("full_batch",)
    name: Literal["lbfgs"] = "lbfgs"
    memory: Annotated[int, Ge(1), Le(1000)] = 10


class LearningRateRule(Choice):
    """How the learning rate follows the batch size."""


@dataclass(frozen=True, kw_only=True)
class SameRate(LearningRateRule):
    """The same learning rate at every batch size."""

    engines = EVERY_ENGINE
    name: Literal["constant"] = "constant"
    power = 0.0
    anchor = 1


@dataclass(frozen=True, kw_only=True)
class SquareRoot(LearningRateRule):
    """The learning rate times the root of batch size / `anchor` (Hoffer et al. 2017)."""

    engines = TRAINED
    name: Literal["sqrt"] = "sqrt"
    #: Batch size at which the learning rate is the optimiser's.
    anchor: Count
    power = 0.5


@dataclass(frozen=True, kw_only=True)
class Proportional(LearningRateRule):
    """The learning rate times batch size / `anchor` (Goyal et al. 2017)."""

    engines = TRAINED
    name: Literal["linear"] = "linear"
    #: Batch size at which the learning rate is the optimiser's.
    anchor: Count
    power = 1.0


class Schedule(Choice):
    """How the learning rate changes along a run, update by update."""


@dataclass(frozen=True, kw_only=True)
class _WarmedUp:
    #: Updates over which the learning rate first rises in equal steps to what the schedule starts
    #: from.
    warm_up: Annotated[int, Ge(0), Le(1_000_000_000)] = 0


@dataclass(frozen=True, kw_only=True)
class Constant(_WarmedUp, Schedule):
    """The learning rate stays as it is; after `warm_up` updates, where the engine has a warm-up."""

    engines = EVERY_ENGINE
    name: Literal["constant"] = "constant"

    def able(self) -> tuple[str, ...]:
        """Engines that have it: the dataloader's and that of the full batch have no warm-up."""
        return TRAINED if self.warm_up else self.engines


@dataclass(frozen=True, kw_only=True)
class Step(_WarmedUp, Schedule):
    """The learning rate times `gamma` after every `step_size` updates."""

    engines = TRAINED
    name: Literal["step"] = "step"
    step_size: Updates
    gamma: Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True, kw_only=True)
class Cosine(_WarmedUp, Schedule):
    """Half a cosine down to `end_factor` times the learning rate (Loshchilov and Hutter 2017)."""

    engines = TRAINED
    name: Literal["cosine"] = "cosine"
    end_factor: Fraction = 0.0


@dataclass(frozen=True, kw_only=True)
class Linear(_WarmedUp, Schedule):
    """In equal steps down to `end_factor` times the learning rate."""

    engines = TRAINED
    name: Literal["linear"] = "linear"
    end_factor: Fraction = 0.0


@dataclass(frozen=True, kw_only=True)
class Polynomial(_WarmedUp, Schedule):
    """The learning rate times (share of the updates that are left) to the `power`."""

    engines = TRAINED
    name: Literal["polynomial"] = "polynomial"
    power: Positive
