"""Choices of the step, the batches, the orders and the start, that both training engines have.

Most cases take the reference engine a tenth of a second. The kernel is compiled, ten seconds each
where it does not lie on the disk, for one more latent dimension than the report's, and for four
more by `make long`.
"""

import dataclasses

import numba
import numpy as np
import pytest
import torch
from torch import nn

import plain
from jfb.config import choices, settings, step_choices
from jfb.engines import blocks, reference
from jfb.engines.fused import contraction as in_kernel
from jfb.engines.fused import engine as fused
from jfb.model import contraction
from jfb.model.network import Network
from jfb.records import layout
from jfb.streams import per_seed
from jfb.streams.interface import open_stream
from test_fused import assert_same_run, ignore, train
from test_weight_decay import OPTIONS, called

ENGINES = [reference, fused]
PHASES = ((3, 32), (2, 64), (4, 700))
ADAM = step_choices.Adam(learning_rate=1e-3)


@pytest.fixture
def run(project):
    return dataclasses.replace(project.studies["seeds"].runs[600, 0], epochs=12)


def named(engine):
    return engine.__name__.split(".")[2]


def picard(**options):
    return choices.Picard(tolerance=1e-3, **options)


CHOICES = {
    "constant": {"schedule": step_choices.Constant(warm_up=17)},
    "step": {"schedule": step_choices.Step(step_size=9, gamma=0.7, warm_up=17)},
    "cosine": {"schedule": step_choices.Cosine(end_factor=0.05, warm_up=17)},
    "linear": {"schedule": step_choices.Linear(warm_up=17)},
    "polynomial": {"schedule": step_choices.Polynomial(power=0.9, warm_up=17)},
    "cosine from the start": {"schedule": step_choices.Cosine()},
    "square root": {"learning_rate_rule": step_choices.SquareRoot(anchor=32)},
    "proportional": {"learning_rate_rule": step_choices.Proportional(anchor=2400)},
    "phases": {"batch_schedule": PHASES},
    "phases, rule and schedule": {
        "batch_schedule": PHASES,
        "learning_rate_rule": step_choices.SquareRoot(anchor=32),
        "schedule": step_choices.Linear(end_factor=0.1, warm_up=100),
    },
    "previous": {"solver": picard(max_iterations=1000, start="previous")},
    "previous, one iteration": {"solver": picard(max_iterations=1, start="previous")},
    "previous in phases": {
        "solver": picard(max_iterations=1000, start="previous"),
        "batch_schedule": PHASES,
    },
    "infinity norm": {"contraction": choices.Projection(bound=0.5, norm="infinity")},
    "orders": {"order_seed": 7},
    "a smaller start": {"initial_scale": 0.25},
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_run_is_the_references(name, run, data):
    chosen = dataclasses.replace(run, **CHOICES[name])
    found = train(fused, chosen, data)
    assert_same_run(found, train(reference, chosen, data))
    assert not np.array_equal(found.final, train(fused, run, data).final)


@pytest.mark.parametrize("options", OPTIONS, ids=called)
def test_a_run_with_weight_decay_is_the_references(options, run, data):
    options = dataclasses.replace(options, learning_rate=1e-3)
    chosen = dataclasses.replace(run, optimiser=options)
    free = dataclasses.replace(run, optimiser=_without_decay(options))
    found = train(fused, chosen, data)
    assert_same_run(found, train(reference, chosen, data))
    assert not np.array_equal(found.final, train(fused, free, data).final)


def _without_decay(options):
    return dataclasses.replace(options, weight_decay=0.0, decoupled=False)


@pytest.mark.parametrize("start", ["zero", "previous"])
@pytest.mark.parametrize("batch_size", [32, 2400])
def test_many_choices_at_once_are_the_references(batch_size, start, run, data):
    chosen = dataclasses.replace(run, batch_size=batch_size, **many(start))
    assert_same_run(train(fused, chosen, data), train(reference, chosen, data))


def many(start="previous"):
    return {
        "batch_schedule": PHASES,
        "learning_rate_rule": step_choices.SquareRoot(anchor=32),
        "schedule": step_choices.Cosine(warm_up=50),
        "optimiser": dataclasses.replace(ADAM, weight_decay=0.1, decoupled=True),
        "solver": picard(max_iterations=1000, start=start),
        "order_seed": 7,
    }


@pytest.mark.parametrize("options", [{}, many()], ids=["as in the report", "many choices"])
@pytest.mark.parametrize(
    "latent_dim", [5, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2, 6))]
)
def test_small_latent_dimensions_are_the_references(latent_dim, options, run, data):
    """Ten seconds each once: the kernel is compiled for the dimension."""
    network = dataclasses.replace(run.network, latent_dim=latent_dim)
    chosen = dataclasses.replace(run, network=network, **options)
    assert_same_run(train(fused, chosen, data), train(reference, chosen, data))


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"solver": picard(max_iterations=1000, start="previous")},
        {"contraction": choices.Projection(bound=0.5, norm="infinity")},
        {"contraction": choices.Parametrization(bound=0.5), "batch_size": 32},
    ],
    ids=["as in the report", "previous", "infinity norm", "capped"],
)
def test_a_larger_latent_dimension_is_the_references_to_rounding(options, run, data):
    """Fifteen seconds once: the kernel is compiled for the dimension."""
    network = dataclasses.replace(run.network, latent_dim=16)
    chosen = dataclasses.replace(run, network=network, epochs=3, **options)
    found, expected = train(fused, chosen, data), train(reference, chosen, data)
    for column in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[column], expected.log[column], rtol=1e-5)
    np.testing.assert_allclose(found.final, expected.final, rtol=1e-4, atol=1e-6)


