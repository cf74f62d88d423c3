"""The loss of a relu network at its exact fixed points, for the minimisers.

Of the points that share a pattern D of active units, the fixed point is affine in the point d:
u = (I - D W)^-1 D (V d + b + c). So is each row of the Jacobian of the predictions: it has few
degrees of freedom, and as few rows have the same products J^T J and J^T r as all of them.
"""

import numpy as np

from jfb.config import settings
from jfb.model import fixed_points
from jfb.records import layout
from jfb.records.dataset import Part


class ExactLoss:
    """A `jfb.model.minimisers.Problem`; see there for what the methods return.

    The loss is infinite where a point has not exactly one fixed point. `residuals` returns, in
    place of a row per point, few rows that have the same J^T J, J^T r and |r|.

    Args:
        network: with relu and at most `jfb.config.choices.MOST_UNITS` units.
        part: the points.
    """

    def __init__(self, network: settings.Network, part: Part) -> None:
        self._network, self._part = network, part
        self._target = part.target.astype(np.float64)
        inputs = part.inputs.astype(np.float64)
        self._affine = np.concatenate([np.ones((len(part), 1)), inputs], axis=1)

    def loss(self, parameters: np.ndarray) -> float:
        """Mean squared error at (p,) float64."""
        self._layers = layout.views(parameters.copy(), self._network)
        found = fixed_points.find(parameters, self._network, self._part.inputs)
        if not found.unique:
            return np.inf
        self._point = found.point
        self._error = fixed_points.readout(found.point, parameters, self._network) - self._target
        return float(np.square(self._error).mean())

    def gradient(self) -> np.ndarray:
        """The exact gradient, (p,)."""
        residuals, jacobian = self.residuals()
        return 2 * jacobian.T @ residuals

    def residuals(self) -> tuple[np.ndarray, np.ndarray]:
        """r (k,) with the loss |r|^2, and dr/dtheta (k, p)."""
        active = self._point > 0
        code = active @ (1 << np.arange(active.shape[1]))
        rows, errors = [], []
        for pattern in np.unique(code):
            chosen = code == pattern
            basis, triangle = np.linalg.qr(self._affine[chosen])
            rows.append(triangle @ self._derivatives(active[chosen.argmax()]))
            errors.append(basis.T @ self._error[chosen])
        error = np.concatenate(errors)
        # What no change of the parameters explains.
        rest = np.square(self._error).sum() - np.square(error).sum()
        error = np.append(error, np.sqrt(max(rest, 0.0)))
        jacobian = np.concatenate([*rows, np.zeros((1, rows[0].shape[1]))])
        scale = len(self._target) ** -0.5
        return scale * error, scale * jacobian

    def _derivatives(self, active: np.ndarray) -> np.ndarray:
        """Of the prediction with respect to the parameters, (1 + m, p): times (1, d) that at d.

        Args:
            active: (n,) pattern of the units.
        """
        layers = self._layers
        n, m = layers["injection.weight"].shape
        kept = np.eye(n) - active[:, None] * layers["latent.weight"]
        inverse = np.linalg.solve(kept, np.diag(active * 1.0))
        bias = layers["latent.bias"] + layers["injection.bias"]
        point = (inverse @ np.column_stack([bias, layers["injection.weight"]])).T
        adjoint = layers["output.weight"][0] @ inverse
        constant = np.eye(1 + m)[:, :1]
        by_name = {
            "latent.weight": adjoint[None, :, None] * point[:, None, :],
            "latent.bias": constant * adjoint,
            "injection.weight": adjoint[None, :, None] * np.eye(1 + m)[:, None, 1:],
            "injection.bias": constant * adjoint,
            "output.weight": point,
            "output.bias": constant,
        }
        return np.concatenate(
            [by_name[name].reshape(1 + m, -1) for name in layout.shapes(self._network)], axis=1
        )
