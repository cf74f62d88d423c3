"""The report's stream: one PyTorch generator through dataset, networks and epochs of a program."""

import math

import numpy as np
import torch
from torch import Tensor

from jfb.config import settings
from jfb.records import layout

# Of an epoch: the training loader's seed (unused), the order's seed, the validation loader's seed.
_DRAWS_PER_EPOCH = 3


class Stream:
    """The report's random numbers, advanced to the start of any of its runs without training.

    The report's program seeds once, draws the dataset's noise, and then trains one batch size
    after the other from the same stream. What a run takes from it is fixed: one network, and
    three integers per epoch. A run that comes after others therefore starts where
    `predecessors` networks and epochs have been drawn.
    """

    def __init__(self, run: settings.Run) -> None:
        self._run = run
        self._generator = torch.Generator().manual_seed(run.seed)
        noise(run.dataset.points, self._generator)
        for _ in range(run.predecessors):
            self.initial_parameters()
            torch.empty(run.epochs * _DRAWS_PER_EPOCH, dtype=torch.int64).random_(
                generator=self._generator
            )

    def initial_parameters(self) -> np.ndarray:
        """The flat vector of initial parameters, (p,) float32, drawn as `torch.nn.Linear` draws."""
        flat = torch.empty(layout.size(self._run.network))
        parts = layout.views(flat, self._run.network)
        for name, inputs in layout.fan_in(self._run.network):
            if name.endswith("weight"):
                torch.nn.init.kaiming_uniform_(
                    parts[name], a=math.sqrt(5), generator=self._generator
                )
            else:
                bound = 1 / math.sqrt(inputs)
                torch.nn.init.uniform_(parts[name], -bound, bound, generator=self._generator)
        return flat.numpy()

    def orders(self, epochs: int) -> np.ndarray:
        """Orders of the training points in the next epochs: (epochs, n) int64."""
        draws = torch.empty(epochs, _DRAWS_PER_EPOCH, dtype=torch.int64)
        draws.random_(generator=self._generator)
        size = self._run.dataset.training_size
        return torch.stack([permutation(size, seed) for seed in draws[:, 1].tolist()]).numpy()


def noise(points: int, generator: torch.Generator) -> Tensor:
    """Standard normal noise for the coordinates, (3, points), drawn for x, then y, then z."""
    return torch.stack([torch.randn(points, generator=generator) for _ in range(3)])


def permutation(size: int, seed: int) -> Tensor:
    """The permutation (size,) int64 that PyTorch draws from a fresh generator with `seed`."""
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))