@numba.njit
def compiled_shrink(n, parameters, ceiling, work):
    in_kernel.shrink_rows(n, parameters, ceiling, work)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 40])
def test_the_compiled_projection_of_rows_is_the_references(n):
    """200 weights: some rows within the bound, some with zeros, some with values that are equal."""
    rng = np.random.default_rng(n)
    moved = 0
    for case in range(200):
        weight = (rng.normal(size=(n, n)) * rng.uniform(0.05, 3)).astype(np.float32)
        if case % 4 == 1:
            weight *= rng.random((n, n)) < 0.5
        if case % 4 == 2:
            weight = np.round(weight).astype(np.float32)
        found = np.append(weight.ravel(), np.float32(7))
        compiled_shrink(n, found, 0.8, np.empty((n, n)))
        expected = contraction.shrink_rows(torch.from_numpy(weight).double(), 0.8).float().numpy()
        np.testing.assert_array_max_ulp(found[:-1], expected.ravel(), maxulp=1)
        assert found[-1] == 7
        moved += not np.array_equal(expected, weight)
    assert moved > 20


@numba.njit
def compiled_cap(latent, trained, parameters, gradient, ceiling, rotated, rotation):
    in_kernel.cap(latent, trained, parameters, ceiling, rotated, rotation)
    in_kernel.pull_back(latent, trained, gradient, ceiling, rotated, rotation)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 40])
def test_the_compiled_cap_is_the_references(n):
    """100 networks with weights within the bound and beyond it, against PyTorch's autograd."""
    chosen = choices.Parametrization(bound=0.8)
    dimensions = settings.Network(input_dim=2, latent_dim=n)
    rng, capped = np.random.default_rng(n), 0
    for _ in range(100):
        free, gradient = rng.normal(size=(2, layout.size(dimensions))).astype(np.float32)
        free[: n * n] *= rng.uniform(0.1, 2) / n**0.5
        network = Network(torch.from_numpy(free.copy()), dimensions)
        expected = contraction.Parametrization(network, chosen)
        parameters, found = np.empty_like(free), gradient.copy()
        ceiling = chosen.ceiling(n)
        compiled_cap((None,) * n, free, parameters, found, ceiling, *np.empty((2, n, n)))
        np.testing.assert_allclose(parameters, network.parameters, rtol=3e-7)
        through = expected.pull_back(torch.from_numpy(gradient)).numpy()
        np.testing.assert_allclose(found, through, rtol=1e-5, atol=1e-5 * np.abs(through).max())
        capped += not np.array_equal(found, gradient)
    assert 20 < capped < 95


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("n", [1, 2])
def test_a_free_weight_that_is_not_finite_is_left_alone_by_the_cap(n, value):
    free, gradient = np.ones(n * n, np.float32), np.ones(n * n, np.float32)
    free[-1] = value
    parameters = np.zeros_like(free)
    compiled_cap((None,) * n, free, parameters, gradient, 0.5, *np.empty((2, n, n)))
    np.testing.assert_array_equal(parameters, free)
    np.testing.assert_array_equal(gradient, np.ones(n * n))


