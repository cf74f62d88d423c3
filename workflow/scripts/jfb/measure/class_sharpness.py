"""The Hessian of a classifier's loss, and measures of sharpness that rescaling does not change.

Where no unit is at its kink, u = (I - D W)^-1 D (V d + b) with the pattern D of the active units
held: the loss is smooth in the parameters, and autograd has its second derivatives.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from jfb.config import settings
from jfb.measure import rescaling
from jfb.measure.sensitivity import Affine, right
from jfb.model import numerics
from jfb.records import layout
from jfb.records.class_sharpness import LEVEL, SCHEMA, Row
from jfb.records.dataset import Part
from jfb.records.levels import level_of
from jfb.records.snapshots import Snapshots

__all__ = ["SCHEMA", "along", "hessian", "relative"]


def cross_entropy(parameters: np.ndarray, network: settings.Network, part: Part) -> float:
    """The mean over samples at exact fixed points; NaN where one was not found."""
    affine = Affine(parameters, network)
    scores = torch.from_numpy(affine.scores(affine.points(part.inputs)))
    if not scores.isfinite().all():
        return np.nan
    return functional.cross_entropy(scores, torch.from_numpy(part.target).long()).item()


def hessian(parameters: np.ndarray, network: settings.Network, part: Part) -> np.ndarray:
    """Hessian (p, p) of the cross-entropy by the flat parameters (p,), in float64.

    Args:
        parameters: where all samples have a fixed point.
        network: with relu.
        part: the samples.
    """
    u = Affine(parameters, network).points(part.inputs)
    active = torch.from_numpy((u > 0).astype(float))
    inputs, target = torch.from_numpy(part.inputs).double(), torch.from_numpy(part.target).long()

    def loss(flat: Tensor) -> Tensor:
        layers = layout.views(flat, network)
        bias = layers["latent.bias"] + layers["injection.bias"]
        injected = active * (inputs @ layers["injection.weight"].T + bias)
        system = (
            torch.eye(network.latent_dim).double() - active[:, :, None] * layers["latent.weight"]
        )
        point = torch.linalg.solve(system, injected[:, :, None])[:, :, 0]
        scores = point @ layers["output.weight"].T + layers["output.bias"]
        return functional.cross_entropy(scores, target)

    at = torch.from_numpy(parameters.astype(np.float64)).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(at), at, create_graph=True)
    # Row by row: vectorised, it takes twice as long, and memory for all samples and rows.
    rows = [torch.autograd.grad(one, at, retain_graph=True)[0] for one in gradient]
    found = torch.stack(rows).numpy()
    return (found + found.T) / 2


def relative(hessian: np.ndarray, parameters: np.ndarray) -> float:
    """The largest eigenvalue in coordinates scaled by |parameters|."""
    scaled = hessian * np.outer(np.abs(parameters), np.abs(parameters))
    return rescaling.largest(scaled)[0]


def along(run: settings.Run, kept: Snapshots, training: Part, validation: Part) -> list[Row]:
    """Rows of the first snapshot that reaches the level and of the one before; else of the last.

    A sample without a fixed point is classified wrong.
    """
    numerics.pin()
    losses = []
    for parameters in kept.parameters:
        losses.append(cross_entropy(parameters, run.network, training))
        if losses[-1] <= LEVEL:
            break
    else:
        return [_row(run, kept, len(losses) - 1, losses[-1], training, validation)]
    last = len(losses) - 1
    return [
        _row(run, kept, place, losses[place], training, validation)
        for place in range(max(0, last - 1), last + 1)
    ]


def _row(
    run: settings.Run, kept: Snapshots, at: int, loss: float, training: Part, validation: Part
) -> Row:
    parameters, epoch = kept.parameters[at].astype(np.float64), int(kept.epochs[at])
    place = level_of(run), run.batch_size, run.seed, epoch
    place = *place, run.updates_by(epoch, len(training)), loss
    if not np.isfinite(loss):
        return Row(*place, *[np.nan] * 4)
    affine = Affine(parameters, run.network)
    scores = affine.scores(affine.points(validation.inputs))
    curvature = hessian(parameters, run.network, training)
    return Row(
        *place,
        float(right(scores, validation.target).mean()),
        rescaling.largest(curvature)[0],
        relative(curvature, parameters),
        rescaling.least_largest_eigenvalue(curvature, run.network),
    )
