"""One stream per seed: the same seed gives the same start and orders at every batch size."""

import numpy as np

from jfb.config import settings
from jfb.records import layout


class Stream:
    """Initial parameters and orders from two independent children of one seed.

    Runs of one seed are paired: they differ in nothing but what their settings differ in.
    Each parameter is uniform on (-1/sqrt(k), 1/sqrt(k)), k the number of inputs of its layer:
    the default distribution of `torch.nn.Linear`.
    """

    def __init__(self, run: settings.Run) -> None:
        initial, orders = np.random.SeedSequence(run.seed).spawn(2)
        self._initial = np.random.default_rng(initial)
        self._orders = np.random.default_rng(orders)
        self._network = run.network
        self._training_size = run.dataset.training_size

    def initial_parameters(self) -> np.ndarray:
        """The flat vector of initial parameters, (p,) float32."""
        flat = np.empty(layout.size(self._network), dtype=np.float32)
        parts = layout.views(flat, self._network)
        for name, inputs in layout.fan_in(self._network):
            bound = inputs**-0.5
            parts[name][...] = self._initial.uniform(-bound, bound, parts[name].shape)
        return flat

    def orders(self, epochs: int) -> np.ndarray:
        """Orders of the training points in the next epochs: (epochs, n) int64."""
        return np.stack([self._orders.permutation(self._training_size) for _ in range(epochs)])
