"""Answers to the questions on what cited papers say, from runs that were made up."""

import itertools
import math

import pandas as pd
import pytest

from jfb.analysis.questions import digits, large_batch, rates


def summary(levels, sizes, seeds, **columns):
    """A row per run; each column is a function of the levels, batch size and seed."""
    names, values = levels.keys(), levels.values()
    return pd.DataFrame(
        [
            dict(zip(names, level, strict=True))
            | {"batch_size": size, "seed": seed, "diverged": False}
            | {name: of("/".join(level), size, seed) for name, of in columns.items()}
            for *level, size, seed in itertools.product(*values, sizes, seeds)
        ]
    )


def reaching(shares):
    """A loss that reaches 0.001 in so many of ten seeds, by level and batch size; in none else."""
    return lambda level, size, seed: (
        1e-4 if seed % 10 < shares.get((level, size), shares.get(level, 0)) else 1e-2
    )


def accurate(means):
    """An accuracy that is highest at some levels, and the loss that goes with it."""

    def of(level, size, seed):
        return means.get((level, size), means.get(level, 0.2)) + 0.001 * (seed % 3)

    return {"final_val_accuracy": of, "final_val_loss": lambda *place: 1 - of(*place)}


@pytest.fixture(scope="module")
def answers():
    """Half a second."""
    points = {"lars_1": 2, "lars_3": 6, "lamb_0.01": 1, "sgd_0.1": 0, "adam_0.01": 9}
    constant = {("0.01", 2400): 4, ("0.001", 32): 6, ("0.003", 32): 9}
    pictures = {"lars_30": 0.5, "lamb_0.1": 0.9, "sgd_1": 0.3, "adam_0.1": 0.7}
    pictures_constant = {("0.03", 1348): 0.6, ("0.01", 32): 0.9, ("0.03", 32): 0.4}
    rows = large_batch.measure(
        summary(
            {"method": ["lars_1", "lars_3", "lamb_0.01", "sgd_0.1", "adam_0.003", "adam_0.01"]},
            [2400],
            range(40),
            lowest_loss=reaching(points),
        ),
        summary(
            {"rate": ["0.001", "0.003", "0.01"]},
            [2400, 32],
            range(40),
            lowest_loss=reaching(constant),
        ),
        summary(
            {"method": ["lars_30", "lamb_0.03", "lamb_0.1", "sgd_1", "adam_0.1"]},
            [1348],
            range(13),
            **accurate(pictures),
        ),
        summary({"rate": ["0.01", "0.03"]}, [1348, 32], range(13), **accurate(pictures_constant)),
        summary(
            {"rate": ["0.03", "0.1"]},
            [1348, 32],
            range(13),
            **accurate({("0.1", 1348): 0.6, ("0.03", 32): 0.9}),
        ),
        summary({"rate": ["0.03", "0.1"]}, [1348], range(13), **accurate({"0.03": 0.8})),
        summary(
            {"schedule": ["constant", "decayed"]},
            [32],
            range(20),
            lowest_loss=reaching({"constant": 6, "decayed": 8}),
        ),
        summary({}, [800], range(20), lowest_loss=reaching({"": 7})),
    )
    return pd.DataFrame(rows)


def row(answers, measure, level, size, against=""):
    place = {"measure": measure, "level": level, "batch_size": size, "against": against}
    (found,) = (r for r in answers.to_dict("records") if place.items() <= r.items())
    return found


def test_each_optimiser_is_judged_at_its_best_rate_on_other_seeds(answers):
    for name, best, reached in (("lars", 3, 0.6), ("adam", 0.01, 0.9), ("constant", 0.01, 0.4)):
        chosen = row(answers, "rate", name, 2400)
        assert chosen["estimate"] == best
        assert chosen["n"] == len(rates.CHOOSING)
        assert math.isnan(chosen["low"])
        share = row(answers, "share", name, 2400)
        assert share["estimate"] == pytest.approx(reached)
        assert share["n"] == 20


def test_small_batches_have_the_rate_of_the_report(answers):
    assert row(answers, "share", "usual", 32)["estimate"] == pytest.approx(0.6)
    for name, gap in (("lars", 0.0), ("lamb", -0.5), ("sgd", -0.6), ("adam", 0.3)):
        found = row(answers, "reached", name, 2400, "32")
        assert found["estimate"] == pytest.approx(gap)
        assert found["low"] <= gap <= found["high"]


def test_pictures_are_compared_with_small_batches_at_their_best_rate(answers):
    small = row(answers, "accuracy", "constant", 32)
    assert small["estimate"] == pytest.approx(0.9 + 0.001 * 0.9)
    assert small["n"] == 13 - len(digits.CHOOSING)
    gaps = {"lars": -0.4, "lamb": 0, "sgd": -0.6, "adam": -0.2, "constant": -0.3}
    for name, gap in gaps.items():
        found = row(answers, "accuracy", name, 1348, "32")
        assert found["estimate"] == pytest.approx(gap, abs=1e-9)
    assert row(answers, "rate_pictures", "lamb", 1348)["estimate"] == 0.1


def test_ghost_batches_are_compared_with_the_whole_batch_and_with_small_ones(answers):
    for (name, against), gap in {
        ("ghost", "batch"): 0.2,
        ("ghost", "32"): -0.1,
        ("batch", "32"): -0.3,
    }.items():
        found = row(answers, "accuracy_normalised", name, 1348, against)
        assert found["estimate"] == pytest.approx(gap)


def test_a_growing_batch_is_compared_with_a_falling_rate(answers):
    assert row(answers, "share_grown", "growing", 800)["estimate"] == pytest.approx(0.7)
    assert row(answers, "grown", "growing", 800, "decayed")["estimate"] == pytest.approx(-0.1)
    # Two decades in one seed of ten.
    assert row(answers, "loss", "growing", 800, "decayed")["estimate"] == pytest.approx(0.2)
    assert row(answers, "loss", "growing", 800, "constant")["estimate"] == pytest.approx(-0.2)
