"""The JFB gradient beside the exact one and the unrolled one, at several tolerances, along runs.

All are of the loss on all training points, whatever the batch size of the run.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from jfb.config import gradient_choices, settings
from jfb.model import fixed_points, numerics
from jfb.model.gradients import open_gradient
from jfb.model.network import Network, Transformation
from jfb.model.prefixes import Prefixes
from jfb.model.solvers import SOLVERS, Solve
from jfb.records import layout
from jfb.records.alignment import SCHEMA, Row
from jfb.records.dataset import Part
from jfb.records.snapshots import Snapshots
from jfb.storage import parquet

_OPTIONS = {
    "jfb": gradient_choices.JFB(),
    # Solved directly in small latent spaces; the tolerance is of the iteration in large ones.
    "exact": gradient_choices.Implicit(tolerance=1e-12),
    "unrolled": gradient_choices.Unrolled(),
}
#: Applications of T after which a search in float64 ends.
_MOST_ITERATIONS = 20_000


class _Found(NamedTuple):
    """A gradient (p,) in float64, NaN where it is not known, and the solve that it is for."""

    values: np.ndarray
    solve: Solve


class Differentiated:
    """The gradients of a network on all training points, in one precision.

    Args:
        dimensions: of the network.
        training: the points.
        dtype: of parameters, points and gradients.
        names: of the gradients.
    """

    def __init__(
        self,
        dimensions: settings.Network,
        training: Part,
        dtype: torch.dtype,
        names: Sequence[str],
    ) -> None:
        size = len(training)
        self.network = Network(torch.zeros(layout.size(dimensions), dtype=dtype), dimensions)
        self.transform = Transformation(self.network, size)
        self._gradients = {
            name: open_gradient(self.network, size, _OPTIONS[name]) for name in names
        }
        self._d = torch.from_numpy(training.inputs).to(dtype).T.contiguous()
        self._target = torch.from_numpy(training.target).to(dtype)
        self._error = self.network.empty(1, size)

    def load(self, parameters: np.ndarray) -> None:
        """Take other parameters, (p,)."""
        self.network.parameters.copy_(torch.from_numpy(parameters))
        self.transform.fix(self._d)

    def at(self, name: str, solve: Solve) -> _Found:
        """A gradient for a solve; NaN where that did not converge."""
        if not solve.converged:
            return _Found(np.full(len(self.network.parameters), np.nan), solve)
        gradient = self._gradients[name]
        activation = gradient.follow(self.transform, solve)
        error = self.network.read_out(activation, self._error).sub_(self._target)
        return _Found(gradient(self._d, error).double().numpy().copy(), solve)


class _AlongRun:
    """What is measured at the snapshots of one run."""

    def __init__(self, run: settings.Run, tolerances: Sequence[float], training: Part) -> None:
        self._seed, self._trained_to = run.seed, run.solver.tolerance
        self._inputs = training.inputs
        self._tolerances = sorted(tolerances, reverse=True)
        shape = len(training), run.network.latent_dim
        self._trained = Differentiated(run.network, training, torch.float32, tuple(_OPTIONS))
        self._solve = SOLVERS[run.solver.name](run.solver, *shape, torch.float32)
        self._double = Differentiated(run.network, training, torch.float64, ("jfb", "exact"))
        self._solves = Prefixes(self._tolerances, _MOST_ITERATIONS, *shape)

    def _found_otherwise(self, parameters: np.ndarray, solve: Solve) -> Solve:
        """The fixed points that Picard's iteration misses, if they are within the tolerance."""
        exact = fixed_points.find(parameters, self._double.network.dimensions, self._inputs)
        point = torch.from_numpy(exact.point.T.copy())
        image = self._double.transform(point, torch.empty_like(point))
        residual = (image - point).abs().max().item()
        within = residual < self._tolerances[-1]
        return Solve(point, solve.iterations, residual, True) if within else solve

    def rows(self, epoch: int, parameters: np.ndarray) -> Iterator[Row]:
        """The rows of a snapshot."""
        self._double.load(parameters)
        solves = self._solves(self._double.transform)
        if not solves[-1].converged:
            solves[-1] = self._found_otherwise(parameters, solves[-1])
        found = {
            (name, tolerance): self._double.at(name, solve)
            for tolerance, solve in zip(self._tolerances, solves, strict=True)
            for name in ("jfb", "exact")
        }
        tightest = self._tolerances[-1]
        last = found["exact", tightest]
        jacobian = _of_jacobian(self._double, last)

        def row(name: str, to: float, precision: str, one: _Found, other: tuple) -> Row:
            reference, reference_tolerance, beside = other
            kept = _compare(one.values, beside.values)
            solve = one.solve.iterations, one.solve.residual
            place = self._seed, epoch, name, to, precision, reference, reference_tolerance
            return Row(*place, *kept[:3], *solve, kept[3], *jacobian)

        for (name, to), one in found.items():
            if name == "jfb":
                yield row(name, to, "float64", one, ("exact", to, found["exact", to]))
            if to != tightest:
                yield row(name, to, "float64", one, ("exact", tightest, last))
        self._trained.load(parameters)
        solve, to = self._solve(self._trained.transform), self._trained_to
        trained = {name: self._trained.at(name, solve) for name in _OPTIONS}
        for name, reference in (("jfb", "exact"), ("jfb", "unrolled"), ("exact", "unrolled")):
            yield row(name, to, "float32", trained[name], (reference, to, trained[reference]))
        for name in ("jfb", "exact") if to > tightest else ():
            yield row(name, to, "float32", trained[name], ("exact", tightest, last))


