"""The engine of the full batch: its losses and Jacobians, its log, and SciPy from the same starts.

SciPy's own runs take some seconds.
"""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from scipy import optimize

from jfb.config import choices, gradient_choices, step_choices
from jfb.engines import full_batch, summary
from jfb.model import fixed_points
from jfb.model.minimisers import levenberg_marquardt
from jfb.records import layout, runlog
from jfb.records.dataset import Part
from jfb.streams.interface import open_stream

EXACT = gradient_choices.Implicit()
LM = step_choices.LevenbergMarquardt()
LBFGS = step_choices.LBFGS()
METHODS = {
    "lm exact": {"optimiser": LM, "gradient": EXACT},
    "lm jfb": {"optimiser": LM},
    "lbfgs exact": {"optimiser": LBFGS, "gradient": EXACT},
    "lbfgs jfb": {"optimiser": LBFGS},
}


@pytest.fixture
def run(project):
    return dataclasses.replace(
        project.studies["seeds"].runs[2400, 0],
        engine="full_batch",
        epochs=300,
        snapshots=10,
        solver=choices.Picard(tolerance=1e-10, max_iterations=10_000),
    )


def train(run, data, after_epoch=lambda row: None):
    return full_batch.train(run, open_stream(run), *data, after_epoch)


def start_of(run):
    return open_stream(run).initial_parameters().astype(np.float64)


def layers_of(theta, run):
    return layout.views(torch.as_tensor(theta), run.network)


def predictions(theta, inputs, run, point=None):
    """y of a plain loop in PyTorch: 3,000 applications of T from 0, or one on a given point."""
    part = layers_of(theta, run)
    u = torch.zeros(len(inputs), run.network.latent_dim, dtype=torch.float64)
    for _ in range(3000 if point is None else 1):
        before = u if point is None else point
        h = before @ part["latent.weight"].T + part["latent.bias"]
        u = torch.relu(h + inputs @ part["injection.weight"].T + part["injection.bias"])
    return u, (u @ part["output.weight"].T + part["output.bias"])[:, 0]


def exact_jacobian(theta, inputs, run):
    """By the implicit function theorem, from autograd's derivatives of one application."""
    theta = torch.as_tensor(theta).requires_grad_()
    with torch.no_grad():
        fixed, _ = predictions(theta, inputs, run)
    rows = []
    for d, u in zip(inputs, fixed, strict=True):

        def image(theta, u, d=d):
            return predictions(theta, d[None], run, u[None])[0][0]

        by_u = torch.autograd.functional.jacobian(lambda u: image(theta.detach(), u), u)
        by_theta = torch.autograd.functional.jacobian(lambda t, u=u: image(t, u), theta.detach())
        moved = torch.linalg.solve(torch.eye(len(u), dtype=torch.float64) - by_u, by_theta)
        part = layers_of(theta.detach(), run)
        row = part["output.weight"][0] @ moved
        row[-len(u) - 1 : -1] += u
        row[-1] += 1
        rows.append(row)
    return torch.stack(rows).numpy()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gradient", [EXACT, gradient_choices.JFB()], ids=["exact", "jfb"])
def test_the_jacobian_is_autograds(gradient, seed, run, data):
    part = Part(data[0].inputs[::97], data[0].target[::97])
    run = dataclasses.replace(run, gradient=gradient, seed=seed)
    theta = start_of(run)
    points = full_batch.Points(run, part)
    loss = points.loss(theta)
    residuals, jacobian = points.residuals()
    inputs = torch.from_numpy(part.inputs).double()
    fixed, y = predictions(theta, inputs, run)
    expected = (y.numpy() - part.target) / len(part) ** 0.5
    np.testing.assert_allclose(residuals, expected, atol=1e-9)
    assert loss == pytest.approx(expected @ expected, rel=1e-8)
    if gradient.name == "implicit":
        of_y = exact_jacobian(theta, inputs, run)
    else:
        of_y = torch.autograd.functional.jacobian(
            lambda theta: predictions(theta, inputs, run, fixed)[1], torch.from_numpy(theta)
        ).numpy()
    np.testing.assert_allclose(jacobian * len(part) ** 0.5, of_y, atol=1e-8)
    np.testing.assert_allclose(points.gradient(), 2 * jacobian.T @ residuals, atol=1e-12)


