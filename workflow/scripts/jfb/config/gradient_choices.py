"""How a run can differentiate its loss."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from jfb.config.choice import EVERY_ENGINE, Choice, Identifier, Positive, PythonFile
from jfb.config.step_choices import TRAINED

#: Largest latent dimension at which the implicit gradient is solved directly, unless it names how.
DIRECT = 32
#: Engines that go through several applications of T, and iterate for the adjoint.
UNROLLING = ("reference", "autograd")


class Gradient(Choice):
    """How the loss is differentiated with respect to the parameters; J = dT/du."""

    #: Whether a step is left out whose adjoint is not found.
    skip_failed: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class JFB(Gradient):
    """Jacobian-free backpropagation: (I - J)^-1 replaced by I."""

    engines = EVERY_ENGINE
    name: Literal["jfb"] = "jfb"


@dataclass(frozen=True, kw_only=True)
class Neumann(Gradient):
    """I + J + ... + J^k in place of (I - J)^-1, with k = `order`."""

    engines = (*TRAINED, "full_batch")
    name: Literal["neumann"] = "neumann"
    order: Annotated[int, Ge(0), Le(10_000)]


#: Ways to solve for the adjoint, and the engines that have them.
ADJOINTS = {
    "direct": ("reference",),
    "patterns": ("reference",),
    "picard": UNROLLING,
    "anderson": UNROLLING,
    "broyden": ("autograd",),
    "gmres": ("autograd",),
}


@dataclass(frozen=True, kw_only=True)
class Implicit(Gradient):
    """Exact; `adjoint` solves for (I - J)^-1, to `tolerance` where it iterates.

    direct and patterns are not in the engine autograd; broyden and gmres are only there.
    """

    engines = (*TRAINED, "full_batch")
    # LAPACK solves in the reference.
    exact = False
    name: Literal["implicit"] = "implicit"
    #: None: directly up to 32 dimensions, by Anderson's iteration beyond, and in autograd.
    adjoint: Literal[tuple(ADJOINTS)] | None = None
    #: Relative residual; None: that of `jfb.model.adjoints`.
    tolerance: Positive | None = None


@dataclass(frozen=True, kw_only=True)
class CGNormal(Gradient):
    """Exact, by conjugate gradients on the normal equations, as in Wu Fung et al.'s code (2021).

    It starts at the right side, and stops where the residual of each sample is below the solver's
    tolerance (absolute), after at least one step and at most max_iterations. Where these do not
    suffice, the update is left out if `skip_failed` is true, and made if not.
    """

    engines = ("autograd",)
    name: Literal["cg_normal"] = "cg_normal"
    skip_failed: bool = True


@dataclass(frozen=True, kw_only=True)
class OwnGradient(Gradient):
    """What the `function` of a Python `file` puts in place of (I - J^T)^-1 v, see docs/own.md."""

    engines = ("autograd",)
    name: Literal["own"] = "own"
    file: PythonFile
    function: Identifier


@dataclass(frozen=True, kw_only=True)
class Phantom(Gradient):
    """Backpropagation through `steps` steps from the fixed point, T weighted by `damping`."""

    engines = UNROLLING
    name: Literal["phantom"] = "phantom"
    steps: Annotated[int, Ge(1), Le(10_000)]
    damping: Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True, kw_only=True)
class Unrolled(Gradient):
    """Backpropagation through every iteration of the solver."""

    engines = UNROLLING
    name: Literal["unrolled"] = "unrolled"