def _compare(one: np.ndarray, other: np.ndarray) -> tuple[float, int, float, bool]:
    """Cosine, sign and ratio of the norms of two gradients (p,), and whether both are known."""
    inner, norms = float(one @ other), (float(np.linalg.norm(one)), float(np.linalg.norm(other)))
    if not math.isfinite(inner):
        return math.nan, 0, math.nan, False
    cosine = inner / (norms[0] * norms[1]) if min(norms) > 0 else math.nan
    return cosine, int(np.sign(inner)), norms[0] / norms[1] if norms[1] > 0 else math.nan, True


@torch.inference_mode()
def along(
    run: settings.Run, snapshots: Snapshots, tolerances: Sequence[float], training: Part
) -> list[Row]:
    """Compare the gradients at each snapshot of a run.

    Args:
        run: its network and solver, one that iterates T only.
        snapshots: of the run.
        tolerances: of the fixed points in float64.
        training: all training points.
    """
    numerics.pin()
    measured = _AlongRun(run, tolerances, training)
    pairs = zip(snapshots.epochs, snapshots.parameters, strict=True)
    return [row for epoch, parameters in pairs for row in measured.rows(int(epoch), parameters)]


def of_runs(
    runs: Sequence[tuple[settings.Run, Snapshots]],
    tolerances: Sequence[float],
    training: Part,
    after_run: Callable[[int], None],
) -> pa.Table:
    """The rows of some runs of a study as a table, with the runs as JSON in its metadata.

    `after_run` is called with the number of runs done.
    """
    rows: list[Row] = []
    for done, (run, snapshots) in enumerate(runs, start=1):
        rows += along(run, snapshots, tolerances, training)
        after_run(done)
    described = json.dumps([run.to_dict() for run, _ in runs])
    return parquet.from_rows(rows, SCHEMA.with_metadata({"runs": described}))


def _of_jacobian(network: Differentiated, found: _Found) -> tuple[float, float, float]:
    """Spectral norm of W; over samples, largest norm and spectral radius of diag(slope) W."""
    weight = network.network.latent_weight
    norm = _largest(torch.linalg.svdvals, weight[None])
    if not np.isfinite(found.values).all():
        return norm, math.nan, math.nan
    activation = network.transform(found.solve.point, torch.empty_like(found.solve.point))
    slope = network.network.activation.slope(
        activation, network.network.empty_slope(*activation.shape)
    ).T
    if slope.dtype == torch.bool:
        # Many samples share a Jacobian; one of each is found by its bits.
        bits = np.ascontiguousarray(np.packbits(slope.numpy(), axis=1))
        codes = bits.view(f"V{bits.shape[1]}")[:, 0].tolist()
        slope = slope[list({code: k for k, code in enumerate(codes)}.values())].double()
    jacobians = slope[:, :, None] * weight
    return norm, *(_largest(f, jacobians) for f in (torch.linalg.svdvals, torch.linalg.eigvals))


def _largest(values: Callable[[Tensor], Tensor], matrices: Tensor) -> float:
    if not matrices.isfinite().all():
        return math.nan
    return values(matrices).abs().max().item()