def test_the_exact_jacobian_is_that_of_finite_differences(run, data):
    part = Part(data[0].inputs[::97], data[0].target[::97])
    tight = dataclasses.replace(run.solver, tolerance=1e-14)
    points = full_batch.Points(dataclasses.replace(run, gradient=EXACT, solver=tight), part)
    theta = start_of(run)
    points.loss(theta)
    _, jacobian = points.residuals()
    for k, column in enumerate(jacobian.T):
        ends = []
        for step in (1e-6, -1e-6):
            points.loss(theta + step * np.eye(len(theta))[k])
            ends.append(points.residuals()[0])
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-6, column, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_a_log_counts_its_work_and_says_why_it_ended(method, run, data, tmp_path):
    chosen = dataclasses.replace(run, **METHODS[method])
    told = []
    outcome = train(chosen, data, told.append)
    log = outcome.log
    steps = len(log["epoch"])
    assert [row.epoch for row in told] == list(range(1, steps + 1))
    assert outcome.ended in runlog.ENDS
    assert steps < chosen.epochs
    assert (np.diff(log["train_loss"]) <= 0).all()
    # The best are the last, rounded.
    exact = fixed_points.loss(outcome.final, run.network, data[0])
    assert exact == pytest.approx(log["train_loss"][-1], rel=1e-3)
    assert log["applications"].sum() == int(log["applications"].sum()) > steps
    order = 0 if chosen.gradient.name == "jfb" else 3
    assert (log["adjoint_applications"].sum() > 0) == bool(order)
    assert not order or (log["adjoint_applications"] % order == 0).all()
    path = tmp_path / "log.parquet"
    runlog.write(path, log, chosen, outcome.versions, outcome.ended)
    assert runlog.ended(runlog.read(path)) == outcome.ended
    row = summary.of_run(chosen, log, outcome.best, data[0], outcome.ended)
    assert row["ended"] == outcome.ended
    low = np.flatnonzero(log["train_loss"] <= 1e-3)
    work = log["applications"] + log["adjoint_applications"]
    expected = work[: low[0] + 1].sum() if len(low) else None
    assert row["work_to_1e_3"] == expected


def iterations(theta, inputs, run):
    """Of Picard's iteration to 1e-10 on all points, in NumPy."""
    part = layout.views(theta, run.network)
    q = inputs @ part["injection.weight"].T + part["injection.bias"] + part["latent.bias"]
    u, count = np.zeros_like(q), 0
    while True:
        image = np.maximum(u @ part["latent.weight"].T + q, 0)
        count += 1
        if np.abs(image - u).max() < 1e-10 or count == run.solver.max_iterations:
            return count
        u = image


@pytest.mark.parametrize(
    ("seed", "epochs"),
    # Two to four seconds each: the loss is asked for most often from the last.
    [*itertools.product((0, 6), (1, 300)), (37, 1), pytest.param(37, 300, marks=pytest.mark.long)],
)
@pytest.mark.parametrize("method", METHODS)
def test_work_is_that_of_every_point_at_which_the_loss_was_asked_for(
    method, seed, epochs, run, data, monkeypatch
):
    """Also of trials that are not taken, and of those after the last step."""
    asked, products = [], []
    loss, gradients = full_batch.Points.loss, ("gradient", "residuals")

    def recorded(points, theta):
        if points.size == len(data[0]):
            asked.append(theta.copy())
        return loss(points, theta)

    monkeypatch.setattr(full_batch.Points, "loss", recorded)
    for name in gradients:
        original = getattr(full_batch.Points, name)

        def counted(points, original=original):
            products.append(1)
            return original(points)

        monkeypatch.setattr(full_batch.Points, name, counted)
    chosen = dataclasses.replace(run, seed=seed, epochs=epochs, **METHODS[method])
    log = train(chosen, data).log
    inputs = data[0].inputs.astype(float)
    assert log["applications"].sum() == sum(iterations(t, inputs, run) for t in asked)
    each = 0 if chosen.gradient.name == "jfb" else 3
    assert log["adjoint_applications"].sum() == each * len(products)


