"""Answers to the questions on systems that the report cites, from runs that were made up."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from skimage.metrics import peak_signal_noise_ratio

from jfb.analysis.questions import (
    digits_sharpness,
    impurity,
    overparameterised,
    picture,
    regularised,
    sensitivity,
)
from jfb.analysis.questions.measured import Measured
from jfb.records import runlog
from jfb.records.class_sharpness import LEVEL
from jfb.storage.errors import Refused

SEEDS = range(10)


def table(rows):
    return pd.DataFrame(rows, columns=Measured._fields).set_index(
        ["measure", "level", "batch_size", "against"]
    )


def estimate(rows, *place):
    return table(rows).loc[place, "estimate"]


def places(**levels):
    return pd.DataFrame(
        [dict(zip(levels, values, strict=True)) for values in itertools.product(*levels.values())]
    )


def test_psnr_is_scikit_images():
    rng = np.random.default_rng(0)
    grey = rng.uniform(size=(8, 8))
    guess = grey + rng.normal(0, 0.1, size=(8, 8))
    error = np.square(grey - guess).mean()
    expected = peak_signal_noise_ratio(grey, guess, data_range=1)
    assert picture.psnr(error) == pytest.approx(expected, rel=1e-12)


def test_the_rate_of_a_linear_model_by_hand():
    """Gradient descent on y = Z w: each part of the error shrinks by 1 - 2 eta lambda / N."""
    rng = np.random.default_rng(1)
    z = np.linalg.qr(rng.normal(size=(4, 4)))[0] * [1.0, 1.5, 2.0, 3.0]
    target, w, rate = rng.normal(size=4), np.zeros(4), 0.02
    losses = []
    for _ in range(3000):
        error = z @ w - target
        losses.append(np.square(error).mean())
        w = w - rate * 2 / 4 * z.T @ error
    found, fit = overparameterised.rate_of(np.array(losses[:2400]))
    smallest = np.linalg.eigvalsh(z @ z.T)[0]
    assert found == pytest.approx(-2 * np.log(1 - 2 * rate * smallest / 4), rel=1e-6)
    assert fit == pytest.approx(1)
    bound = overparameterised.bound_of(rate, 4, smallest)
    assert bound == pytest.approx(found, rel=0.02)
    assert bound < found


def test_rates_are_compared_with_their_bound_and_with_the_exact_gradient():
    runs = places(gradient=["jfb", "exact"], latent_dim=[8, 64], batch_size=[64], seed=SEEDS)
    runs["rate"] = np.where(runs["gradient"] == "jfb", 2e-3, 4e-3)
    runs = runs.assign(fit=0.5, loss=1e-3, norm=0.9 + 0.02 * runs["seed"], learning_rate=0.1)
    grams = places(latent_dim=[8, 64], batch_size=[64], seed=SEEDS).assign(samples=64)
    grams["smallest"] = np.where(grams["latent_dim"] == 64, 0.032, 0.0)
    rows = overparameterised.measure(runs, pd.concat([grams, grams]))
    # 4 x 0.1 x 0.032 / 64 is 2e-4.
    assert estimate(rows, "bound", "jfb_64", 64, "") == pytest.approx(0.2)
    assert estimate(rows, "rate", "jfb_64", 64, "") == pytest.approx(2)
    assert estimate(rows, "rate", "jfb_64", 64, "bound") == pytest.approx(10)
    assert estimate(rows, "rate", "jfb_8", 64, "exact_8") == pytest.approx(0.5)
    assert estimate(rows, "bounded", "jfb_64", 64, "") == 1
    assert estimate(rows, "contractive", "exact_8", 64, "") == pytest.approx(0.5)
    assert ("bound", "jfb_8", 64, "") not in table(rows).index
    # A run whose loss is no number, and one whose loss grows, are below the bound.
    assert np.isnan(overparameterised.rate_of(np.array([1.0, 0.5, np.nan]))).all()
    runs.loc[(runs["seed"] == 0), "rate"] = np.nan
    runs.loc[(runs["seed"] == 1), "rate"] = -1e-3
    rows = overparameterised.measure(runs, grams)
    assert estimate(rows, "bounded", "exact_64", 64, "") == pytest.approx(0.8)


def test_rates_of_other_runs_are_refused(project, tmp_path):
    run = project.studies["replay"].runs[2400, 42]
    log = runlog.empty(run.epochs) | {"train_loss": np.full(run.epochs, 0.5)}
    runlog.write(tmp_path / "log.parquet", log, run, {})
    with pytest.raises(Refused, match="that of plain gradient descent on the full batch"):
        overparameterised.descents([str(tmp_path / "log.parquet")])


def test_regularisers_are_compared_with_none():
    levels = {"regulariser": ["none", "jacobian_1"], "batch_size": [64], "seed": SEEDS}
    summary, search = places(**levels), places(**levels).rename(columns={"regulariser": "level"})
    is_none = summary["regulariser"] == "none"
    summary["final_val_accuracy"] = np.where(is_none, 0.9, 0.92) + 0.001 * summary["seed"]
    summary["lowest_loss"] = np.where(is_none, 1e-2, 1e-4)
    search["iterations"] = np.where(is_none, 100, 10)
    search = search.assign(norm=np.where(is_none, 1.0, 0.1), converged=~is_none)
    rows = regularised.measure([summary] * 3, [search] * 3)
    assert estimate(rows, "iterations", "jacobian_1", 64, "none") == pytest.approx(-1)
    assert estimate(rows, "iterations_exact", "none", 64, "") == pytest.approx(100)
    assert estimate(rows, "norm", "jacobian_1", 64, "none") == pytest.approx(-1)
    assert estimate(rows, "accuracy", "jacobian_1", 64, "none") == pytest.approx(0.02)
    assert estimate(rows, "converged", "jacobian_1", 64, "") == 1
    assert estimate(rows, "reached_points", "jacobian_1", 64, "none") == 1
    assert ("accuracy_points", "none", 64, "") not in table(rows).index


def test_a_search_is_compared_in_psnr_work_and_time():
    runs = places(
        search=["zero", "previous", "once"], batch_size=[100], seed=SEEDS, epoch=range(1, 6)
    )
    of = runs["search"].map({"zero": 100, "previous": 10, "once": 1})
    runs["work"] = of * runs["epoch"]
    runs["train_seconds"] = of / 100
    runs["train_loss"] = 10.0 ** -(runs["epoch"] / 2.0) * np.where(runs["search"] == "once", 10, 1)
    runs["val_loss"] = 0.1
    rows = picture.measure(runs)
    assert estimate(rows, "psnr", "zero", 100, "") == pytest.approx(25)
    assert estimate(rows, "psnr", "once", 100, "zero") == pytest.approx(-10)
    assert estimate(rows, "unseen", "zero", 100, "") == pytest.approx(10)
    assert estimate(rows, "work", "previous", 100, "zero") == pytest.approx(np.log10(55 / 505))
    assert estimate(rows, "seconds", "zero", 100, "") == pytest.approx(5)
    # 20 dB are reached in the fourth epoch; never once. One more application is differentiated.
    assert estimate(rows, "work_to_target", "zero", 100, "") == pytest.approx(404)
    assert ("work_to_target", "once", 100, "") not in table(rows).index
    assert table(rows).loc[("work_to_target", "once", 100, "zero"), "n"] == 0
    assert estimate(rows, "work_at", "previous", 100, "5") == pytest.approx(55)
    assert estimate(rows, "seconds_at", "previous", 100, "5") == pytest.approx(0.5)


def along():
    runs = places(batch_size=[1348, 32], seed=SEEDS, updates=[0, 10, 100])
    runs["epoch"] = runs["updates"]
    loss = runs["updates"].map({0: 2.0, 10: LEVEL * 10, 100: LEVEL / 10})
    small = runs["batch_size"] == 32
    return runs.assign(
        loss=loss,
        converged=True,
        impurity=0.5,
        # A tenth of the way in log, at half of which the level is reached.
        jacobian=np.where(small, 1.0, 10.0)
        * runs["updates"].map({0: 1.0, 10: 1.0, 100: 100.0})
        # Within a batch size, larger where the accuracy is lower.
        * (1 + runs["seed"] / 1000),
        trace=runs["updates"].map({0: 1.0, 10: 100.0, 100: 10.0}),
        val_accuracy=0.9 - 0.01 * runs["seed"] + 0.001 * small,
    )


def test_impurity_is_compared_where_losses_are_equal():
    rows = impurity.measure(along())
    assert estimate(rows, "jacobian_at_loss", "", 32, "") == pytest.approx(1, abs=0.01)
    assert estimate(rows, "jacobian_at_loss", "", 1348, "32") == pytest.approx(1)
    assert estimate(rows, "jacobian_at_end", "", 32, "") == pytest.approx(2, abs=0.01)
    assert estimate(rows, "reached", "", 32, "") == 1
    assert estimate(rows, "peak", "", 1348, "") == pytest.approx(1)
    assert estimate(rows, "trace_shown", "100", 32, "") == pytest.approx(1)
    # Over all runs it is less: the batch sizes differ in both.
    assert estimate(rows, "correlation_at_end", "", 0, "") == pytest.approx(-1)
    lost = impurity.measure(along().assign(loss=1.0))
    assert np.isnan(estimate(lost, "jacobian_at_loss", "", 32, ""))
    assert estimate(lost, "reached", "", 32, "") == 0


def test_a_rank_correlation_is_scipys():
    one, other = np.random.default_rng(2).normal(size=(2, 12, 1))
    found = impurity._mean_rank(one, other)
    assert found == pytest.approx(stats.spearmanr(one[:, 0], other[:, 0]).statistic)


def test_snapshots_without_fixed_points_tell_nothing():
    runs = along()
    names = ["loss", "impurity", "jacobian", "trace", "val_accuracy"]
    lost = (runs["seed"] == 3) & (runs["updates"] == 100)
    runs.loc[lost, "converged"] = False
    runs.loc[lost, names] = np.nan
    rows = table(impurity.measure(runs))
    for measure in ("jacobian_at_loss", "jacobian_at_end", "peak"):
        assert rows.loc[(measure, "", 32, ""), "n"] == 9


def test_a_bound_is_compared_with_the_attack():
    runs = places(level=["free", "infinity"], batch_size=[32], seed=SEEDS)
    bounded = runs["level"] == "infinity"
    runs = runs.assign(bounded=bounded, accuracy=np.where(bounded, 0.9, 0.95))
    runs = runs.assign(perron_frobenius=np.where(bounded, 0.9, 2.0), pair_mean=0.1, attack_mean=0.2)
    runs["pair_largest"] = np.where(runs["seed"] == 0, 1.01, 0.5)
    runs = runs.assign(attack_largest=0.6, certified=0.001, attacked=0.1)
    rows = sensitivity.measure(runs)
    assert estimate(rows, "largest", "infinity", 32, "") == pytest.approx(1.01)
    assert estimate(rows, "bounded", "free", 32, "") == 0
    assert estimate(rows, "within", "infinity", 32, "") == pytest.approx(0.9)
    assert estimate(rows, "certified", "infinity", 32, "attacked") == pytest.approx(-2)
    assert estimate(rows, "certified", "infinity", 32, "") == pytest.approx(-3)
    assert estimate(rows, "accuracy", "infinity", 32, "free") == pytest.approx(-0.05)
    assert ("within", "free", 32, "") not in table(rows).index


def test_sharpness_is_compared_where_losses_are_equal():
    runs = places(batch_size=[1348, 32], seed=SEEDS, after=[False, True])
    small, after = runs["batch_size"] == 32, runs["after"]
    runs["loss"] = np.where(after, LEVEL / 10, LEVEL * 10)
    runs["epoch"] = after.astype(int)
    runs["largest"] = np.where(after, 100.0, 1.0) * np.where(small, 10, 1)
    runs = runs.assign(relative=1.0, rescaled=runs["largest"] / 2)
    runs = runs.assign(val_accuracy=np.where(after, 0.9, 0.8), updates=np.where(after, 200, 100))
    # One run was at the level from the start: there is nothing before it.
    runs = runs[~((runs["seed"] == 9) & small & ~after)]
    rows = digits_sharpness.measure(runs)
    assert estimate(rows, "largest", "", 1348, "") == pytest.approx(1)
    assert estimate(rows, "largest", "", 1348, "32") == pytest.approx(-1)
    assert estimate(rows, "val_accuracy", "", 32, "") == pytest.approx(0.85)
    assert estimate(rows, "updates", "", 32, "") == pytest.approx(150)
    assert table(rows).loc[("largest", "", 32, ""), "n"] == 9
    # It is there, all the same.
    assert estimate(rows, "reached", "", 32, "") == 1
