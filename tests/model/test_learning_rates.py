"""The learning rate of each update, against torch.optim.lr_scheduler and by hand."""

import dataclasses
import itertools
import warnings

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from jfb.config import step_choices
from jfb.model.learning_rates import of_epochs

RATE = 3e-3


@pytest.fixture
def run(project):
    """Five updates an epoch, and the last batch is the smallest."""
    return dataclasses.replace(
        project.studies["seeds"].runs[600, 0],
        batch_size=500,
        epochs=40,
        optimiser=step_choices.Adam(learning_rate=RATE),
    )


def rates_of(run):
    return of_epochs(run, 0, run.epochs)


# By name: the options, and the scheduler of PyTorch for a number of updates.
SCHEDULES = {
    "constant": (
        step_choices.Constant,
        {},
        lambda optimiser, updates: lr_scheduler.ConstantLR(optimiser, 1.0),
    ),
    "step": (
        step_choices.Step,
        {"step_size": 7, "gamma": 0.8},
        lambda optimiser, updates: lr_scheduler.StepLR(optimiser, 7, gamma=0.8),
    ),
    "cosine": (
        step_choices.Cosine,
        {},
        lambda optimiser, updates: lr_scheduler.CosineAnnealingLR(optimiser, updates),
    ),
    "cosine to 0.1": (
        step_choices.Cosine,
        {"end_factor": 0.1},
        lambda optimiser, updates: lr_scheduler.CosineAnnealingLR(optimiser, updates, 0.1 * RATE),
    ),
    "linear": (
        step_choices.Linear,
        {},
        lambda optimiser, updates: lr_scheduler.LinearLR(optimiser, 1.0, 0.0, updates),
    ),
    "linear to 0.3": (
        step_choices.Linear,
        {"end_factor": 0.3},
        lambda optimiser, updates: lr_scheduler.LinearLR(optimiser, 1.0, 0.3, updates),
    ),
    "polynomial": (
        step_choices.Polynomial,
        {"power": 2.5},
        lambda optimiser, updates: lr_scheduler.PolynomialLR(optimiser, updates, power=2.5),
    ),
}
WARM_UPS = [0, 2, 13, 199]


def schedulers_rates(make, updates, warm_up):
    """What a scheduler of PyTorch gives, a step after each of so many updates."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    with warnings.catch_warnings():
        # SequentialLR starts a scheduler in a way that PyTorch calls deprecated.
        warnings.filterwarnings("ignore", "The epoch parameter in", UserWarning)
        scheduler = make(optimiser, updates - warm_up)
        if warm_up:
            rise = lr_scheduler.LinearLR(optimiser, 1 / warm_up, total_iters=warm_up - 1)
            scheduler = lr_scheduler.SequentialLR(optimiser, [rise, scheduler], [warm_up])
        rates = []
        for _ in range(updates):
            rates += [group["lr"] for group in optimiser.param_groups]
            optimiser.step()
            scheduler.step()
    return rates


@pytest.mark.parametrize("warm_up", WARM_UPS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_pytorchs_after_each_update(name, warm_up, run):
    """What is left of a cosine near its end, PyTorch's recursion has to fewer digits."""
    kind, options, make = SCHEDULES[name]
    run = dataclasses.replace(run, schedule=kind(**options, warm_up=warm_up))
    found = rates_of(run)
    assert found.shape == (200,)
    expected = schedulers_rates(make, 200, warm_up)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * RATE)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_warm_up_of_one_update_is_none(name, run):
    """That update has the whole rate, and the schedule begins after it."""
    kind, options, make = SCHEDULES[name]
    found = rates_of(dataclasses.replace(run, schedule=kind(**options, warm_up=1)))
    assert found[0] == RATE
    expected = schedulers_rates(make, 199, 0)
    np.testing.assert_allclose(found[1:], expected, rtol=1e-12, atol=1e-13 * RATE)


