"""Whether the latent map contracts in some norm: bounds of a joint spectral radius.

With relu or tanh, T(u; d) - T(v; d) = D W (u - v) for a diagonal D with entries from 0 to 1. The
joint spectral radius of all D W is the least factor by which T contracts in any norm (Rota and
Strang 1960). It is that of the D with entries 0 and 1, whose convex hull holds the others. The
spectral norm of W bounds it from above, and can be far above it.
"""

import itertools

import numpy as np
from scipy.optimize import minimize

#: Units for which all 0/1 diagonals are tried: 2^8.
MOST_UNITS = 8
#: Bounds that are this close are not brought closer, relative to the upper one.
GAP = 1e-3
#: Products that one length may have; above, the bounds stay as they are.
_MOST_PRODUCTS = 4000
_LONGEST = 24
# Of log S: where a unit reaches no other that reaches it, the least norm is at infinity.
_MOST_LOG = 10.0


def bounds(weight: np.ndarray) -> tuple[float, float]:
    """Lower and upper bound of the joint spectral radius of {D W, D a 0/1 diagonal}.

    The upper bound starts as the largest norm of S D W S^-1 over D, for the triangular S at which
    it is least; from there, products D_1 W ... D_k W are formed, and those left out whose norm
    shows that they grow no faster than what is known (Gripenberg 1996, Linear Algebra Appl. 234,
    43). The lower bound is the largest spectral radius of a product, to the power 1 / length. Of
    more than 8 units the bounds are looser: the spectral radius of W, and `norm_after_rescaling`.

    Args:
        weight: (n, n) finite latent weight W.
    """
    weight = weight.astype(np.float64)
    n = len(weight)
    if n > MOST_UNITS:
        return float(np.abs(np.linalg.eigvals(weight)).max()), norm_after_rescaling(weight)
    diagonals = np.array(list(itertools.product((0.0, 1.0), repeat=n)))[1:]
    matrices = diagonals[:, :, None] * weight
    scale = np.linalg.norm(weight, 2)
    if scale == 0:
        return 0.0, 0.0
    low, high = _by_products(_in_best_norm(matrices / scale, _best_scales(weight)))
    return float(low * scale), float(high * scale)


def norm_after_rescaling(weight: np.ndarray) -> float:
    """The least spectral norm of S W S^-1 over positive diagonals S: of units in other scales.

    Args:
        weight: (n, n) finite latent weight W.
    """
    weight = weight.astype(np.float64)
    s = _exp(_best_scales(weight))
    return float(np.linalg.norm(s[:, None] * weight / s, 2))


def _best_scales(weight: np.ndarray) -> np.ndarray:
    """(n,) log S at which the norm of S W S^-1 is least.

    The norm is convex in log S (Sezginer and Overton 1990, IEEE Trans. Autom. Control 35, 1062).
    """

    def norm(logs: np.ndarray) -> tuple[float, np.ndarray]:
        s = _exp(logs)
        left, values, right = np.linalg.svd(s[:, None] * weight / s)
        return values[0], values[0] * (left[:, 0] ** 2 - right[0] ** 2)

    # Often least where two singular values meet, which Nelder and Mead's search does not mind.
    start = _least(norm, np.zeros(len(weight)))
    options = {"xatol": 1e-7, "fatol": 1e-10}
    return minimize(lambda x: norm(x)[0], start, method="Nelder-Mead", options=options).x


def _in_best_norm(matrices: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """S A S^-1 of each matrix A (k, n, n), S triangular, so that the largest norm is least.

    Args:
        matrices: the A.
        scales: (n,) logarithms of the diagonal of S from which to search.
    """
    n = matrices.shape[1]
    rows, columns = np.tril_indices(n, -1)

    def transform(x: np.ndarray) -> np.ndarray:
        s = np.diag(_exp(x[:n]))
        s[rows, columns] = x[n:]
        return s

    def largest(x: np.ndarray) -> tuple[float, np.ndarray]:
        s = transform(x)
        inverse = np.linalg.inv(s)
        left, values, right = np.linalg.svd(s @ matrices @ inverse)
        k = values[:, 0].argmax()
        u, v = left[k, :, 0], right[k, 0]
        # d norm = norm (u' E u - v' E v) where dS = E S.
        slope = values[k, 0] * (np.outer(u, u) - np.outer(v, v)) @ inverse.T
        return values[k, 0], np.concatenate([slope.diagonal() * s.diagonal(), slope[rows, columns]])

    # Below a bound, the norms of this kind are a convex set of S'S: no start is a bad one.
    s = transform(_least(largest, np.concatenate([scales, 0.0 * rows])))
    return s @ matrices @ np.linalg.inv(s)


def _exp(logs: np.ndarray) -> np.ndarray:
    return np.exp(np.clip(logs, -_MOST_LOG, _MOST_LOG))


def _least(function, start: np.ndarray) -> np.ndarray:
    """Where a function that gives its gradient is about least.

    It has kinks where two singular values meet; BFGS gets through most of them (Lewis and Overton
    2013, Math. Program. 141, 135), and goes on from where it stopped. Wherever it stops, there is
    a norm.
    """
    for _ in range(2):
        start = minimize(function, start, jac=True, method="BFGS").x
    return start


def _by_products(matrices: np.ndarray) -> tuple[float, float]:
    """Gripenberg's bounds of the joint spectral radius of (k, n, n) matrices."""
    n = matrices.shape[1]
    norms = np.linalg.norm(matrices, 2, axis=(1, 2))
    low, high = _radius(matrices, 1), norms.max()
    products, growth = matrices, norms
    for length in range(1, _LONGEST):
        # `growth` is the least norm^(1/length) of a product and its beginnings.
        high = min(high, max(growth.max(initial=0.0), low * (1 + GAP)))
        kept = growth > low * (1 + GAP)
        if not kept.any() or kept.sum() * len(matrices) > _MOST_PRODUCTS:
            break
        products = (products[kept][:, None] @ matrices).reshape(-1, n, n)
        norms = np.linalg.norm(products, 2, axis=(1, 2)) ** (1 / (length + 1))
        growth = np.minimum(np.repeat(growth[kept], len(matrices)), norms)
        low = max(low, _radius(products, length + 1))
    return low, max(low, high)


def _radius(products: np.ndarray, length: int) -> float:
    return np.abs(np.linalg.eigvals(products)).max() ** (1 / length)
