"""Optimisers that need all of the data in each step: Levenberg-Marquardt and L-BFGS, in float64.

Both minimise the mean squared error, and both take a direction for its gradient that may be none:
jfb is the gradient of no function. So a step is taken by the loss alone, and where the direction
leads nowhere lower, a run ends and says so: Levenberg-Marquardt shortens its step until it changes
nothing ("step"), the line search of L-BFGS gives up ("line search"). A small direction ("gradient")
means a stationary point only where it is the exact gradient. A minimiser is a function with the
signature of `levenberg_marquardt`.

No step is taken to a point at which no fixed point is found, or the derivative is not finite: the
loss there counts as one that does not fall.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from scipy import linalg, optimize

from jfb.config import step_choices
from jfb.records.runlog import GRADIENT, LINE_SEARCH, STEP

# Of the parameters' length: a shorter step changes nothing.
_SHORTEST_STEP = 1e-14
# What the line search is told in place of a loss that is not known, times the last loss: enough to
# turn back, and not so much that its interpolation loses the digits of the step.
_UNKNOWN = 2.0


class Problem(Protocol):
    """The loss of a network on all training points, and its derivatives."""

    def loss(self, parameters: np.ndarray) -> float:
        """Mean squared error at (p,) float64; infinity where no fixed point is found."""

    def gradient(self) -> np.ndarray:
        """The loss's gradient, or what stands for it, (p,), where the loss was asked for last."""

    def residuals(self) -> tuple[np.ndarray, np.ndarray]:
        """There too: r (size,) with the loss |r|^2; dr/dtheta (size, p), or what stands for it."""


#: Told the parameters and the loss after each step; says whether there are steps to come.
AfterStep = Callable[[np.ndarray, float], bool]


def levenberg_marquardt(
    options: step_choices.LevenbergMarquardt,
    problem: Problem,
    start: np.ndarray,
    after_step: AfterStep,
) -> str | None:
    """Steps h with (J^T J + m I) h = -J^T r, with the damping m of Nielsen (1999).

    Each trial counts as a step, whether it is taken or not. The loss must fall, by however little.
    Without damping a step that fails ends the run: it would be the same again.

    Args:
        options: the first damping, and the gradient at which to end.
        problem: what is minimised.
        start: (p,) float64.
        after_step: called after each trial.

    Returns:
        Why it ended, one of `jfb.records.runlog.ENDS`; None if `after_step` wanted no more, or the
        loss at the start is not known.
    """
    parameters, loss = start, problem.loss(start)
    local = _local(problem) if np.isfinite(loss) else None
    if local is None:
        after_step(start, np.inf)
        return None
    damping = options.damping * np.square(local.triangle[:, :-1]).sum(axis=0).max()
    growth = 2.0
    while True:
        if 2 * np.abs(local.downhill).max() <= options.smallest_gradient:
            return GRADIENT
        step = _damped(local.triangle, damping)
        if linalg.norm(step) <= _SHORTEST_STEP * linalg.norm(parameters):
            return STEP
        trial = parameters + step
        new = problem.loss(trial)
        further = _local(problem) if new < loss else None
        if further:
            ratio = (loss - new) / (step @ (damping * step + local.downhill))
            damping *= max(1 / 3, 1 - (2 * ratio - 1) ** 3)
            growth = 2.0
            parameters, loss, local = trial, new, further
        else:
            damping *= growth
            growth *= 2
        if not after_step(parameters, loss):
            return None
        if further is None and damping == 0:
            return STEP


class _Local(NamedTuple):
    """The loss near some parameters: -J^T r, and R of the QR decomposition of (J, r).

    R, (p + 1, p + 1), is all that steps of any damping need.
    """

    downhill: np.ndarray
    triangle: np.ndarray


def _local(problem: Problem) -> _Local | None:
    """Where the loss was asked for last; None where a derivative is not finite."""
    residuals, jacobian = problem.residuals()
    if not np.isfinite(jacobian).all():
        return None
    triangle = np.linalg.qr(np.column_stack([jacobian, residuals]), mode="r")
    return _Local(-jacobian.T @ residuals, triangle)


def _damped(triangle: np.ndarray, damping: float) -> np.ndarray:
    """The step h of least |J h + r|^2 + m |h|^2; without damping, the shortest of them."""
    p = triangle.shape[1] - 1
    system = np.vstack([triangle[:, :p], np.sqrt(damping) * np.eye(p)])
    wanted = np.concatenate([-triangle[:, p], np.zeros(p)])
    return linalg.lstsq(system, wanted, check_finite=False)[0]


def lbfgs(
    options: step_choices.LBFGS, problem: Problem, start: np.ndarray, after_step: AfterStep
) -> str | None:
    """L-BFGS-B of SciPy without bounds: a step is a line search with as many losses as it takes.

    The search asks the loss to fall as the slope promises (Moré and Thuente 1994), where the slope
    is that of the direction which stands for the gradient. See `levenberg_marquardt`.
    """
    loss = problem.loss(start)
    gradient = problem.gradient()
    if not np.isfinite(loss) or not np.isfinite(gradient).all():
        after_step(start, np.inf)
        return None
    first, wants_more = (loss, gradient), True

    def evaluate(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal first
        if first:
            known, first = first, None
            return known
        trial = problem.loss(parameters)
        if np.isfinite(trial) and np.isfinite(slope := problem.gradient()).all():
            return trial, slope
        return _UNKNOWN * loss, np.zeros_like(parameters)

    def callback(intermediate_result: optimize.OptimizeResult) -> None:
        nonlocal loss, wants_more
        loss = float(intermediate_result.fun)
        wants_more = after_step(intermediate_result.x, loss)
        if not wants_more:
            raise StopIteration

    limits = {"maxiter": np.iinfo(np.int32).max, "maxfun": np.iinfo(np.int32).max, "ftol": 0.0}
    result = optimize.minimize(
        evaluate,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options={"maxcor": options.memory, "gtol": options.smallest_gradient} | limits,
    )
    if not wants_more:
        return None
    if result.status == 0:
        return GRADIENT if "GRADIENT" in result.message.upper() else STEP
    return LINE_SEARCH


MINIMISERS = {"levenberg_marquardt": levenberg_marquardt, "lbfgs": lbfgs}
