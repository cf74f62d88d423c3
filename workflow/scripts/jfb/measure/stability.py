"""How fast a search for fixed points ends, and the Jacobian of T where it does."""

import math

import numpy as np
import torch

from jfb.config import settings
from jfb.measure.per_sample import PerSample
from jfb.model import numerics
from jfb.model.autograd import rows
from jfb.model.autograd.networks import input_shape, open_cell
from jfb.records.dataset import Part
from jfb.records.levels import level_of
from jfb.records.snapshots import Snapshots
from jfb.records.stability import SCHEMA, Row

__all__ = ["SCHEMA", "along"]


def along(run: settings.Run, kept: Snapshots, training: Part, _: Part) -> list[Row]:
    """A row, of the last snapshot.

    Raises:
        jfb.storage.errors.Refused: T couples the samples.
    """
    numerics.pin()
    cell = open_cell(run.network, run.seed).double()
    flat = torch.from_numpy(kept.parameters[-1].astype(np.float64))
    torch.nn.utils.vector_to_parameters(flat, cell.parameters())
    each = PerSample(cell)
    d = torch.from_numpy(training.inputs).double().reshape(-1, *input_shape(run.network))
    with torch.no_grad():
        injected = cell.inject(d)
        start = injected.new_zeros(len(d), *cell.latent_shape)
        u, solve = rows.solve(run.solver, lambda u: cell(u, injected), start, False)
    place = level_of(run), run.batch_size, run.seed
    found = int(solve.iterations), bool(solve.converged)
    if not u.isfinite().all():
        return [Row(*place, *found, math.nan, math.nan)]
    jacobians = each.jacobians(u, d)
    squares = jacobians.square().sum(dim=(1, 2)).mean().item()
    radii = torch.linalg.eigvals(jacobians).abs().amax(dim=1)
    return [Row(*place, *found, math.sqrt(squares / jacobians.shape[1]), radii.mean().item())]
