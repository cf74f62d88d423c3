"""How sharp a minimum is: the exact Hessian of the loss, and Keskar's sharpness.

Let u(y) be the fixed point of T at parameters y, and M = (I - dT/du)^-1 at x and u(x). Each step
u <- u - M (u - T(u; y)) from u(x) multiplies the distance from u(y) by something proportional to
|y - x|. The distance is of first order before the first step, and of third order after two: there,
the derivatives of the loss up to the second are exact, whatever the activation. Autograd finds
them without differentiating M.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import torch
from scipy.optimize import minimize
from torch import Tensor

from jfb.config import settings
from jfb.measure import final, lines, rescaling, units
from jfb.model import fixed_points, numerics
from jfb.model.network import Network
from jfb.records import layout
from jfb.records.dataset import Part
from jfb.records.sharpness import SCHEMA, Row
from jfb.records.summary import network_diverged

#: Half the width of the box of Keskar's sharpness, relative to each parameter.
BOX = 1e-3
_STARTS = 3
_MOST_ITERATIONS = 50


def of_run(run: settings.Run, parameters: np.ndarray, training: Part) -> Row:
    """Measure the sharpness at the end of a run.

    Args:
        run: its network.
        parameters: (p,) flat vector at its end.
        training: all training points.
    """
    numerics.pin()
    x = parameters.astype(np.float64)
    found = fixed_points.find(x, run.network, training.inputs)
    loss = fixed_points.mean_squared_error(found.point, x, run.network, training.target)
    diverged = network_diverged(x, loss)
    if diverged or not found.unique:
        none = [None] * 4 + [np.nan] * 4
        return Row(run.batch_size, run.seed, loss, *none, found.unique, diverged)
    curvature = hessian(run.network, x, training)
    values = np.linalg.eigvalsh(curvature)
    counts, rescaled = (None,) * 4, np.nan
    if run.network.activation == "relu":
        counts = units.counts(found.point, x, run.network, lines.through(training.inputs))
        rescaled = rescaling.least_largest_eigenvalue(curvature, run.network)
    sharpness = keskar_sharpness(run.network, x, training)
    measured = values[-1], values[0], rescaled, sharpness
    return Row(run.batch_size, run.seed, loss, *counts, *measured, True, False)


def hessian(network: settings.Network, x: np.ndarray, part: Part) -> np.ndarray:
    """Hessian (p, p) of the mean squared error with respect to the flat parameters x (p,)."""
    loss = _loss_around(network, x, part)
    return torch.autograd.functional.hessian(loss, torch.from_numpy(x), vectorize=True).numpy()


def keskar_sharpness(network: settings.Network, x: np.ndarray, part: Part) -> float:
    """Keskar's sharpness in percent, see `Row`: the best of some runs of L-BFGS-B in the box.

    The first run starts at x, the others at random points of the box; all are the same each time.
    """

    def negative(z: np.ndarray) -> tuple[float, np.ndarray]:
        moved = torch.from_numpy(x + z).requires_grad_()
        loss = _loss_around(network, x + z, part)(moved)
        (gradient,) = torch.autograd.grad(loss, moved)
        return -loss.item(), -gradient.numpy()

    reach = BOX * (np.abs(x) + 1)
    rng = np.random.default_rng(0)
    starts = [np.zeros_like(x), *(rng.uniform(-reach, reach) for _ in range(_STARTS - 1))]
    lowest = min(
        minimize(
            negative,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=np.stack([-reach, reach], axis=1),
            options={"maxiter": _MOST_ITERATIONS},
        ).fun
        for start in starts
    )
    at_x = -negative(np.zeros_like(x))[0]
    return 100 * (-lowest - at_x) / (1 + at_x)


def _loss_around(
    network: settings.Network, x: np.ndarray, part: Part
) -> Callable[[Tensor], Tensor]:
    """A function that has the value and the first two derivatives of the loss at x."""
    at_x = Network(torch.from_numpy(x), network)
    u = torch.from_numpy(fixed_points.find(x, network, part.inputs).point.T)
    slope = at_x.activation.slope(u, at_x.empty_slope(*u.shape)).double()
    jacobian = slope.T[:, :, None] * at_x.latent_weight
    inverse = torch.linalg.inv(torch.eye(len(u)).double() - jacobian)
    inputs, target = (torch.from_numpy(v).double() for v in (part.inputs, part.target))
    activate = at_x.activation.function

    def loss(flat: Tensor) -> Tensor:
        layers = layout.views(flat, network)
        bias = (layers["latent.bias"] + layers["injection.bias"])[:, None]
        injected = layers["injection.weight"] @ inputs.T + bias
        point = u
        for _ in range(2):
            residual = point - activate(layers["latent.weight"] @ point + injected)
            point = point - torch.einsum("kij,jk->ik", inverse, residual)
        y = layers["output.weight"] @ point + layers["output.bias"][:, None]
        return (y[0] - target).square().mean()

    return loss


def of_runs(ends: final.Ends, training: Part, after_run: Callable[[int], None]) -> pa.Table:
    """A row per run, see `jfb.measure.final.table`."""
    return final.table(of_run, SCHEMA, ends, training, after_run)
