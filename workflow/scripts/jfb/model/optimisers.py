"""Ways to step: each optimiser changes one flat vector of parameters in place."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from jfb.config import step_choices


def square_root(x: Tensor, out: Tensor) -> Tensor:
    """Write the correctly rounded square root of `x`, any shape, to `out`.

    `torch.sqrt` calls MKL, whose float32 root can be off by one unit in the last place, in
    places that depend on the CPU. That is enough to move the epoch of the lowest loss.
    """
    if x.is_cuda:
        return torch.sqrt(x, out=out)
    np.sqrt(x.numpy(), out=out.numpy())
    return out


def decayed(
    options: step_choices.Optimiser, parameters: Tensor, gradient: Tensor, learning_rate: float
) -> Tensor:
    """The gradient with weight decay; decoupled, the parameters shrink and the gradient stays."""
    if not options.weight_decay:
        return gradient
    if not options.decoupled:
        return gradient.add(parameters, alpha=options.weight_decay)
    parameters.mul_(1 - learning_rate * options.weight_decay)
    return gradient


class Optimiser:
    """What all have in common.

    Args:
        options: see the class of its name in `jfb.config.step_choices`.
        parameters: (p,) vector that `step` changes.
        sizes: numbers of values of the layers, p together; of one layer unless given.
    """

    def __init__(
        self, options: step_choices.Optimiser, parameters: Tensor, sizes: Sequence[int] = ()
    ) -> None:
        self._options = options
        self._parameters = parameters
        self._sizes = list(sizes) or [len(parameters)]

    def step(self, gradient: Tensor, learning_rate: float) -> None:
        """Update the parameters with a (p,) gradient."""
        raise NotImplementedError

    def _norms(self, vector: Tensor) -> Tensor:
        """Euclidean norm of each layer's part of a (p,) vector, in float64: squares overflow."""
        norm = torch.linalg.vector_norm
        return torch.stack([norm(part, dtype=torch.float64) for part in vector.split(self._sizes)])

    def _by_layer(self, vector: Tensor, factors: Tensor) -> Tensor:
        """A (p,) vector times a factor per layer; 1 where that is not finite, or 0."""
        usable = factors.isfinite() & (factors > 0)
        each = torch.where(usable, factors, torch.ones_like(factors))
        sizes = torch.tensor(self._sizes, device=each.device)
        return (vector * each.repeat_interleave(sizes)).to(vector.dtype)


class Adam(Optimiser):
    """Adam (Kingma and Ba 2015, algorithm 1).

    The operations and their order are those of `torch.optim.Adam`, and with decoupled weight decay
    of `torch.optim.AdamW`, which it equals to the last bit but for the square root (see
    `square_root`).
    """

    def __init__(
        self, options: step_choices.Optimiser, parameters: Tensor, sizes: Sequence[int] = ()
    ) -> None:
        super().__init__(options, parameters, sizes)
        self._mean = torch.zeros_like(parameters)
        self._square = torch.zeros_like(parameters)
        self._scale = torch.empty_like(parameters)
        self._steps = 0

    def step(self, gradient: Tensor, learning_rate: float) -> None:
        """Update the parameters with a (p,) gradient."""
        gradient = decayed(self._options, self._parameters, gradient, learning_rate)
        bias = self._take(gradient)
        self._parameters.addcdiv_(self._mean, self._scale, value=-learning_rate / bias)

    def _take(self, gradient: Tensor) -> float:
        """Take a gradient into both moments, and the scale from the second.

        Returns:
            What the first is to be divided by.
        """
        o = self._options
        self._steps += 1
        bias1 = 1 - o.beta1**self._steps
        bias2 = 1 - o.beta2**self._steps
        self._mean.lerp_(gradient, 1 - o.beta1)
        self._square.mul_(o.beta2).addcmul_(gradient, gradient, value=1 - o.beta2)
        square_root(self._square, out=self._scale).div_(bias2**0.5).add_(o.epsilon)
        return bias1


class SGD(Optimiser):
    """Gradient descent with momentum.

    The velocity is momentum * velocity + gradient, and a step -learning_rate times it; by Nesterov,
    times gradient + momentum * velocity (Sutskever et al. 2013). The operations and their order are
    those of `torch.optim.SGD` without dampening, which it equals to the last bit.
    """

    def __init__(
        self, options: step_choices.Optimiser, parameters: Tensor, sizes: Sequence[int] = ()
    ) -> None:
        super().__init__(options, parameters, sizes)
        self._velocity = torch.zeros_like(parameters)

    def step(self, gradient: Tensor, learning_rate: float) -> None:
        """Update the parameters with a (p,) gradient."""
        o = self._options
        direction = gradient = decayed(o, self._parameters, gradient, learning_rate)
        if o.momentum:
            direction = self._velocity.mul_(o.momentum).add_(gradient)
            if o.nesterov:
                direction = gradient.add(self._velocity, alpha=o.momentum)
        self._parameters.add_(direction, alpha=-learning_rate)


class LARS(SGD):
    """Layer-wise adaptive rate scaling (You et al. 2017, algorithm 1).

    The learning rate is outside of the velocity, as in `SGD`; theirs is inside, which is the same
    as long as it is constant. A layer whose values are 0 is stepped as by SGD.
    """

    def step(self, gradient: Tensor, learning_rate: float) -> None:
        """Update the parameters with a (p,) gradient."""
        o = self._options
        norms = self._norms(self._parameters)
        factors = o.trust * norms / (self._norms(gradient) + o.weight_decay * norms)
        direction = gradient.add(self._parameters, alpha=o.weight_decay)
        self._velocity.mul_(o.momentum).add_(self._by_layer(direction, factors))
        self._parameters.add_(self._velocity, alpha=-learning_rate)


class LAMB(Adam):
    """Layer-wise adaptive moments (You et al. 2020, algorithm 2), the norm phi(|x|) = |x|.

    A layer whose values or direction are 0 is stepped as by Adam.
    """

    def step(self, gradient: Tensor, learning_rate: float) -> None:
        """Update the parameters with a (p,) gradient."""
        bias = self._take(gradient)
        direction = self._mean / self._scale / bias
        direction.add_(self._parameters, alpha=self._options.weight_decay)
        factors = self._norms(self._parameters) / self._norms(direction)
        self._parameters.add_(self._by_layer(direction, factors), alpha=-learning_rate)


OPTIMISERS = {"adam": Adam, "sgd": SGD, "lars": LARS, "lamb": LAMB}