@pytest.mark.parametrize("seed", range(4))
def test_the_exact_run_ends_where_the_gradient_is_nothing(seed, run, data):
    chosen = dataclasses.replace(run, seed=seed, gradient=EXACT, optimiser=LM)
    points, last = full_batch.Points(chosen, data[0]), []
    ended = levenberg_marquardt(LM, points, start_of(chosen), lambda *end: last.append(end) or True)
    points.loss(last[-1][0])
    assert ended == "gradient"
    assert np.abs(points.gradient()).max() < 1e-8


def exact_residuals(part, run):
    """y - t by 200 applications of T and a step of Newton's, through which autograd goes."""
    inputs, target = torch.from_numpy(part.inputs).double(), torch.from_numpy(part.target).double()
    n = run.network.latent_dim

    def image(theta, u):
        q = layers_of(theta, run)
        h = u @ q["latent.weight"].T + q["latent.bias"]
        return torch.relu(h + inputs @ q["injection.weight"].T + q["injection.bias"])

    def of(theta, fixed):
        weight = layers_of(theta, run)["latent.weight"]
        moved = image(theta, fixed) - fixed
        slope = (image(theta, fixed) > 0).double()
        system = torch.eye(n, dtype=torch.float64) - slope[:, :, None] * weight
        a = fixed + torch.linalg.solve(system, moved[:, :, None])[:, :, 0]
        q = layers_of(theta, run)
        return (a @ q["output.weight"].T + q["output.bias"])[:, 0] - target

    def fixed_at(theta):
        u = torch.zeros(len(inputs), n, dtype=torch.float64)
        for _ in range(200):
            u = image(theta, u)
        return u

    def residuals(theta):
        theta = torch.from_numpy(theta)
        return of(theta, fixed_at(theta)).numpy()

    def jacobian(theta):
        theta = torch.from_numpy(theta)
        fixed = fixed_at(theta)
        return torch.func.jacfwd(lambda theta: of(theta, fixed))(theta).numpy()

    return residuals, jacobian


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
@pytest.mark.parametrize("seed", range(6))
def test_an_end_is_one_of_scipys_levenberg_marquardt(seed, run, data):
    """MINPACK, with residuals and derivatives of a loop in PyTorch, finds nothing lower from there.

    From the same start it mostly ends elsewhere: its first step is another.
    """
    chosen = dataclasses.replace(run, seed=seed, gradient=EXACT, optimiser=LM)
    last = []
    points = full_batch.Points(chosen, data[0])
    levenberg_marquardt(LM, points, start_of(chosen), lambda *end: last.append(end) or True)
    theta, loss = last[-1]
    residuals, jacobian = exact_residuals(data[0], chosen)
    np.testing.assert_allclose(np.mean(residuals(theta) ** 2), loss, rtol=1e-8)
    found = optimize.least_squares(residuals, theta, jacobian, method="lm", max_nfev=30)
    assert found.status > 0
    assert 2 * found.cost / len(data[0]) == pytest.approx(loss, rel=1e-6)
    assert np.abs(found.x - theta).max() < 1e-3


def test_a_run_is_the_same_again(run, data):
    for options in METHODS.values():
        chosen = dataclasses.replace(run, **options)
        first, second = train(chosen, data), train(chosen, data)
        for column in first.log.keys() - {"train_seconds"}:
            np.testing.assert_array_equal(first.log[column], second.log[column])
        np.testing.assert_array_equal(first.final, second.final)


def test_a_start_that_is_a_minimum_leaves_one_row(run, data):
    chosen = dataclasses.replace(
        run, optimiser=dataclasses.replace(LM, smallest_gradient=1e6), gradient=EXACT
    )
    outcome = train(chosen, data)
    assert (len(outcome.log["epoch"]), outcome.ended) == (1, "gradient")
    np.testing.assert_array_equal(outcome.final, open_stream(chosen).initial_parameters())


def test_a_start_without_fixed_points_ends_a_run(run, data):
    few = dataclasses.replace(run.solver, max_iterations=2)
    for options in METHODS.values():
        outcome = train(dataclasses.replace(run, solver=few, **options), data)
        assert (len(outcome.log["epoch"]), outcome.ended) == (1, None)
        assert outcome.log["applications"].tolist() == [2]
        assert not np.isfinite(outcome.log["train_loss"][0])
