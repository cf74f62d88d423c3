"""The report's stream: one PyTorch generator through dataset, networks and epochs of a program."""

import math

import numpy as np

from jfb.config import settings
from jfb.records import layout
from jfb.streams.orders import torch_orders
from jfb.streams.splits import generator

# Draws of 32 bits: of an epoch, three of 64 bits, of which the lower half of the second seeds the
# order; the others seed the program's two loaders.
_DRAWS_PER_EPOCH, _SEED_OF_ORDER = 6, 3
# torch.randn draws numbers from so many on in groups.
_GROUP = 16


class Stream:
    """The report's random numbers, advanced to the start of any of its runs without training.

    The report's program seeds once, draws the dataset's noise, and then trains one batch size
    after the other from the same stream. What a run takes from it is fixed: one network, and
    three integers per epoch. A run that comes after others therefore starts where
    `predecessors` networks and epochs have been drawn. The generator is MT19937, which NumPy has
    too: no PyTorch is needed.
    """

    def __init__(self, run: settings.Run) -> None:
        self._run = run
        self._generator = generator(run.seed)
        self._generator.random_raw(_draws_of_noise(run.dataset.points), output=False)
        for _ in range(run.predecessors):
            self.initial_parameters()
            self._generator.random_raw(run.epochs * _DRAWS_PER_EPOCH, output=False)
        # Compiled or loaded here, not while a run is timed.
        self.orders(0)

    def _draw(self, count: int) -> np.ndarray:
        """The next (count,) uint32."""
        return self._generator.random_raw(count).astype(np.uint32)

    def initial_parameters(self) -> np.ndarray:
        """The flat vector of initial parameters, (p,) float32, drawn as `torch.nn.Linear` draws."""
        flat = np.empty(layout.size(self._run.network), np.float32)
        parts = layout.views(flat, self._run.network)
        for name, inputs in layout.fan_in(self._run.network):
            part = parts[name]
            part[...] = self._uniform(part.size, _bound(name, inputs)).reshape(part.shape)
        return flat

    def _uniform(self, count: int, bound: float) -> np.ndarray:
        """The next (count,) float32 on [-bound, bound), as `Tensor.uniform_` draws them."""
        low, high = np.float32(-bound), np.float32(bound)
        share = (self._draw(count) & np.uint32(0xFFFFFF)) * 2.0**-24
        # A fused multiply-add in float32: in float64, both are exact.
        return (share * np.float64(high - low) + np.float64(low)).astype(np.float32)

    def orders(self, epochs: int) -> np.ndarray:
        """Orders of the training points in the next epochs: (epochs, n) int64."""
        draws = self._draw(epochs * _DRAWS_PER_EPOCH).reshape(epochs, _DRAWS_PER_EPOCH)
        return _permutations(self._run.dataset.training_size, draws[:, _SEED_OF_ORDER].copy())


def _bound(name: str, inputs: int) -> float:
    """Of the uniform distribution of a parameter.

    Weights have that of `torch.nn.init.kaiming_uniform_` with a = sqrt(5), operation by operation.
    """
    if name.endswith("weight"):
        gain = math.sqrt(2.0 / (1 + math.sqrt(5) ** 2))
        return math.sqrt(3.0) * (gain / math.sqrt(inputs))
    return 1 / math.sqrt(inputs)


def _draws_of_noise(points: int) -> int:
    """Draws of 32 bits that torch.randn of `points` numbers takes three times."""
    if points >= _GROUP:
        return 3 * (points + (_GROUP if points % _GROUP else 0))
    # Fewer come in pairs from two numbers of 64 bits; what is left of a pair is kept.
    return (3 * points + 1) // 2 * 4


def _permutations(size: int, seeds: np.ndarray) -> np.ndarray:
    """Those of a generator for each of the seeds, (k,) uint32; (k, size)."""
    orders = np.empty((len(seeds), size), np.int64)
    torch_orders(seeds, np.empty(624, np.uint32), orders)
    return orders
