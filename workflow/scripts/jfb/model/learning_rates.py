"""The learning rate of each update: the optimiser's, by the rule of batch sizes and the schedule.

A schedule is a function of the number of its updates that are past, which does not count those of
the warm-up, and of the number of all. It gives the factor that `torch.optim.lr_scheduler` does.
"""

import math

import numpy as np

from jfb.config import settings, step_choices


def of_epochs(run: settings.Run, first: int, last: int) -> np.ndarray:
    """The learning rates of the updates in some epochs of a run.

    Args:
        run: the settings.
        first, last: numbers of epochs from 0: those from `first` on, before `last`.

    Returns:
        (updates,) float64.
    """
    samples = run.dataset.training_size
    begin, end = (run.updates_by(epoch, samples) for epoch in (first, last))
    sizes = [run.batch_size_of(epoch) for epoch in range(first, last)]
    scaled = [_scaled(run.learning_rate_rule, size) for size in sizes]
    each = [math.ceil(samples / size) for size in sizes]
    factors = _factors(run, np.arange(begin, end), run.updates_by(run.epochs, samples))
    return run.optimiser.learning_rate * np.repeat(scaled, each) * factors


def _scaled(rule: step_choices.LearningRateRule, batch_size: int) -> float:
    """What the learning rate at the rule's anchor is multiplied with."""
    return (batch_size / rule.anchor) ** rule.power


def _factors(run: settings.Run, places: np.ndarray, updates: int) -> np.ndarray:
    """The factors of the updates at `places`, from 0, of all."""
    schedule = run.schedule
    past = np.maximum(places - schedule.warm_up, 0)
    # A run that is timed may be shorter than its warm-up.
    left = max(1, updates - schedule.warm_up)
    factors = _SCHEDULES[schedule.name](schedule, past, left)
    if not schedule.warm_up:
        return factors
    return np.where(places < schedule.warm_up, (places + 1) / schedule.warm_up, factors)


def _constant(schedule: step_choices.Constant, past: np.ndarray, updates: int) -> np.ndarray:
    return np.ones(len(past))


def _step(schedule: step_choices.Step, past: np.ndarray, updates: int) -> np.ndarray:
    return schedule.gamma ** (past // schedule.step_size).astype(np.float64)


def _cosine(schedule: step_choices.Cosine, past: np.ndarray, updates: int) -> np.ndarray:
    end = schedule.end_factor
    return end + (1 - end) * (1 + np.cos(np.pi * past / updates)) / 2


def _linear(schedule: step_choices.Linear, past: np.ndarray, updates: int) -> np.ndarray:
    return 1 + (schedule.end_factor - 1) * past / updates


def _polynomial(schedule: step_choices.Polynomial, past: np.ndarray, updates: int) -> np.ndarray:
    return (1 - past / updates) ** schedule.power


_SCHEDULES = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
    "linear": _linear,
    "polynomial": _polynomial,
}
