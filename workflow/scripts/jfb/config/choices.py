"""What a run can choose: its solver, contraction, activation, stream, and what has its own module.

Each choice is one class: its name, its options with their bounds, what it is in one line, and the
engines that have it. The checks of a configuration and their messages, the JSON Schema for editors,
the tables of docs, and what jobs are told and logs store all follow from the classes. Its
implementation is a class or a module elsewhere, of the same name.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from jfb.config.choice import (
    EVERY_ENGINE,
    Choice,
    Count,
    Positive,
    Share,
)
from jfb.config.data_choices import Formula, Geometry, Loss, NoiseOn
from jfb.config.engine_choices import Device, Engine
from jfb.config.gradient_choices import UNROLLING, Gradient
from jfb.config.network_choices import Cell
from jfb.config.step_choices import TRAINED, LearningRateRule, Optimiser, Schedule

_FLOAT32_EPSILON = 2.0**-23
#: Units up to which all activation patterns of a network are tried: 2^8.
MOST_UNITS = 8


# These engines compute in PyTorch, one of them in float64.
_IN_TORCH = ("reference", "autograd", "full_batch")
# Those that know the latent weight; autograd does of the network report.
_WEIGHING = ("reference", "fused")


class Solver(Choice):
    """How the fixed point u = T(u; d) is found."""


@dataclass(frozen=True, kw_only=True)
class _Iterated:
    """Stops when the infinity norm of u - T(u; d) over the batch is below `tolerance`."""

    tolerance: Positive
    #: Applications of T.
    max_iterations: Count


@dataclass(frozen=True, kw_only=True)
class Picard(_Iterated, Solver):
    """u <- T(u; d) from u = 0; or from a sample's `previous` point, where the engine keeps it."""

    engines = EVERY_ENGINE
    name: Literal["picard"] = "picard"
    #: That of a sample's first visit is 0 either way (Huang et al. 2021).
    start: Literal["zero", "previous"] = "zero"

    def able(self) -> tuple[str, ...]:
        """Engines that have it: the others remember nothing."""
        return self.engines if self.start == "zero" else TRAINED


@dataclass(frozen=True, kw_only=True)
class Anderson(_Iterated, Solver):
    """Anderson's iteration on `memory` earlier iterates."""

    engines = _IN_TORCH
    name: Literal["anderson"] = "anderson"
    memory: Annotated[int, Ge(1), Le(1000)]


@dataclass(frozen=True, kw_only=True)
class Broyden(_Iterated, Solver):
    """Broyden's method, restarted after `memory` updates."""

    engines = _IN_TORCH
    name: Literal["broyden"] = "broyden"
    memory: Annotated[int, Ge(1), Le(1000)]


@dataclass(frozen=True, kw_only=True)
class Explicit(Solver):
    """T `applications` times: no fixed point, but a feedforward network."""

    engines = UNROLLING
    name: Literal["explicit"] = "explicit"
    applications: Count


class Contraction(Choice):
    """How the latent map is kept contractive: by the spectral norm of its weight."""


@dataclass(frozen=True, kw_only=True)
class Free(Contraction):
    """The latent map is free."""

    engines = EVERY_ENGINE
    name: Literal["none"] = "none"


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """Keeps a norm of the latent weight at most `bound`."""

    bound: Share

    def ceiling(self, latent_dim: int) -> float:
        """The largest norm to leave, so that rounding to float32 keeps the bound.

        Rounding changes an (n, n) weight of spectral norm c by at most c sqrt(n) eps / 2 in the
        Frobenius norm, and so its spectral norm; and one of infinity norm c by at most c eps / 2.
        """
        return self.bound * (1 - _FLOAT32_EPSILON * latent_dim**0.5)


