"""Levenberg-Marquardt and L-BFGS against SciPy, on problems whose minima are known."""

import numpy as np
import pytest
from scipy import optimize

from jfb.config import step_choices
from jfb.model.minimisers import lbfgs, levenberg_marquardt

LM = step_choices.LevenbergMarquardt()
LBFGS = step_choices.LBFGS()


class Squares:
    """Residuals f(x) with their Jacobian, as a problem; `turn` is what the Jacobian is times."""

    def __init__(self, f, jacobian, turn=1.0, known=lambda x: True):
        self.f, self.of, self.turn, self.known = f, jacobian, turn, known
        self.asked = []

    def loss(self, x):
        self.x = x.copy()
        self.asked.append(self.x)
        return float(self.f(x) @ self.f(x)) if self.known(x) else np.inf

    def residuals(self):
        return self.f(self.x), self.turn * self.of(self.x)

    def gradient(self):
        return 2 * self.turn * self.of(self.x).T @ self.f(self.x)


class Steps:
    """What a minimiser tells."""

    def __init__(self, most=1000):
        self.most, self.losses, self.points = most, [], []

    def __call__(self, x, loss):
        self.points.append(x.copy())
        self.losses.append(loss)
        return len(self.losses) < self.most


def rosenbrock(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def of_rosenbrock(x):
    return np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])


T = np.linspace(0, 4, 30)
DECAY = 2.5 * np.exp(-1.3 * T) + 0.3 + 0.01 * np.sin(40 * T)


def decay(x):
    return x[0] * np.exp(-x[1] * T) + x[2] - DECAY


def of_decay(x):
    return np.stack([np.exp(-x[1] * T), -x[0] * T * np.exp(-x[1] * T), np.ones_like(T)], axis=1)


def powell(x):
    """Powell's singular function: the Jacobian has rank 2 at the minimum."""
    return np.array(
        [
            x[0] + 10 * x[1],
            5**0.5 * (x[2] - x[3]),
            (x[1] - 2 * x[2]) ** 2,
            10**0.5 * (x[0] - x[3]) ** 2,
        ]
    )


def of_powell(x):
    a, b = 2 * (x[1] - 2 * x[2]), 2 * 10**0.5 * (x[0] - x[3])
    return np.array([[1, 10, 0, 0], [0, 0, 5**0.5, -(5**0.5)], [0, a, -2 * a, 0], [b, 0, 0, -b]])


PROBLEMS = {
    "rosenbrock": (rosenbrock, of_rosenbrock, [-1.2, 1.0]),
    "decay": (decay, of_decay, [1.0, 0.2, 0.0]),
    "powell": (powell, of_powell, [3.0, -1.0, 0.0, 1.0]),
}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("minimise", [levenberg_marquardt, lbfgs])
def test_the_minimum_is_scipys(minimise, name):
    f, jacobian, start = PROBLEMS[name]
    options, steps = (LM if minimise is levenberg_marquardt else LBFGS), Steps()
    ended = minimise(options, Squares(f, jacobian), np.array(start), steps)
    expected = optimize.least_squares(
        f, start, jacobian, method="lm", ftol=1e-15, xtol=1e-15, gtol=1e-15
    )
    assert ended == "gradient"
    assert np.abs(2 * jacobian(steps.points[-1]).T @ f(steps.points[-1])).max() < 1e-8
    assert steps.losses[-1] == pytest.approx(2 * expected.cost, rel=1e-9, abs=1e-9)
    if name != "powell":
        np.testing.assert_allclose(steps.points[-1], expected.x, rtol=1e-6)


def test_steps_of_levenberg_marquardt_are_those_of_the_book():
    """The first five of Rosenbrock's function, with the normal equations and Nielsen's rule."""
    steps = Steps(5)
    levenberg_marquardt(LM, Squares(rosenbrock, of_rosenbrock), np.array([-1.2, 1.0]), steps)
    x, nu = np.array([-1.2, 1.0]), 2.0
    mu = 1e-3 * np.diag(of_rosenbrock(x).T @ of_rosenbrock(x)).max()
    taken = []
    for found in steps.points:
        r, j = rosenbrock(x), of_rosenbrock(x)
        h = np.linalg.solve(j.T @ j + mu * np.eye(2), -j.T @ r)
        new = rosenbrock(x + h)
        gain = (r @ r - new @ new) / (h @ (mu * h - j.T @ r))
        if gain > 0:
            x, mu, nu = x + h, mu * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
        else:
            mu, nu = mu * nu, 2 * nu
        taken.append(gain > 0)
        np.testing.assert_allclose(found, x, rtol=1e-9)
    assert set(taken) == {True, False}


def test_the_loss_never_rises_and_a_rejected_step_leaves_the_parameters():
    problem, steps = Squares(rosenbrock, of_rosenbrock), Steps()
    levenberg_marquardt(LM, problem, np.array([-1.2, 1.0]), steps)
    assert (np.diff(steps.losses) <= 0).all()
    stayed = np.flatnonzero(np.diff(steps.losses) == 0)
    assert len(stayed)
    for place in stayed:
        np.testing.assert_array_equal(steps.points[place], steps.points[place + 1])
    # A trial for each step, and the start.
    assert len(problem.asked) == len(steps.losses) + 1