@pytest.mark.parametrize("engine", ENGINES, ids=named)
def test_a_capped_run_that_diverges_ends(engine, run, data):
    chosen = dataclasses.replace(
        run,
        contraction=choices.Parametrization(bound=0.5),
        optimiser=step_choices.SGD(learning_rate=1e30),
    )
    outcome = train(engine, chosen, data)
    assert len(outcome.log["epoch"]) < 12
    assert not np.isfinite(outcome.log["train_loss"][-1])
    assert not np.isfinite(outcome.final).all()


# Orders.


@pytest.mark.parametrize("engine", ENGINES, ids=named)
def test_an_order_seed_that_is_the_seed_changes_nothing(engine, run, data):
    run = dataclasses.replace(run, seed=3, epochs=5)
    same = dataclasses.replace(run, order_seed=3)
    assert_same_run(train(engine, same, data), train(engine, run, data))


def test_an_order_seed_changes_the_orders_only(run):
    other = dataclasses.replace(run, order_seed=7)
    streams = [per_seed.Stream(chosen) for chosen in (run, other)]
    starts = [stream.initial_parameters() for stream in streams]
    np.testing.assert_array_equal(*starts)
    orders = [stream.orders(3) for stream in streams]
    assert (orders[0] != orders[1]).mean() > 0.99
    _, child = np.random.SeedSequence(7).spawn(2)
    drawn = np.random.default_rng(child)
    np.testing.assert_array_equal(orders[1], [drawn.permutation(2400) for _ in range(3)])


def test_seeds_with_one_order_seed_share_the_orders(run):
    streams = [
        per_seed.Stream(dataclasses.replace(run, seed=seed, order_seed=5)) for seed in (5, 0, 1)
    ]
    starts = [stream.initial_parameters() for stream in streams]
    assert not np.isclose(starts[0], starts[1]).any()
    assert not np.isclose(starts[1], starts[2]).any()
    first, *others = [stream.orders(4) for stream in streams]
    for orders in others:
        np.testing.assert_array_equal(orders, first)


def test_a_block_of_other_orders_has_the_rows_of_its_runs(run, data):
    """Runs that draw the same orders are played from one recording."""
    changes = [
        {},
        {"order_seed": 5},
        {"order_seed": 5, "batch_size": 64},
        {"order_seed": 6, "batch_schedule": ((2, 64),)},
        {"order_seed": 6, "solver": picard(max_iterations=1000, start="previous")},
        {"order_seed": 5, "initial_scale": 0.5},
    ]
    runs = tuple(
        dataclasses.replace(run, engine="fused", levels=(("order", str(k)),), **some)
        for k, some in enumerate(changes)
    )
    block = settings.Block(runs, (5, 1, 4))
    rows = blocks.train(block, *data, ignore).to_pylist()
    finals = set()
    for row, alone in zip(rows, block.each(), strict=True):
        outcome = train(fused, alone, data)
        assert (row["order"], row["seed"]) == (alone.levels[0][1], alone.seed)
        assert row["lowest_loss"] == outcome.log["train_loss"].min()
        assert row["final"] == outcome.final.tolist()
        finals.add(tuple(row["final"]))
    # Of seed 5, an order seed of 5 changes nothing.
    assert len(finals) == len(rows) - 1


# Batch sizes one after the other.


class From:
    """The random numbers of a run that starts from given parameters, where a stream stands."""

    def __init__(self, parameters, stream):
        self.initial_parameters = parameters.copy
        self.orders = stream.orders


@pytest.mark.parametrize("engine", ENGINES, ids=named)
def test_phases_are_runs_one_after_the_other(engine, run, data):
    """Plain gradient descent carries nothing from step to step but the parameters."""
    run = dataclasses.replace(
        run, batch_size=2400, epochs=9, optimiser=step_choices.SGD(learning_rate=1e-3)
    )
    whole = train(engine, dataclasses.replace(run, batch_schedule=((3, 32),)), data)
    stream = open_stream(run)
    begun = dataclasses.replace(run, batch_size=32, epochs=3)
    first = engine.train(begun, stream, *data, ignore)
    rest = dataclasses.replace(run, epochs=6)
    second = engine.train(rest, From(first.final, stream), *data, ignore)
    assert whole.log["epoch"].tolist() == list(range(1, 10))
    for column in whole.log.keys() - {"epoch", "train_seconds"}:
        joined = np.concatenate([first.log[column], second.log[column]])
        np.testing.assert_array_equal(whole.log[column], joined, column)
    np.testing.assert_array_equal(whole.final, second.final)