@dataclass(frozen=True, kw_only=True)
class Projection(Bounded, Contraction):
    """After each step, the nearest latent weight whose `norm` is at most `bound`.

    Spectral: singular values are cut. Infinity: each row is projected onto an l1 ball
    (El Ghaoui et al. 2019).
    """

    engines = (*_WEIGHING, "autograd")
    # LAPACK decomposes in the reference.
    exact = False
    name: Literal["projection"] = "projection"
    norm: Literal["spectral", "infinity"] = "spectral"


@dataclass(frozen=True, kw_only=True)
class Parametrization(Bounded, Contraction):
    """The latent weight is V min(1, `bound` / norm of V) of a free V; the gradient goes through."""

    engines = _WEIGHING
    # LAPACK decomposes in the reference.
    exact = False
    name: Literal["parametrization"] = "parametrization"


class Regulariser(Choice):
    """What keeps the network from fitting its samples alone; no loss of a log has a penalty."""


@dataclass(frozen=True, kw_only=True)
class NoRegulariser(Regulariser):
    """The loss, and nothing else."""

    engines = EVERY_ENGINE
    name: Literal["none"] = "none"


@dataclass(frozen=True, kw_only=True)
class JacobianRegulariser(Regulariser):
    """`weight` times the mean square of v^T J at the fixed point, v Gaussian (Bai et al. 2021).

    The mean is over `vectors` draws of v: it estimates the square of J's Frobenius norm for each
    component of u. A batch has the penalty with the probability `frequency`. The fixed point is
    held while it is differentiated.
    """

    engines = ("autograd",)
    name: Literal["jacobian"] = "jacobian"
    weight: Positive
    frequency: Annotated[float, Gt(0), Le(1)] = 1.0
    vectors: Annotated[int, Ge(1), Le(1000)] = 1


@dataclass(frozen=True, kw_only=True)
class InjectionDropout(Regulariser):
    """A `share` of what T takes of the inputs is 0 in training, drawn anew for each batch.

    What is left is divided by 1 - share. One draw holds for all iterations: drawn anew
    within T, each would be of another map, which has another fixed point. Training losses are with
    it, validation losses without.
    """

    engines = ("autograd",)
    name: Literal["injection_dropout"] = "injection_dropout"
    share: Share


class Activation(Choice):
    """The nonlinearity of T."""


@dataclass(frozen=True, kw_only=True)
class Relu(Activation):
    """max(h, 0)."""

    engines = EVERY_ENGINE
    name: Literal["relu"] = "relu"


@dataclass(frozen=True, kw_only=True)
class Tanh(Activation):
    """tanh(h)."""

    engines = _IN_TORCH
    name: Literal["tanh"] = "tanh"


class Stream(Choice):
    """Where the start and the order of the points of each epoch come from."""


@dataclass(frozen=True, kw_only=True)
class Report(Stream):
    """One stream per seed through all batch sizes, in their order, as in the report."""

    engines = EVERY_ENGINE
    name: Literal["report"] = "report"


@dataclass(frozen=True, kw_only=True)
class PerSeed(Stream):
    """A seed gives the same start and orders at every batch size."""

    engines = EVERY_ENGINE
    name: Literal["per_seed"] = "per_seed"


#: Kinds that have options, which a configuration gives as a mapping with a `name`.
WITH_OPTIONS: dict[str, type[Choice]] = {
    "network": Cell,
    "solver": Solver,
    "gradient": Gradient,
    "contraction": Contraction,
    "regulariser": Regulariser,
    "optimiser": Optimiser,
    "learning_rate_rule": LearningRateRule,
    "schedule": Schedule,
}
#: Those that a run has by themselves: a cell is a part of its network.
OF_RUN = {name: kind for name, kind in WITH_OPTIONS.items() if kind is not Cell}
#: Kinds that a configuration gives by a name alone.
BY_NAME: dict[str, type[Choice]] = {
    "activation": Activation,
    "stream": Stream,
    "loss": Loss,
    "engine": Engine,
    "device": Device,
    "geometry": Geometry,
    "formula": Formula,
    "noise_on": NoiseOn,
}