@pytest.mark.parametrize("minimise", [levenberg_marquardt, lbfgs])
@pytest.mark.parametrize("what", ["loss", "derivative"])
def test_no_step_is_taken_to_where_the_loss_or_its_derivative_is_not_known(what, minimise):
    """They are not beyond x = 0.4, which lies on the way; steps go on up to there."""

    def of(x):
        return of_rosenbrock(x) if x[0] < 0.4 or what == "loss" else np.full((2, 2), np.nan)

    def known(x):
        return x[0] < 0.4 or what == "derivative"

    problem, steps = Squares(rosenbrock, of, known=known), Steps()
    options = LM if minimise is levenberg_marquardt else LBFGS
    ended = minimise(options, problem, np.array([-1.2, 1.0]), steps)
    assert max(x[0] for x in problem.asked) >= 0.4 > max(x[0] for x in steps.points)
    assert np.isfinite(steps.losses).all()
    assert ended in {"step", "line search"}
    # The least loss there is 0.36.
    assert steps.losses[-1] < 0.4


@pytest.mark.parametrize(
    ("minimise", "options", "turn"), [(levenberg_marquardt, LM, 0.05), (lbfgs, LBFGS, 1.0)]
)
def test_a_first_trial_that_is_not_known_is_shortened(minimise, options, turn):
    """The loss is known within 0.3 of the start, from where the first step is longer."""
    problem = Squares(
        lambda x: np.array([x[0] - 0.2, 3 * x[1]]),
        lambda x: np.array([[1.0, 0.0], [0.0, 3.0]]),
        turn=turn,
        known=lambda x: np.linalg.norm(x - [0.0, 0.1]) < 0.3,
    )
    steps = Steps()
    minimise(options, problem, np.array([0.0, 0.1]), steps)
    assert not problem.known(problem.asked[1])
    assert steps.losses[-1] < 1e-6


@pytest.mark.parametrize("minimise", [levenberg_marquardt, lbfgs])
@pytest.mark.parametrize("what", ["loss", "derivative"])
def test_a_start_that_is_not_known_ends_a_run(what, minimise):
    jacobian = of_rosenbrock if what == "loss" else lambda x: np.full((2, 2), np.nan)
    problem, steps = Squares(rosenbrock, jacobian, known=lambda x: what != "loss"), Steps()
    options = LM if minimise is levenberg_marquardt else LBFGS
    assert minimise(options, problem, np.array([-1.2, 1.0]), steps) is None
    assert steps.losses == [np.inf]
    assert len(problem.asked) == 1


def test_without_damping_the_step_is_gauss_and_newtons():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(20, 4)), rng.normal(size=20)
    steps = Steps()
    newton = step_choices.LevenbergMarquardt(damping=0.0)
    ended = levenberg_marquardt(
        newton, Squares(lambda x: a @ x - b, lambda x: a), np.ones(4), steps
    )
    assert ended == "gradient"
    np.testing.assert_allclose(steps.points[0], np.linalg.lstsq(a, b)[0], rtol=1e-12)
    assert len(steps.points) <= 2


def test_without_damping_a_step_that_fails_is_the_last():
    """From x = 2 Newton's step on arctan goes to -3.5, where it is larger."""
    problem = Squares(np.arctan, lambda x: np.diag(1 / (1 + x**2)))
    steps = Steps()
    newton = step_choices.LevenbergMarquardt(damping=0.0)
    assert levenberg_marquardt(newton, problem, np.array([2.0]), steps) == "step"
    assert [x.tolist() for x in steps.points] == [[2.0]]
    damped = Steps()
    assert levenberg_marquardt(LM, problem, np.array([2.0]), damped) == "gradient"
    assert abs(damped.points[-1][0]) < 1e-8


@pytest.mark.parametrize(
    ("minimise", "options", "ended"),
    [(levenberg_marquardt, LM, "step"), (lbfgs, LBFGS, "line search")],
)
def test_a_direction_that_leads_upwards_ends_the_run(minimise, options, ended):
    problem, steps = Squares(rosenbrock, of_rosenbrock, turn=-1.0), Steps()
    assert minimise(options, problem, np.array([-1.2, 1.0]), steps) == ended
    assert all(x.tolist() == [-1.2, 1.0] for x in steps.points)


@pytest.mark.parametrize("minimise", [levenberg_marquardt, lbfgs])
def test_as_many_steps_as_are_wanted(minimise):
    options = LM if minimise is levenberg_marquardt else LBFGS
    steps = Steps(3)
    problem = Squares(rosenbrock, of_rosenbrock)
    assert minimise(options, problem, np.array([-1.2, 1.0]), steps) is None
    assert len(steps.points) == 3


@pytest.mark.parametrize("start", np.random.default_rng(1).normal(size=(5, 2)), ids=str)
def test_lbfgs_is_scipys(start):
    steps = Steps()
    lbfgs(LBFGS, Squares(rosenbrock, of_rosenbrock), start, steps)
    points = []
    optimize.minimize(
        lambda x: rosenbrock(x) @ rosenbrock(x),
        start,
        jac=lambda x: 2 * of_rosenbrock(x).T @ rosenbrock(x),
        method="L-BFGS-B",
        callback=lambda x: points.append(x.copy()),
        options={"maxcor": 10, "ftol": 0, "gtol": 1e-9},
    )
    np.testing.assert_array_equal(steps.points, points)
