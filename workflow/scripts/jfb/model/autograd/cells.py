"""Latent maps T(u; d) with their readouts, as modules that autograd differentiates.

A cell is all that `jfb.model.autograd.equilibrium.DEQ` needs to know of a network.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_ACTIVATIONS = {"relu": functional.relu, "tanh": functional.tanh}


class Cell(nn.Module):
    """T(u; d), and the prediction that is read out of T(u*; d).

    A subclass has `latent_shape`, `forward` and `read_out`. It may have `inject`: what of T depends
    on d alone, computed once for all iterations.
    """

    #: Shape of u for one sample.
    latent_shape: tuple[int, ...]
    #: Whether T of a sample depends on the others of its batch.
    coupled = False

    def inject(self, d: Tensor) -> Tensor:
        """What T takes of the inputs d, (size, *shape): d itself, unless a cell computes it."""
        return d

    def forward(self, u: Tensor, injected: Tensor) -> Tensor:
        """T(u; d), (size, *latent_shape)."""
        raise NotImplementedError

    def read_out(self, a: Tensor) -> Tensor:
        """The prediction of a = T(u*; d), (size, outputs)."""
        raise NotImplementedError


def in_float64(cell: Cell) -> dict[str, Tensor]:
    """Parameters and buffers of a cell without graph, for `torch.func.functional_call`."""
    named = dict(cell.named_parameters()) | dict(cell.named_buffers())
    return {
        name: part.detach().double() if part.is_floating_point() else part
        for name, part in named.items()
    }


class Affine(Cell):
    """T(u; d) = f(W u + b + injection(d)), y = output(a): the report's network.

    Parameters have the names and the order of `jfb.records.layout`.

    Args:
        input_dim, latent_dim, outputs: dimensions of d, u and y.
        activation: f, relu or tanh.
    """

    def __init__(self, input_dim: int, latent_dim: int, outputs: int, activation: str) -> None:
        super().__init__()
        self.latent_shape = (latent_dim,)
        self.latent = nn.Linear(latent_dim, latent_dim)
        self.injection = nn.Linear(input_dim, latent_dim)
        self.output = nn.Linear(latent_dim, outputs)
        self._activate = _ACTIVATIONS[activation]

    def inject(self, d: Tensor) -> Tensor:
        """injection(d), (size, n)."""
        return self.injection(d)

    def forward(self, u: Tensor, injected: Tensor) -> Tensor:
        """T(u; d), (size, n)."""
        return self._activate(self.latent(u) + injected)

    def read_out(self, a: Tensor) -> Tensor:
        """output(a), (size, outputs)."""
        return self.output(a)


class MLP(Affine):
    """T(u; d) = f(N(W_k f( ... f(W_1 u + b_1) ... ) + b_k + injection(d))), of `depth` k layers.

    N is a normalisation without parameters: none; layer, of each sample; or batch, over the
    samples of a batch. With batch, T couples the samples: the fixed point of one depends on the
    others; with `ghost` batches, on those of its own.

    Args:
        input_dim, latent_dim, outputs: dimensions of d, u and y; all layers have `latent_dim`.
        activation: f, relu or tanh.
        depth: k.
        normalisation: N.
        ghost: samples of a ghost batch; all of a batch unless given.
    """

    def __init__(
        self,
        input_dim: int,
        latent_dim: int,
        outputs: int,
        activation: str,
        depth: int,
        normalisation: str,
        ghost: int | None = None,
    ) -> None:
        super().__init__(input_dim, latent_dim, outputs, activation)
        self.hidden = nn.ModuleList(nn.Linear(latent_dim, latent_dim) for _ in range(depth - 1))
        self._normalise = normaliser(normalisation, self.latent_shape, ghost)
        self.coupled = normalisation == "batch"

    def forward(self, u: Tensor, injected: Tensor) -> Tensor:
        """T(u; d), (size, n)."""
        for layer in self.hidden:
            u = self._activate(layer(u))
        return self._activate(self._normalise(self.latent(u) + injected))


class FPN(Cell):
    """The fixed point network of Wu Fung et al. (2021) on pictures, after their code for MNIST.

    Q(d) is two convolutions with normalisation, the first with pooling. With w = u + Q(d), each
    block takes w to N(w + g(conv(g(conv(w))))), and T(u; d) = gamma w; g is a leaky relu of slope
    0.1. The readout is a convolution and an affine layer. Convolutions are 3x3.

    Theirs differs: the normalisation of Q is affine, the leaky relu after a block's second
    convolution is applied twice, the readout has dropout, an unpadded convolution and no bias, and
    in evaluation it reads out u*, not T(u*; d). It also keeps T near gamma-Lipschitz, by shrinking
    the latent convolutions where a random pair violates it.

    Args:
        image: channels, height and width of an input.
        outputs: of the readout.
        latent_shape: channels, height and width of u.
        half: channels of the first convolution of Q, and of the readout's.
        blocks: of T.
        gamma: contraction factor.
        pool: side of the squares that the injection takes the largest value of.
        normalisation: N, as in `MLP`; theirs is batch.
        injection_normalisation: that of Q.
        ghost: as in `MLP`, of both.
    """

    def __init__(
        self,
        image: tuple[int, int, int],
        outputs: int,
        latent_shape: tuple[int, int, int],
        half: int,
        blocks: int,
        gamma: float,
        pool: int,
        normalisation: str,
        injection_normalisation: str,
        ghost: int | None = None,
    ) -> None:
        super().__init__()
        depth, height, width = image
        self.latent_shape = latent_shape
        channels, *sides = latent_shape
        self.blocks = nn.ModuleList(
            nn.ModuleList(_convolution(channels, channels) for _ in range(2)) for _ in range(blocks)
        )
        self.injection = nn.ModuleList([_convolution(depth, half), _convolution(half, channels)])
        self.convolution = _convolution(channels, half)
        self.output = nn.Linear(half * math.prod(sides), outputs)
        self._gamma, self._pool = gamma, pool
        self._normalise = normaliser(normalisation, self.latent_shape, ghost)
        self.coupled = normalisation == "batch"
        self._before = [
            normaliser(injection_normalisation, (half, height, width), ghost),
            normaliser(injection_normalisation, self.latent_shape, ghost),
        ]

    def inject(self, d: Tensor) -> Tensor:
        """Q(d), (size, *latent_shape), of pictures (size, channels, height, width)."""
        first, second = self.injection
        q = functional.max_pool2d(_leaky(self._before[0](first(d))), self._pool)
        return _leaky(self._before[1](second(q)))

    def forward(self, u: Tensor, injected: Tensor) -> Tensor:
        """T(u; d), (size, *latent_shape)."""
        w = u + injected
        for first, second in self.blocks:
            w = self._normalise(w + _leaky(second(_leaky(first(w)))))
        return self._gamma * w

    def read_out(self, a: Tensor) -> Tensor:
        """The scores, (size, outputs)."""
        return self.output(_leaky(self.convolution(a)).flatten(1))


def _convolution(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, kernel_size=3, padding=1)


def _leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, 0.1)


def normaliser(name: str, shape: tuple[int, ...], ghost: int | None):
    """A normalisation without parameters, of tensors (size, *shape)."""
    match name:
        case "none":
            return lambda x: x
        case "layer":
            return lambda x: functional.layer_norm(x, shape)
        # Always by the batch at hand: running means would make T another map in training.
        case "batch" if ghost:
            return lambda x: torch.cat([_by_batch(part) for part in _ghosts(x, ghost)])
        case "batch":
            return _by_batch
        case _:
            raise ValueError(f"normalisation {name!r}: must be none, layer or batch")


def _by_batch(x: Tensor) -> Tensor:
    return functional.batch_norm(x, None, None, training=True)


def _ghosts(x: Tensor, ghost: int) -> tuple[Tensor, ...]:
    """Parts of `ghost` samples, or of more where they do not come out even."""
    return x.tensor_split(max(1, len(x) // ghost))