class Net(plain.Net):
    """Searches for fixed points from where it is told to, and tells where it found them."""

    def forward(self, d, u, limit):
        with torch.no_grad():
            for _ in range(limit):
                v = self.transformation(u, d)
                if torch.max(torch.abs(u - v)) < 1e-3:
                    break
                u = v
        return self.output(self.transformation(u, d)), u


def plain_losses(run, data, optimiser_of, rate_of=lambda past, size: 1e-3):
    """Losses by autograd and an optimiser of PyTorch, with a rate and a memory by hand.

    Args:
        run: whose start, orders, batch sizes and solver are used.
        data: both parts.
        optimiser_of: makes an optimiser of the parameters.
        rate_of: the learning rate, of the number of updates that are past and the batch size.

    Returns:
        (epochs, 2) of training and validation.
    """
    stream = per_seed.Stream(run)
    net = Net()
    start = torch.from_numpy(stream.initial_parameters())
    nn.utils.vector_to_parameters(start, net.parameters())
    optimiser = optimiser_of(net.parameters())
    (d, target), (val_d, val_target) = (
        (torch.from_numpy(part.inputs), torch.from_numpy(part.target)[:, None]) for part in data
    )
    points, val_points = torch.zeros_like(d), torch.zeros_like(val_d)
    kept, limit = run.solver.start == "previous", run.solver.max_iterations
    sizes = [size for epochs, size in run.batch_schedule for _ in range(epochs)]
    sizes += [run.batch_size] * (run.epochs - len(sizes))
    losses, past = [], 0
    for size in sizes:
        total = 0.0
        for samples in torch.from_numpy(stream.orders(1)[0]).split(size):
            y, points[samples] = net(d[samples], kept * points[samples], limit)
            loss = nn.functional.mse_loss(y, target[samples])
            optimiser.zero_grad()
            loss.backward()
            optimiser.param_groups[0]["lr"] = rate_of(past, size)
            optimiser.step()
            total += loss.item() * len(samples)
            past += 1
        with torch.no_grad():
            y, val_points = net(val_d, kept * val_points, limit)
            val_loss = nn.functional.mse_loss(y, val_target).item()
        losses.append((total / len(target), val_loss))
    return np.array(losses)


def losses_of(engine, run, data):
    log = train(engine, run, data).log
    return np.stack([log["train_loss"], log["val_loss"]], axis=1)


@pytest.mark.parametrize("engine", ENGINES, ids=named)
def test_adam_goes_on_when_the_batch_size_changes(engine, run, data):
    run = dataclasses.replace(run, batch_size=2400, batch_schedule=((3, 32), (2, 700)))
    expected = plain_losses(run, data, torch.optim.Adam)
    np.testing.assert_allclose(losses_of(engine, run, data), expected, rtol=1e-5)


@pytest.mark.parametrize("limit", [1000, 1])
@pytest.mark.parametrize("engine", ENGINES, ids=named)
def test_each_sample_starts_from_its_last_point(engine, limit, run, data):
    """At a limit of one iteration, what is kept after it is far from a fixed point."""
    solver = picard(max_iterations=limit, start="previous")
    run = dataclasses.replace(run, batch_size=64, epochs=5, solver=solver)
    expected = plain_losses(run, data, torch.optim.Adam)
    np.testing.assert_allclose(losses_of(engine, run, data), expected, rtol=1e-5)


@pytest.mark.parametrize("start", ["zero", "previous"])
@pytest.mark.parametrize("engine", ENGINES, ids=named)
def test_many_choices_at_once_are_plain_pytorchs(engine, start, run, data):
    run = dataclasses.replace(run, batch_size=2400, **many(start))
    updates = 3 * 75 + 2 * 38 + 4 * 4 + 3

    def rate_of(past, size):
        left = (1 + np.cos(np.pi * (past - 50) / (updates - 50))) / 2
        return 1e-3 * (size / 32) ** 0.5 * ((past + 1) / 50 if past < 50 else left)

    def adamw(parameters):
        return torch.optim.AdamW(parameters, weight_decay=0.1)

    expected = plain_losses(run, data, adamw, rate_of)
    np.testing.assert_allclose(losses_of(engine, run, data), expected, rtol=1e-5)
