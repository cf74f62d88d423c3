"""What a step costs, by gradient: seconds, bytes kept for the backward pass, and its own peak.

Measured on `jfb.deq.DEQ`, differentiated by autograd, so that all gradients are computed by the
same means. The number of fixed-point iterations is set by applying T that many times; gradients
that start at the fixed point apply it there once more, phantom in each of its steps.
"""

import statistics
import time
from collections.abc import Callable, Iterator

import pandas as pd
import torch

from jfb import numerics, settings
from jfb.dataset import INPUTS, Part
from jfb.deq import DEQ, kept_for_backward, peak_of_backward

# A measurement repeats the step for at least this long.
_SECONDS = 0.05
# Spectral norm of the latent weight: iterative adjoints then take a few dozen iterations.
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
        A row per case and gradient: varied, iterations, latent_dim, gradient, batch_size;
        bytes_kept, saved by the forward pass for the backward pass, and backward_peak_bytes, the
        most that the backward pass allocates above what there is when it starts;
        forward_seconds and backward_seconds, medians over rounds; step_seconds, their sum's
        median, and its range, step_seconds_lowest and step_seconds_highest.
    """
    numerics.pin()
    d = torch.from_numpy(training.inputs[: cost.batch_size])
    target = torch.from_numpy(training.target[: cost.batch_size])[:, None]
    rows = []
    for done, (varied, iterations, latent_dim) in enumerate(cases(cost), start=1):
        steps = {
            name: _module(gradient, iterations, latent_dim) for name, gradient in cost.gradients
        }
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
        for _ in range(cost.repeats):
            for name, module in steps.items():
                rounds[name].append(_seconds(module, d, target))
        for name, module in steps.items():
            forward, backward = zip(*rounds[name], strict=True)
            both = [sum(pair) for pair in rounds[name]]
            rows.append(
                {
                    "varied": varied,
                    "iterations": iterations,
                    "latent_dim": latent_dim,
                    "gradient": name,
                    "batch_size": len(d),
                    "bytes_kept": kept_for_backward(module, d, target),
                    "backward_peak_bytes": peak_of_backward(module, d, target),
                    "forward_seconds": statistics.median(forward),
                    "backward_seconds": statistics.median(backward),
                    "step_seconds": statistics.median(both),
                    "step_seconds_lowest": min(both),
                    "step_seconds_highest": max(both),
                }
            )
        after_case(done)
    return pd.DataFrame(rows)


def _module(gradient: settings.Gradient, iterations: int, latent_dim: int) -> DEQ:
    """A network with the same weights whatever the gradient."""
    torch.manual_seed(0)
    network = settings.Network(len(INPUTS), latent_dim)
    solver = settings.Solver("explicit", applications=iterations)
    module = DEQ(network, solver, gradient)
    with torch.no_grad():
        module.latent.weight.mul_(_NORM / torch.linalg.matrix_norm(module.latent.weight, 2))
    return module


def _seconds(module: DEQ, d: torch.Tensor, target: torch.Tensor) -> tuple[float, float]:
    """Mean seconds of a forward pass and of a backward pass."""
    forward = backward = 0.0
    count = 0
    while forward + backward < _SECONDS:
        module.zero_grad(set_to_none=True)
        start = time.perf_counter()
        loss = torch.nn.functional.mse_loss(module(d), target)
        middle = time.perf_counter()
        loss.backward()
        forward += middle - start
        backward += time.perf_counter() - middle
        count += 1
    return forward / count, backward / count
