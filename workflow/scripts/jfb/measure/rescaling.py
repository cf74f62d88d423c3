"""Rescaling of relu units: it changes parameters and the Hessian, and not the function.

With a > 0, unit i of the fixed point becomes a u_i if row i of the latent weight, of the injection
and of both biases is multiplied by a, and column i of the latent weight and of the readout divided
by it; relu(a h) = a relu(h). By rescaling, the largest eigenvalue of the Hessian can be made as
large as one likes (Dinh et al. 2017, theorem 4).
"""

import math

import numpy as np
from scipy.optimize import minimize
from scipy.sparse.linalg import eigsh

from jfb.config import settings
from jfb.records import layout

_SEARCHES = 4
#: Parameters up to which all eigenvalues are computed; above, Lanczos finds the largest.
DENSE = 200
_TOLERANCE = 1e-8


def exponents(network: settings.Network) -> np.ndarray:
    """(p, n): a factor e^x, of (n,) numbers x, multiplies the parameters by e^(exponents x)."""
    n = network.latent_dim
    unit = np.eye(n)
    by_name = {
        "latent.weight": unit[:, None, :] - unit[None, :, :],
        "latent.bias": unit,
        "injection.weight": np.repeat(unit[:, None, :], network.input_dim, axis=1),
        "injection.bias": unit,
        "output.weight": np.repeat(-unit[None], network.outputs, axis=0),
        "output.bias": np.zeros((network.outputs, n)),
    }
    return np.concatenate([by_name[name].reshape(-1, n) for name in layout.shapes(network)])


def largest(hessian: np.ndarray, near: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """The largest eigenvalue of a symmetric matrix (p, p), and its vector (p,).

    Args:
        hessian: the matrix.
        near: (p,) a vector that may be near to it, from which Lanczos starts.
    """
    if len(hessian) <= DENSE:
        values, vectors = np.linalg.eigh(hessian)
        return float(values[-1]), vectors[:, -1]
    if near is None:
        near = np.random.default_rng(0).standard_normal(len(hessian))
    values, vectors = eigsh(hessian, k=1, which="LA", v0=near, tol=_TOLERANCE)
    return float(values[0]), vectors[:, 0]


def least_largest_eigenvalue(hessian: np.ndarray, network: settings.Network) -> float:
    """The smallest largest eigenvalue of a Hessian over all rescalings of the units.

    It is the same for all networks that rescaling makes of one another, and as the Hessian itself
    for those that differ in how a bias is split in two.

    Args:
        hessian: (p, p) with respect to the flat parameters.
        network: with relu.

    Returns:
        The eigenvalue; the largest one as it is where that is not positive.
    """
    factors = least_sharp(hessian, network)
    return largest(hessian / np.outer(factors, factors))[0]


def least_sharp(hessian: np.ndarray, network: settings.Network) -> np.ndarray:
    """The factors of the parameters, (p,), by which a rescaling makes the largest eigenvalue least.

    Among positive semidefinite Hessians, its logarithm is convex in log a, so that a search from
    anywhere finds it. All are 1 where no eigenvalue is positive; otherwise as
    `least_largest_eigenvalue`.
    """
    powers = exponents(network)

    def logarithm(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal vector
        divisor = np.exp(powers @ x)
        value, vector = largest(hessian / np.outer(divisor, divisor), vector)
        return math.log(value), -2 * vector**2 @ powers

    value, vector = largest(hessian)
    if value <= 0:
        return np.ones(len(powers))
    # At the least, two eigenvalues often meet: there the gradient jumps, and BFGS may stop early.
    x = np.zeros(network.latent_dim)
    for _ in range(_SEARCHES):
        x = minimize(logarithm, x, jac=True, method="BFGS").x
    return np.exp(powers @ x)
