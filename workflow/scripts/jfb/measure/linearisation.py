"""Gradients, the Jacobian of T and the Hessian of the loss at the fixed points of any network."""

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor, nn

from jfb.config import choices, gradient_choices, settings
from jfb.model import numerics
from jfb.model.autograd.cells import Cell
from jfb.model.autograd.equilibrium import DEQ
from jfb.model.autograd.losses import LOSSES
from jfb.model.autograd.networks import input_shape, open_cell
from jfb.records import layout, linearisation
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots
from jfb.storage import parquet

#: Of fixed points and of the adjoint, as `solver.tolerance`; and the limit of applications.
TOLERANCE, MOST_ITERATIONS = 1e-8, 2_000
#: Products with J^T from a random vector, and those at the end whose growth is the radius.
POWERS, COUNTED = 40, 10
#: Samples whose loss the Hessian is of, at most: the first, as the split has drawn them.
SAMPLES_OF_HESSIAN = 256
#: Of the eigenvalue of the Hessian, relative; and the length of the step of its differences.
EIGENVALUE_TOLERANCE, STEP = 1e-2, 1e-4
#: Vectors that Lanczos keeps.
_BASIS = 8

_SOLVER = choices.Anderson(tolerance=TOLERANCE, max_iterations=MOST_ITERATIONS, memory=5)
_JFB = gradient_choices.JFB()
_EXACT = gradient_choices.Implicit(adjoint="anderson", tolerance=TOLERANCE)


class Linearised:
    """A network at some parameters, with the samples of its loss, in float64.

    Args:
        cell: of the network; it is made float64, and moved.
        run: its network and loss.
        training: the samples.
    """

    def __init__(self, cell: Cell, run: settings.Run, training: Part) -> None:
        self.cell = cell.double()
        inputs, target = (
            torch.from_numpy(part).double() for part in (training.inputs, training.target)
        )
        self._d, self._target = inputs.reshape(-1, *input_shape(run.network)), target
        self._loss = LOSSES[run.loss]
        #: Of the last gradient.
        self.deq: DEQ | None = None
        self.loss = np.nan
        self._start: Tensor | None = None

    def move(self, parameters: np.ndarray) -> None:
        """Take other parameters, (p,), whose fixed points are searched for from 0."""
        self._start = None
        self._step_to(parameters)

    def _step_to(self, parameters: np.ndarray) -> None:
        """Take parameters so near that fixed points are searched for from the last ones."""
        flat = torch.from_numpy(np.asarray(parameters, np.float64))
        nn.utils.vector_to_parameters(flat, self.cell.parameters())

    def gradient(self, kind: choices.Gradient) -> np.ndarray:
        """The gradient (p,) of the loss as `kind` has it; NaN where no fixed point is found."""
        self.deq = DEQ(self.cell, _SOLVER, kind)
        self.cell.zero_grad(set_to_none=True)
        loss, _ = self._loss(self.deq(self._d, self._start), self._target)
        loss.backward()
        self._start = self.deq.point
        self.loss = loss.item()
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.cell.parameters()]
        flat = torch.cat([part.flatten() for part in parts]).numpy()
        return flat if self.converged else np.full_like(flat, np.nan)

    @property
    def converged(self) -> bool:
        """Whether the last gradient found its fixed points and its adjoint."""
        return self.deq.solve.converged and self.deq.adjoint.converged

    def radii(self) -> np.ndarray:
        """The spectral radius of dT/du at the fixed point of each sample, by power iteration.

        Of the whole batch, (1,), where T couples the samples. The radius is the geometric mean of
        the growth over some iterations, since the largest eigenvalues may be a complex pair.
        """
        u = self.deq.point.detach().requires_grad_()
        with torch.no_grad():
            injected = self.cell.inject(self._d)
        image = self.cell(u, injected)
        over = tuple(range(0 if self.cell.coupled else 1, u.dim()))
        generator = torch.Generator().manual_seed(0)
        v = torch.randn(u.shape, generator=generator, dtype=u.dtype)
        growth = []
        for _ in range(POWERS):
            v = v / _norm(v, over)
            (v,) = torch.autograd.grad(image, u, v, retain_graph=True)
            growth.append(_norm(v, over).flatten())
        kept = torch.stack(growth[-COUNTED:])
        return kept.log().mean(dim=0).exp().numpy()

    def curvature(self, parameters: np.ndarray) -> float:
        """The largest eigenvalue of the Hessian of the loss at exact fixed points, by Lanczos.

        A product with the Hessian is a central difference of the exact gradient along the
        direction: it goes through the fixed point. NaN where a gradient or Lanczos fails. The
        parameters are others afterwards.

        Args:
            parameters: (p,).
        """
        at = np.asarray(parameters, np.float64)

        def product(direction: np.ndarray) -> np.ndarray:
            direction = direction.ravel()
            step = STEP / np.linalg.norm(direction)
            ends = []
            for sign in (1, -1):
                self._step_to(at + sign * step * direction)
                ends.append(self.gradient(_EXACT))
            difference = (ends[0] - ends[1]) / (2 * step)
            if not np.isfinite(difference).all():
                raise _NotFound
            return difference

        start = np.random.default_rng(0).standard_normal(at.size)
        try:
            hessian = LinearOperator((at.size, at.size), matvec=product, dtype=np.float64)
            (largest,) = eigsh(
                hessian,
                k=1,
                which="LA",
                ncv=min(_BASIS, at.size),
                v0=start,
                tol=EIGENVALUE_TOLERANCE,
                return_eigenvectors=False,
            )
        except (ArpackError, _NotFound):
            return np.nan
        return float(largest)


