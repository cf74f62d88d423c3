"""What a step costs, by gradient: seconds, and the peak memory of its backward pass.

Measured on `jfb.model.deq.DEQ`, differentiated by autograd, so that all gradients are computed by
the same means. The number of fixed-point iterations is set by applying T that many times; gradients
that start at the fixed point apply it there once more, phantom in each of its steps.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator

import pandas as pd
import torch
from torch import Tensor, nn

from jfb.config import choices, settings
from jfb.config.datasets import INPUTS
from jfb.measure import collector, machine
from jfb.measure.collector import Collector
from jfb.model import numerics
from jfb.model.adjoints import adjoint_of
from jfb.model.deq import DEQ, peak_of_backward
from jfb.records.dataset import Part

# A measurement repeats the step for at least this long.
_SECONDS = 0.03
# A gradient that is this slow, in seconds of its rounds so far, has this many rounds and no more.
_LONG, _FEWEST = 3.0, 3
# Spectral norm of the latent weight: adjoints that are iterated then take a dozen iterations.
_NORM = 0.9


def cases(cost: settings.Cost) -> Iterator[tuple[str, int, int]]:
    """What varies, number of iterations, latent dimension: of each case to be measured."""
    for iterations in cost.iterations:
        yield "iterations", iterations, cost.latent_dim
    for latent_dim in cost.latent_dims:
        yield "latent_dim", cost.iterations_at_latent_dims, latent_dim


def measure(cost: settings.Cost, training: Part, after_case: Callable[[int], None]) -> pd.DataFrame:
    """Measure each gradient in each case, on one thread; gradients take turns within a case.

    Args:
        cost: what to measure.
        training: of which the first points are the batch.
        after_case: called with the number of cases done.

    Returns:
        A row per case, gradient and round: varied, iterations, latent_dim, gradient; adjoint, how
        an implicit gradient is solved; batch_size, round; forward_seconds, backward_seconds and
        step_seconds, their sum, without Python's garbage collector; peak_bytes, see
        `jfb.model.deq.peak_of_backward`, and adjoint_residual, see `residual_of_adjoint`, measured
        once; load, the cores of the machine that were in use during the case; and the machine.
    """
    numerics.pin()
    build = machine.blas_of(torch.__config__.show())
    here = machine.here(str(torch.__version__), build, torch.get_num_threads())
    d = torch.from_numpy(training.inputs[: cost.batch_size])
    target = torch.from_numpy(training.target[: cost.batch_size])[:, None]
    rows = []
    for done, (varied, iterations, latent_dim) in enumerate(cases(cost), start=1):
        case = {"varied": varied, "iterations": iterations, "latent_dim": latent_dim}
        with collector.set_to(Collector.DISABLED), machine.CoresInUse() as in_use:
            measured = _rows(cost, iterations, latent_dim, d, target)
        beside = {"load": in_use.mean, **dataclasses.asdict(here)}
        rows += [case | row | beside for row in measured]
        after_case(done)
    return pd.DataFrame(rows)


def _rows(
    cost: settings.Cost, iterations: int, latent_dim: int, d: Tensor, target: Tensor
) -> list[dict[str, object]]:
    """What is measured in one case."""
    modules = {name: _module(gradient, iterations, latent_dim) for name, gradient in cost.gradients}
    # Before the first round, which then finds every buffer warm.
    once = {
        name: {
            "adjoint": adjoint_of(gradient, latent_dim),
            "peak_bytes": peak_of_backward(modules[name], d, target),
            "adjoint_residual": residual_of_adjoint(modules[name], d, target),
        }
        for name, gradient in cost.gradients
    }
    rows = []
    spent = dict.fromkeys(modules, 0.0)
    for k in range(cost.repeats):
        for name, module in modules.items():
            if k >= _FEWEST and spent[name] > _LONG:
                continue
            forward, backward = _seconds(module, d, target)
            spent[name] += forward + backward
            rows.append(
                {
                    "gradient": name,
                    "batch_size": len(d),
                    "round": k,
                    "forward_seconds": forward,
                    "backward_seconds": backward,
                    "step_seconds": forward + backward,
                    **once[name],
                }
            )
    return rows


def residual_of_adjoint(module: DEQ, d: Tensor, target: Tensor) -> float:
    """How well the adjoint solves its system at these points: |v + J^T w - w| / |v|.

    In the infinity norm over the batch, computed in float64 from the w that the module uses. NaN
    for a gradient without an adjoint, which is no statement about its error.

    Args:
        module: whose backward pass is looked at; has no gradients afterwards.
        d: (size, m) inputs.
        target: (size, 1).
    """
    used, found = getattr(module, "adjoint", None), math.nan
    if used is None:
        return found

    def watched(v: Tensor, slope: Tensor, latent_weight: Tensor) -> Tensor:
        nonlocal found
        given = v.double()
        w = used(v, slope, latent_weight)
        residual = given + (w.double() * slope) @ latent_weight.double() - w.double()
        found = (residual.abs().max() / given.abs().max()).item()
        return w

    module.adjoint = watched
    nn.functional.mse_loss(module(d), target).backward()
    module.adjoint = used
    module.zero_grad(set_to_none=True)
    return found


def _module(gradient: choices.Gradient, iterations: int, latent_dim: int) -> DEQ:
    """A network with the same weights whatever the gradient."""
    torch.manual_seed(0)
    network = settings.Network(len(INPUTS), latent_dim)
    solver = choices.Explicit(applications=iterations)
    module = DEQ(network, solver, gradient)
    with torch.no_grad():
        module.latent.weight.mul_(_NORM / torch.linalg.matrix_norm(module.latent.weight, 2))
    return module


def _seconds(module: DEQ, d: Tensor, target: Tensor) -> tuple[float, float]:
    """Mean seconds of a forward pass and of a backward pass."""
    forward = backward = 0.0
    count = 0
    while forward + backward < _SECONDS:
        module.zero_grad(set_to_none=True)
        start = time.perf_counter()
        loss = nn.functional.mse_loss(module(d), target)
        middle = time.perf_counter()
        loss.backward()
        forward += middle - start
        backward += time.perf_counter() - middle
        count += 1
    return forward / count, backward / count
