"""The JFB gradient beside the exact one, along a run: does it point the same way?

Both are of the loss on all training points, whatever the batch size of the run.
"""

import json
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from jfb import numerics, settings
from jfb.dataset import Part
from jfb.gradients import open_gradient
from jfb.network import Network, Transformation
from jfb.snapshots import Snapshots
from jfb.solvers import SOLVERS, Solve


class Row(NamedTuple):
    """What is recorded of one snapshot.

    `cosine` is that of the angle between the JFB gradient and the exact one, `sign` the sign of
    their inner product, `norm_ratio` the norm of the first over that of the second. The JFB
    gradient is computed as in training: in float32, at the point that the run's solver finds in
    `iterations` with `residual` (infinity norm of u - T(u; d)). The exact one is the implicit
    gradient in float64, at a fixed point with a residual below 1e-10 and with an adjoint that
    solves its system, to 1e-12 where it is iterated, where `exact_converged`; where that is false,
    or a gradient vanishes, what needs it is NaN (`sign` 0). `spectral_norm` is that of the latent
    weight; `jacobian_norm` and `jacobian_radius` are the largest spectral norm and spectral radius
    of dT/du at the fixed points of all samples.
    """

    epoch: int
    cosine: float
    sign: int
    norm_ratio: float
    spectral_norm: float
    jacobian_norm: float
    jacobian_radius: float
    iterations: int
    residual: float
    converged: bool
    exact_converged: bool


EXACT = settings.Solver("picard", tolerance=1e-10, max_iterations=20_000)
_JFB = settings.Gradient("jfb")
_IMPLICIT = settings.Gradient("implicit", tolerance=1e-12)
_TYPES = {int: pa.int32(), float: pa.float64(), bool: pa.bool_()}
SCHEMA = pa.schema(
    [pa.field(name, _TYPES[kind], nullable=False) for name, kind in Row.__annotations__.items()]
)


@torch.inference_mode()
def along(
    run: settings.Run,
    snapshots: Snapshots,
    training: Part,
    after_row: Callable[[int], None],
) -> list[Row]:
    """Compare the gradients at each snapshot of a run.

    Args:
        run: its solver and network.
        snapshots: of the run.
        training: all training points.
        after_row: called with the number of rows done.
    """
    numerics.pin()
    rows = []
    for epoch, parameters in zip(snapshots.epochs, snapshots.parameters, strict=True):
        rows.append(_row(run, int(epoch), parameters, training))
        after_row(len(rows))
    return rows


def _row(run: settings.Run, epoch: int, parameters: np.ndarray, training: Part) -> Row:
    used, solve, *_ = _gradient(run, run.solver, _JFB, torch.float32, parameters, training)
    exact, exact_solve, network, activation = _gradient(
        run, EXACT, _IMPLICIT, torch.float64, parameters, training
    )
    # An adjoint that was not found is not finite.
    known = exact_solve.converged and bool(exact.isfinite().all())
    if not known:
        exact.fill_(torch.nan)
    used = used.double()
    inner, lengths = torch.dot(used, exact), (used.norm(), exact.norm())
    product = lengths[0] * lengths[1]
    norm, radius = _jacobian(network, activation) if known else (math.nan, math.nan)
    return Row(
        epoch=epoch,
        cosine=(inner / product if product > 0 else product * torch.nan).item(),
        sign=int(torch.nan_to_num(inner).sign()),
        norm_ratio=(lengths[0] / lengths[1] if lengths[1] > 0 else product * torch.nan).item(),
        spectral_norm=_largest(torch.linalg.svdvals, network.latent_weight[None]),
        jacobian_norm=norm,
        jacobian_radius=radius,
        iterations=solve.iterations,
        residual=solve.residual,
        converged=solve.converged,
        exact_converged=known,
    )


def _gradient(
    run: settings.Run,
    solver: settings.Solver,
    options: settings.Gradient,
    dtype: torch.dtype,
    parameters: np.ndarray,
    training: Part,
) -> tuple[Tensor, Solve, Network, Tensor]:
    """A gradient on all points (p,), its solve, the network, and T(u; d), (n, size)."""
    size, n = len(training), run.network.latent_dim
    network = Network(torch.from_numpy(parameters).to(dtype), run.network)
    transform = Transformation(network, size)
    d = torch.from_numpy(training.inputs).to(dtype).T.contiguous()
    transform.fix(d)
    solve = SOLVERS[solver.name](solver, size, n, dtype)(transform)
    gradient = open_gradient(network, size, options)
    activation = gradient.follow(transform, solve)
    error = network.read_out(activation, network.empty(1, size))
    error.sub_(torch.from_numpy(training.target).to(dtype))
    return gradient(d, error), solve, network, activation


def _jacobian(network: Network, activation: Tensor) -> tuple[float, float]:
    """Largest spectral norm and spectral radius of diag(slope) W over the samples."""
    slope = network.activation.slope(activation, network.empty_slope(*activation.shape))
    # With relu many samples share a Jacobian.
    different = torch.unique(slope.T, dim=0).double()
    jacobians = different[:, :, None] * network.latent_weight
    return _largest(torch.linalg.svdvals, jacobians), _largest(torch.linalg.eigvals, jacobians)


def _largest(values: Callable[[Tensor], Tensor], matrices: Tensor) -> float:
    if not matrices.isfinite().all():
        return float("nan")
    return values(matrices).abs().max().item()


def to_table(rows: list[Row], run: settings.Run) -> pa.Table:
    """The rows as a table, with the run as JSON in its metadata."""
    columns = [pa.array([row[k] for row in rows], field.type) for k, field in enumerate(SCHEMA)]
    return pa.Table.from_arrays(
        columns, schema=SCHEMA.with_metadata({"run": json.dumps(run.to_dict())})
    )
