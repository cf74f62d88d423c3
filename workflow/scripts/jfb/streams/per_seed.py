"""One stream per seed: the same seed gives the same start and orders at every batch size."""

import numpy as np

from jfb.config import settings
from jfb.records import layout
from jfb.streams.orders import numpy_orders

# Of draws, that are drawn at once.
_HALVES = 256


class Stream:
    """Initial parameters and orders from two independent children of one seed.

    Runs of one seed are paired: they differ in nothing but what their settings differ in. With an
    `order_seed`, the orders are those of that seed.
    Each parameter is uniform on (-1/sqrt(k), 1/sqrt(k)), k the number of inputs of its layer:
    the default distribution of `torch.nn.Linear`, times the run's `initial_scale`. Orders are the
    permutations that `numpy.random.default_rng` draws.
    """

    def __init__(self, run: settings.Run) -> None:
        self._network, self._scale = run.network, run.initial_scale
        self._training_size = run.dataset.training_size
        initial, _ = np.random.SeedSequence(run.seed).spawn(2)
        seed = run.seed if run.order_seed is None else run.order_seed
        _, orders = np.random.SeedSequence(seed).spawn(2)
        self._initial = np.random.default_rng(initial)
        self._state = _state_of(np.random.PCG64(orders))
        self._halves = np.empty(_HALVES, np.uint32)
        self._used = np.array([_HALVES])
        self._others = np.empty(run.dataset.training_size, np.uint32)
        # Compiled or loaded here, not while a run is timed.
        self.orders(0)

    def initial_parameters(self) -> np.ndarray:
        """The flat vector of initial parameters, (p,) float32."""
        flat = np.empty(layout.size(self._network), dtype=np.float32)
        parts = layout.views(flat, self._network)
        for name, inputs in layout.fan_in(self._network):
            bound = self._scale * inputs**-0.5
            parts[name][...] = self._initial.uniform(-bound, bound, parts[name].shape)
        return flat

    def orders(self, epochs: int) -> np.ndarray:
        """Orders of the training points in the next epochs: (epochs, n) int64."""
        orders = np.empty((epochs, self._training_size), np.int64)
        numpy_orders(self._state, self._halves, self._used, self._others, orders)
        return orders


def _state_of(generator: np.random.PCG64) -> np.ndarray:
    """The state of a fresh generator as `numpy_orders` takes it."""
    state = generator.state["state"]
    halves = [half for key in ("state", "inc") for half in divmod(state[key], 1 << 64)]
    return np.array(halves, np.uint64)