@pytest.mark.parametrize("warm_up", [2, 13, 199])
def test_a_warm_up_rises_in_equal_steps(warm_up, run):
    schedule = step_choices.Cosine(warm_up=warm_up)
    found = rates_of(dataclasses.replace(run, schedule=schedule))
    expected = [RATE * (k + 1) / warm_up for k in range(warm_up)]
    np.testing.assert_allclose(found[:warm_up], expected, rtol=1e-15)
    assert found[warm_up] == RATE


PHASES = ((3, 32), (2, 64), (4, 700))


@pytest.mark.parametrize("warm_up", [0, 13])
@pytest.mark.parametrize("name", SCHEDULES)
def test_epochs_in_pieces_have_the_same_bits(name, warm_up, run):
    kind, options, _ = SCHEDULES[name]
    run = dataclasses.replace(
        run,
        schedule=kind(**options, warm_up=warm_up),
        batch_schedule=PHASES,
        learning_rate_rule=step_choices.SquareRoot(anchor=32),
    )
    whole = rates_of(run)
    assert len(whole) == 3 * 75 + 2 * 38 + 4 * 4 + 31 * 5
    rng = np.random.default_rng(0)
    splits = [range(1, 40), [], *(np.sort(rng.integers(1, 40, size=3)) for _ in range(20))]
    for split in splits:
        ends = [0, *dict.fromkeys(split), 40]
        parts = [of_epochs(run, first, last) for first, last in itertools.pairwise(ends)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("anchor", [32, 2400])
@pytest.mark.parametrize("batch_size", [32, 64, 600, 2400])
@pytest.mark.parametrize(
    ("rule", "power"), [(step_choices.SquareRoot, 0.5), (step_choices.Proportional, 1)]
)
def test_a_rule_scales_the_rate_with_the_batch_size(rule, power, batch_size, anchor, run):
    run = dataclasses.replace(
        run, batch_size=batch_size, epochs=2, learning_rate_rule=rule(anchor=anchor)
    )
    found = rates_of(run)
    assert found.shape == (2 * -(-2400 // batch_size),)
    np.testing.assert_allclose(found, RATE * (batch_size / anchor) ** power, rtol=1e-15)
    if batch_size == anchor:
        assert set(found) == {RATE}


@pytest.mark.parametrize(
    ("rule", "power"),
    [
        (step_choices.SameRate(), 0),
        (step_choices.SquareRoot(anchor=2400), 0.5),
        (step_choices.Proportional(anchor=32), 1),
    ],
)
def test_a_rule_follows_the_batch_size_of_each_phase(rule, power, run):
    run = dataclasses.replace(
        run, batch_size=600, epochs=11, batch_schedule=PHASES, learning_rate_rule=rule
    )
    sizes = np.repeat([32, 64, 700, 600], [3 * 75, 2 * 38, 4 * 4, 2 * 4])
    np.testing.assert_allclose(rates_of(run), RATE * (sizes / rule.anchor) ** power, rtol=1e-15)


def test_a_schedule_goes_through_all_phases_once(run):
    """It counts updates, not epochs, and has no other end than the run's."""
    schedule = step_choices.Linear(end_factor=0.5, warm_up=100)
    run = dataclasses.replace(
        run, batch_size=600, epochs=11, batch_schedule=PHASES, schedule=schedule
    )
    updates = 3 * 75 + 2 * 38 + 4 * 4 + 2 * 4
    expected = [
        RATE * ((k + 1) / 100 if k < 100 else 1 - 0.5 * (k - 100) / (updates - 100))
        for k in range(updates)
    ]
    np.testing.assert_allclose(rates_of(run), expected, rtol=1e-14)


@pytest.mark.parametrize("rate", [1e-3, 0.1, 1 / 3])
@pytest.mark.parametrize("phases", [(), PHASES])
def test_without_rule_and_schedule_the_rate_is_the_optimisers(rate, phases, run):
    """Bit by bit, as in every run before there were any."""
    optimiser = step_choices.Adam(learning_rate=rate)
    found = rates_of(dataclasses.replace(run, optimiser=optimiser, batch_schedule=phases))
    assert set(found.tolist()) == {rate}
    assert found.dtype == np.float64