class _NotFound(Exception):
    """A gradient has no fixed point or no adjoint."""


def _norm(v: Tensor, over: tuple[int, ...]) -> Tensor:
    return v.square().sum(dim=over, keepdim=True).sqrt().clamp_min(1e-300)


def shapes(network: settings.Network) -> layout.Shapes:
    """Those of the parameters of any network."""
    numerics.pin()
    return {name: tuple(p.shape) for name, p in open_cell(network).named_parameters()}


def of_runs(
    runs: Iterable[tuple[settings.Run, Snapshots]],
    training: Part,
    after_run: Callable[[int], None],
) -> pa.Table:
    """What `jfb.records.linearisation` has of the snapshots of runs of one network.

    Args:
        runs: each with its snapshots.
        training: all training samples.
        after_run: told how many are done.
    """
    numerics.pin()
    rows: list[linearisation.Row] = []
    for done, (run, kept) in enumerate(runs, 1):
        cell = open_cell(run.network, run.seed)
        network = Linearised(cell, run, training)
        some = Part(training.inputs[:SAMPLES_OF_HESSIAN], training.target[:SAMPLES_OF_HESSIAN])
        of_hessian = Linearised(cell, run, some)
        for epoch, parameters in zip(kept.epochs.tolist(), kept.parameters, strict=True):
            row = _row(run, network, epoch, parameters)
            if row.converged and epoch == kept.epochs[-1]:
                of_hessian.move(parameters)
                row = row._replace(curvature=of_hessian.curvature(parameters))
            rows.append(row)
        after_run(done)
    return parquet.from_rows(rows, linearisation.SCHEMA)


def _row(
    run: settings.Run, network: Linearised, epoch: int, parameters: np.ndarray
) -> linearisation.Row:
    network.move(parameters)
    jfb = network.gradient(_JFB)
    iterations = network.deq.solve.iterations
    exact = network.gradient(_EXACT)
    row = linearisation.Row(
        batch_size=run.batch_size,
        seed=run.seed,
        epoch=epoch,
        updates=run.updates_by(epoch, run.dataset.training_size),
        loss=network.loss,
        iterations=iterations,
        converged=bool(np.isfinite(jfb).all() and np.isfinite(exact).all()),
        **dict.fromkeys(("cosine", "norm_ratio", "radius", "radius_mean", "curvature"), np.nan),
    )
    if not row.converged:
        return row
    radii = network.radii()
    norms = np.linalg.norm(jfb), np.linalg.norm(exact)
    return row._replace(
        cosine=float(jfb @ exact / (norms[0] * norms[1])),
        norm_ratio=float(norms[0] / norms[1]),
        radius=float(radii.max()),
        radius_mean=float(radii.mean()),
    )
