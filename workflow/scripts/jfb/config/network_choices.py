"""What a run can choose about its network, beside its latent dimension and activation: its cell."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le

from jfb.config.choice import EVERY_ENGINE, Choice, Identifier, PythonFile, Share

Normalisation = Literal["none", "layer", "batch"]
#: Samples that are normalised together; all of a batch unless given (Hoffer et al. 2017).
Ghost = Annotated[int, Ge(1), Le(1_000_000)]


class Cell(Choice):
    """The latent map T(u; d); f is the activation."""

    engines = ("autograd",)
    #: Whether T is f(W u + b + injection(d)): what is measured of W, and the exact search for fixed
    #: points, rest on that.
    affine: ClassVar[bool] = False
    #: Whether its module draws its own start; else the stream does.
    draws_itself: ClassVar[bool] = False
    #: Whether inputs that are pictures keep their shape; else they are flat.
    keeps_shape: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class Report(Cell):
    """f(W u + b + injection(d)), as in the report."""

    engines = EVERY_ENGINE
    name: Literal["report"] = "report"
    affine = True


class _Normalised:
    @property
    def couples(self) -> bool:
        """Whether T of a sample depends on the others of its batch."""
        return self.normalisation == "batch"

    @property
    def normalises_batches(self) -> bool:
        """Whether samples of a batch are normalised together, in T or in the injection."""
        return "batch" in (self.normalisation, getattr(self, "injection_normalisation", None))

    def unusable(self) -> tuple[str, str] | None:
        """Ghost batches are of a batch that is normalised."""
        if self.ghost and not self.normalises_batches:
            return "ghost", "needs the normalisation batch"
        return None


@dataclass(frozen=True, kw_only=True)
class MLP(_Normalised, Cell):
    """`depth` layers: f(N(W_k f(... f(W_1 u + b_1) ...) + b_k + injection(d))).

    N is the `normalisation`. With batch, the fixed point of a sample depends on its batch, or on
    its part of so many samples, a `ghost` batch (Hoffer et al. 2017).
    """

    name: Literal["mlp"] = "mlp"
    depth: Annotated[int, Ge(1), Le(100)]
    normalisation: Normalisation = "none"
    ghost: Ghost | None = None


@dataclass(frozen=True, kw_only=True)
class FPN(_Normalised, Cell):
    """gamma times `blocks` residual blocks of convolutions on u + Q(d) (Wu Fung et al. 2021).

    Q is two convolutions with pooling by `pool` and an `injection_normalisation`, that of T unless
    it is given; u has `channels`, whatever latent_dim is, and f is a leaky relu. With normalisation
    batch, the fixed point of a sample depends on its batch, or on its `ghost` batch, as in mlp.
    """

    keeps_shape = True
    name: Literal["fpn"] = "fpn"
    channels: Annotated[int, Ge(1), Le(1024)]
    blocks: Annotated[int, Ge(1), Le(100)]
    gamma: Share
    pool: Annotated[int, Ge(1), Le(64)] = 2
    normalisation: Normalisation = "batch"
    injection_normalisation: Normalisation | None = None
    ghost: Ghost | None = None

    @property
    def half(self) -> int:
        """Channels of Q's first convolution and of the readout's."""
        return max(1, self.channels // 2)

    def latent_shape(self, image: tuple[int, int, int]) -> tuple[int, int, int]:
        """Channels, height and width of u for pictures of that many."""
        _, height, width = image
        return self.channels, height // self.pool, width // self.pool


@dataclass(frozen=True, kw_only=True)
class Own(Cell):
    """The class `cell` of a Python `file`, see docs/own.md."""

    keeps_shape = True
    draws_itself = True
    name: Literal["own"] = "own"
    file: PythonFile
    cell: Identifier
