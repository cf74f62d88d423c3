"""The contractions of `jfb.model.contraction` in the kernel."""

import numpy as np

from jfb.engines.fused.arrays import CAPPED, ROWS
from jfb.storage.machine_code import inlined

_MOST_SWEEPS = 30
# Of the cosine between two columns at which they count as orthogonal.
_ORTHOGONAL = 1e-15


@inlined
def contract(latent, trained, parameters, settings, rotated, rotation):
    """Let the norm of the latent weight in `parameters` be at most the ceiling of the settings.

    A projection works in place: `trained` are the same parameters. A cap is of the free weight in
    `trained`, and the other parameters are copies.
    """
    if settings.contraction == CAPPED:
        cap(latent, trained, parameters, settings.ceiling, rotated, rotation)
    elif settings.contraction == ROWS:
        shrink_rows(len(latent), parameters, settings.ceiling, rotated)
    else:
        cut_singular_values(latent, parameters, settings.ceiling, rotated, rotation)


@inlined
def cap(latent, trained, parameters, ceiling, rotated, rotation):
    """Let the latent weight be V min(1, ceiling / |V|) of the free V, with the spectral norm.

    `rotated` and `rotation` are left for `pull_back`. A weight that is not finite is left as it is.
    """
    n = len(latent)
    for k in range(len(trained)):
        parameters[k] = trained[k]
    orthogonalise(n, trained, rotated, rotation)
    _, norm = longest_column(n, rotated)
    if ceiling < norm < np.inf:
        # Rounded as in `jfb.model.contraction.SpectralCap`.
        scale = np.float32(1 / norm * ceiling)
        for k in range(n * n):
            parameters[k] = trained[k] * scale


@inlined
def pull_back(latent, trained, gradient, ceiling, rotated, rotation):
    """Make the gradient with respect to the parameters one with respect to the free ones.

    With V = sum s_k u_k v_k^T the free weight, G the gradient with respect to the capped one and c
    the ceiling, it is (c / s_1) (G - <G, V> / s_1 u_1 v_1^T) where s_1 > c, and G elsewhere.
    """
    n = len(latent)
    first, norm = longest_column(n, rotated)
    if not ceiling < norm < np.inf:
        return
    along = 0.0
    for k in range(n * n):
        along += np.float64(gradient[k]) * np.float64(trained[k])
    scale = 1 / norm * ceiling
    along *= scale / (norm * norm)
    for i in range(n):
        for j in range(n):
            turned = along * rotated[i, first] * rotation[j, first]
            gradient[i * n + j] = np.float32(scale * gradient[i * n + j] - turned)


@inlined
def shrink_rows(n, parameters, ceiling, work):
    """Project each row of the latent weight onto the l1 ball of radius `ceiling`, in place.

    See `jfb.model.contraction.shrink_rows`. A weight that is not finite is left as it is. `work`
    (n, n) float64 is room for the sorted rows.
    """
    for k in range(n * n):
        if not np.isfinite(parameters[k]):
            return
    for i in range(n):
        below, total = work[i], 0.0
        for j in range(n):
            size = np.float64(abs(parameters[i * n + j]))
            total += size
            place = j
            while place > 0 and below[place - 1] < size:
                below[place] = below[place - 1]
                place -= 1
            below[place] = size
        if total <= ceiling:
            continue
        largest, gaps, level = below[0], 0.0, 0.0
        for j in range(n):
            gap = largest - below[j]
            gaps += gap
            candidate = (ceiling + gaps) / (j + 1)
            if candidate > gap:
                level = candidate
        for j in range(n):
            weight = np.float64(parameters[i * n + j])
            shrunk = max(level - (largest - abs(weight)), 0.0)
            parameters[i * n + j] = np.float32(np.copysign(shrunk, weight))


@inlined
def cut_singular_values(latent, parameters, ceiling, rotated, rotation):
    """Cut the singular values of the latent weight at `ceiling`, in place."""
    n = len(latent)
    total = 0.0
    for k in range(n * n):
        total += np.float64(parameters[k]) ** 2
    # The Frobenius norm is at least the spectral norm. NaN and infinity are left as they are.
    if not ceiling * ceiling < total < np.inf:
        return
    orthogonalise(n, parameters, rotated, rotation)
    over = False
    for k in range(n):
        square = 0.0
        for i in range(n):
            square += rotated[i, k] ** 2
        if square > ceiling * ceiling:
            over = True
            scale = ceiling / np.sqrt(square)
            for i in range(n):
                rotated[i, k] *= scale
    if over:
        for i in range(n):
            for j in range(n):
                value = 0.0
                for k in range(n):
                    value += rotated[i, k] * rotation[j, k]
                parameters[i * n + j] = np.float32(value)


@inlined
def orthogonalise(n, parameters, rotated, rotation):
    """Decompose the latent weight W (n, n), whose entries come first in `parameters`.

    One-sided Jacobi (Hestenes 1958): columns of W are rotated in pairs until all are orthogonal.
    Then W = sum over k of (column k) (row k of the rotation), singular values being their lengths.
    """
    for i in range(n):
        for j in range(n):
            rotated[i, j] = parameters[i * n + j]
            rotation[i, j] = i == j
    for _ in range(_MOST_SWEEPS):
        if _sweep(n, rotated, rotation) <= _ORTHOGONAL:
            break


@inlined
def longest_column(n, rotated):
    """Which column is the longest, and its length; 0 if a length is no number."""
    first, most = 0, 0.0
    for k in range(n):
        square = 0.0
        for i in range(n):
            square += rotated[i, k] ** 2
        if square > most:
            first, most = k, square
    return first, np.sqrt(most)


@inlined
def _sweep(n, rotated, rotation):
    """Make each pair of columns orthogonal once; the largest cosine that was met."""
    largest = 0.0
    for p in range(n - 1):
        for q in range(p + 1, n):
            a, b, c = 0.0, 0.0, 0.0
            for i in range(n):
                a += rotated[i, p] ** 2
                b += rotated[i, q] ** 2
                c += rotated[i, p] * rotated[i, q]
            if c == 0.0:
                continue
            largest = max(largest, abs(c) / np.sqrt(a * b))
            zeta = (b - a) / (2 * c)
            tangent = np.copysign(1.0, zeta) / (abs(zeta) + np.sqrt(1 + zeta * zeta))
            cosine = 1 / np.sqrt(1 + tangent * tangent)
            sine = cosine * tangent
            for i in range(n):
                x, y = rotated[i, p], rotated[i, q]
                rotated[i, p], rotated[i, q] = cosine * x - sine * y, sine * x + cosine * y
                x, y = rotation[i, p], rotation[i, q]
                rotation[i, p], rotation[i, q] = cosine * x - sine * y, sine * x + cosine * y
    return largest
