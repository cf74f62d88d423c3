"""Ways to step. An optimiser has the signature of `Adam`."""

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


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1), in place on one flat vector of parameters.

    The operations and their order are those of `torch.optim.Adam`, and with decoupled weight decay
    of `torch.optim.AdamW`, which it equals to the last bit but for the square root (see
    `square_root`).

    Args:
        options: decay rates of the moments, epsilon, and weight decay.
        parameters: (p,) vector that `step` changes.
    """

    def __init__(self, options: step_choices.Adam, parameters: Tensor) -> None:
        self._options = options
        self._parameters = parameters
        self._mean = torch.zeros_like(parameters)
        self._square = torch.zeros_like(parameters)
        self._scale = torch.empty_like(parameters)
        self._steps = 0

    def step(self, gradient: Tensor, learning_rate: float) -> None:
        """Update the parameters with a (p,) gradient."""
        o = self._options
        self._steps += 1
        gradient = decayed(o, self._parameters, gradient, learning_rate)
        bias1 = 1 - o.beta1**self._steps
        bias2 = 1 - o.beta2**self._steps
        self._mean.lerp_(gradient, 1 - o.beta1)
        self._square.mul_(o.beta2).addcmul_(gradient, gradient, value=1 - o.beta2)
        square_root(self._square, out=self._scale).div_(bias2**0.5).add_(o.epsilon)
        self._parameters.addcdiv_(self._mean, self._scale, value=-learning_rate / bias1)


class SGD:
    """Gradient descent with momentum, in place on one flat vector of parameters.

    The velocity is momentum * velocity + gradient, and a step -learning_rate times it; by Nesterov,
    times gradient + momentum * velocity (Sutskever et al. 2013). The operations and their order are
    those of `torch.optim.SGD` without dampening, which it equals to the last bit.

    Args:
        options: momentum (0 for none), whether it is Nesterov's, and weight decay.
        parameters: (p,) vector that `step` changes.
    """

    def __init__(self, options: step_choices.SGD, parameters: Tensor) -> None:
        self._options = options
        self._parameters = parameters
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


OPTIMISERS = {"adam": Adam, "sgd": SGD}
