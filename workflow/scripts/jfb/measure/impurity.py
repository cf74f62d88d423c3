"""Impurity of the probabilities, and the trace of the Gauss-Newton matrix, along training."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from jfb.config import choices, gradient_choices, settings
from jfb.measure.per_sample import PerSample
from jfb.model import numerics
from jfb.model.autograd.equilibrium import DEQ
from jfb.model.autograd.networks import input_shape, open_cell
from jfb.records.dataset import Part
from jfb.records.impurity import SCHEMA, Row
from jfb.records.levels import level_of
from jfb.records.snapshots import Snapshots, epochs_of

__all__ = ["SCHEMA", "along", "norms"]

#: Training samples at most: the first, as the split has drawn them.
SAMPLES = 256
_SOLVER = choices.Anderson(tolerance=1e-8, max_iterations=2_000, memory=5)


def norms(scores: Tensor, derivatives: Tensor) -> Tensor:
    """|J|^2, and the trace of J^T (diag p - p p^T) J, of one sample, (2,).

    The trace is the sum of p_k |J_k|^2 less |sum of p_k J_k|^2.

    Args:
        scores: (k,), of which p is the softmax.
        derivatives: J, (k, p), by the parameters.
    """
    p = scores.softmax(dim=0)
    squares = derivatives.square().sum(dim=1)
    mean = p @ derivatives
    return torch.stack([squares.sum(), p @ squares - mean @ mean])


def along(run: settings.Run, kept: Snapshots, training: Part, validation: Part) -> list[Row]:
    """A row for each snapshot of a run.

    Raises:
        jfb.storage.errors.Refused: T couples the samples.
    """
    numerics.pin()
    cell = open_cell(run.network, run.seed).double()
    deq = DEQ(cell, _SOLVER, gradient_choices.JFB())
    (d, target), (unseen, right) = (_tensors(run, part) for part in (training, validation))
    rows = []
    for epoch, parameters in zip(kept.epochs.tolist(), kept.parameters, strict=True):
        flat = torch.from_numpy(parameters.astype(np.float64))
        torch.nn.utils.vector_to_parameters(flat, cell.parameters())
        place = level_of(run), run.batch_size, run.seed
        place = *place, epoch, run.updates_by(epoch, len(training))
        with torch.no_grad():
            predicted, found = deq(unseen).argmax(dim=1), deq.solve.converged
            scores = deq(d)
            some = deq.point[:SAMPLES], d[:SAMPLES]
        if not (found and deq.solve.converged):
            rows.append(Row(*place, False, *[np.nan] * 5))
            continue
        jacobian, trace = PerSample(cell).of_scores(*some, norms).mean(dim=0).tolist()
        probabilities = scores.softmax(dim=1)
        measured = (
            functional.cross_entropy(scores, target).item(),
            (predicted == right).double().mean().item(),
            1 - probabilities.square().sum(dim=1).mean().item(),
        )
        rows.append(Row(*place, True, *measured, jacobian, trace))
    # Of a run that diverged there is nothing more.
    for epoch in epochs_of(run)[len(kept.epochs) :].tolist():
        place = level_of(run), run.batch_size, run.seed
        place = *place, epoch, run.updates_by(epoch, len(training))
        rows.append(Row(*place, False, *[np.nan] * 5))
    return rows


def _tensors(run: settings.Run, part: Part) -> tuple[Tensor, Tensor]:
    d = torch.from_numpy(part.inputs).double().reshape(-1, *input_shape(run.network))
    return d, torch.from_numpy(part.target).long()
