"""The optimisers of `jfb.model.optimisers`, compiled: what each carries on, and its step.

An optimiser is a named tuple with the functions `start` and `step`. The kernel is compiled for the
class, so that a run carries the code of its own optimiser only. Vectors hold p float32 numbers,
filled up with 0 to a multiple of WIDTH.
"""

from typing import NamedTuple, Self

import numpy as np
from numba.extending import overload

from jfb.config import step_choices
from jfb.engines.fused.lanes import WIDTH, broadcast, load, multiply_add, square_root, store
from jfb.storage.machine_code import INLINED, inlined

_float32 = np.float32


def _decay(options: step_choices.Optimiser) -> tuple[float, bool]:
    return float(options.weight_decay), bool(options.decoupled)


@inlined
def shrunk(optimiser, x, learning_rate):
    """A vector of parameters after decoupled weight decay."""
    if optimiser.weight_decay == 0 or not optimiser.decoupled:
        return x
    return x * broadcast(_float32(1 - learning_rate * optimiser.weight_decay))


@inlined
def decayed(optimiser, x, g):
    """A vector of the gradient with weight decay of the parameters x, if it is not decoupled."""
    if optimiser.weight_decay == 0 or optimiser.decoupled:
        return g
    return multiply_add(broadcast(_float32(optimiser.weight_decay)), x, g)


class Adam(NamedTuple):
    """The moments `mean` and `square`, and `powers` (2,): the betas to the number of steps."""

    weight_decay: float
    decoupled: bool
    beta1: float
    beta2: float
    epsilon: float
    mean: np.ndarray
    square: np.ndarray
    powers: np.ndarray

    @classmethod
    def start(cls, options: step_choices.Adam, parameters: np.ndarray) -> Self:
        """Before the first step."""
        o, zeros = options, np.zeros_like(parameters)
        decay, numbers = _decay(o), map(float, (o.beta1, o.beta2, o.epsilon))
        return cls(*decay, *numbers, mean=zeros, square=zeros.copy(), powers=np.ones(2))

    def step(self, gradient, parameters, learning_rate):
        """One step of Adam (Kingma and Ba 2015, algorithm 1), with the roundings of PyTorch's.

        That has a fused multiply-add in each moment and in no other place. It computes powers of
        the betas anew, here they are running products; in float32 the factors are the same.
        """
        self.powers[0] *= self.beta1
        self.powers[1] *= self.beta2
        step = broadcast(_float32(-learning_rate / (1 - self.powers[0])))
        root = broadcast(_float32(np.sqrt(1 - self.powers[1])))
        epsilon = broadcast(_float32(self.epsilon))
        keep = broadcast(_float32(self.beta2))
        new_mean, new_square = (
            broadcast(_float32(1 - self.beta1)),
            broadcast(_float32(1 - self.beta2)),
        )
        for place in range(0, len(parameters), WIDTH):
            x, mean = load(parameters, (place,)), load(self.mean, (place,))
            g = decayed(self, x, load(gradient, (place,)))
            # As torch.lerp: from the nearer end.
            if _float32(1 - self.beta1) < 0.5:
                mean = multiply_add(new_mean, g - mean, mean)
            else:
                mean = multiply_add(new_mean - broadcast(_float32(1)), g - mean, g)
            square = load(self.square, (place,)) * keep
            square = multiply_add(new_square * g, g, square)
            store(self.mean, (place,), mean)
            store(self.square, (place,), square)
            divisor = square_root(square) / root + epsilon
            moved = shrunk(self, x, learning_rate) + (step * mean) / divisor
            store(parameters, (place,), moved)


class SGD(NamedTuple):
    """The momentum as a vector, `velocity`."""

    weight_decay: float
    decoupled: bool
    momentum: float
    nesterov: bool
    velocity: np.ndarray

    @classmethod
    def start(cls, options: step_choices.SGD, parameters: np.ndarray) -> Self:
        """Before the first step."""
        numbers = float(options.momentum), bool(options.nesterov)
        return cls(*_decay(options), *numbers, velocity=np.zeros_like(parameters))

    def step(self, gradient, parameters, learning_rate):
        """One step of gradient descent with momentum, with the roundings of `torch.optim.SGD`."""
        step = broadcast(_float32(-learning_rate))
        momentum = broadcast(_float32(self.momentum))
        for place in range(0, len(parameters), WIDTH):
            x = load(parameters, (place,))
            g = decayed(self, x, load(gradient, (place,)))
            velocity = load(self.velocity, (place,)) * momentum + g
            store(self.velocity, (place,), velocity)
            direction = multiply_add(velocity, momentum, g) if self.nesterov else velocity
            moved = multiply_add(step, direction, shrunk(self, x, learning_rate))
            store(parameters, (place,), moved)


OPTIMISERS = {"adam": Adam, "sgd": SGD}


def take_step(optimiser, gradient, parameters, learning_rate):
    """In compiled code: change the parameters by a step of an optimiser of any class."""
    raise NotImplementedError("only compiled code takes a step")


@overload(take_step, jit_options=INLINED)
def _(self, gradient, parameters, learning_rate):
    return self.instance_class.step
