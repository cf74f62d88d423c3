"""The activations of the latent map in NumPy, for exact fixed points without PyTorch."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Nonlinearity(NamedTuple):
    """a = `apply`(h), and `slope`, da/dh in terms of a; both of any shape."""

    apply: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]


NONLINEARITIES = {
    "relu": Nonlinearity(lambda h: np.maximum(h, 0), lambda a: (a > 0) * 1.0),
    "tanh": Nonlinearity(np.tanh, lambda a: 1 - a * a),
}
