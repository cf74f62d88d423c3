"""What questions measure: against statsmodels, and of made-up runs with known answers."""

import itertools

import numpy as np
import pandas as pd
import pytest
import yaml
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.proportion import proportion_confint

from conftest import ROOT
from jfb.analysis.questions import (
    diffusion,
    hybrid,
    measured,
    orders,
    rates,
    room,
    second_order,
    start,
    wellposed,
    width,
)

QUESTIONS = yaml.safe_load((ROOT / "workflow/questions.yaml").read_text())


def summary(levels, sizes, seeds, loss, factor="width"):
    """Runs whose lowest loss is loss(level, size, seed), None where it has none."""
    rows = [
        {factor: level, "batch_size": size, "seed": seed, "lowest_loss": loss(level, size, seed)}
        for level, size, seed in itertools.product(levels, sizes, seeds)
    ]
    table = pd.DataFrame(rows)
    loss = table["lowest_loss"]
    return table.assign(exact_best_loss=loss, final_val_loss=loss, diverged=loss.isna())


def found(rows, **where):
    """The only estimate with these values."""
    table = pd.DataFrame(rows, columns=measured.Measured._fields)
    for key, value in where.items():
        table = table[table[key] == value]
    assert len(table) == 1, where
    return table.iloc[0]


def test_a_share_has_wilsons_interval_and_runs_without_a_loss_count():
    runs = summary(["3"], [32], range(10), lambda *place: None if place[2] == 0 else 1e-4)
    row = measured.share(("share", "3", 32), measured.reached(runs))
    assert (row.n, row.estimate) == (10, 0.9)
    assert (row.low, row.high) == pytest.approx(proportion_confint(9, 10, method="wilson"))


def test_differences_are_of_the_same_seeds():
    one = pd.Series([1.0, 2.0, 3.0, np.nan, 7.0, 8.0, 9.0], index=[5, 4, 3, 2, 1, 0, 9])
    other = pd.Series([0.5, 1.0, 1.5, 9.0, 3.5, 4.0, 100.0], index=[5, 4, 3, 2, 1, 0, 8])
    row = measured.mean_difference(("loss", "", 0, ""), one, other)
    assert row.n == 5
    assert row.estimate == pytest.approx(np.mean([0.5, 1.0, 1.5, 3.5, 4.0]))


CRITERION = {"id": "c", "measure": "loss", "says": "It is so", "unit": "decades"}


@pytest.mark.parametrize(
    ("holds", "outcome"), [([0, 1], "holds"), ([0.45, 1], "open"), ([None, 0.1], "fails")]
)
def test_a_criterion_is_decided_by_the_whole_interval(holds, outcome):
    rows = [
        measured.Measured("loss", "a", 32, "", 9, 0.5, 0.4, 0.6),
        measured.Measured("other", "a", 32, "", 9, 0.5, 0.4, 0.6),
    ]
    table = measured.table(rows, [CRITERION | {"holds": holds}])
    assert table["outcome"].fillna("").tolist() == [outcome, ""]
    assert table.loc[0, ["criterion", "says", "unit"]].tolist() == ["c", "It is so", "decades"]


def test_a_criterion_can_be_about_some_levels_and_must_be_about_something():
    rows = [measured.Measured("loss", level, 32, "", 9, 0.5, 0.4, 0.6) for level in "abc"]
    of_two = CRITERION | {"levels": ["a", "c"], "holds": [0, 1]}
    assert measured.table(rows, [of_two])["outcome"].fillna("").tolist() == ["holds", "", "holds"]
    with pytest.raises(ValueError, match="criterion c: nothing of the kind was measured"):
        measured.table(rows, [CRITERION | {"level": "d", "holds": [0, 1]}])


def test_width_compares_after_as_many_updates_with_the_full_batch_of_as_many_epochs():
    """Full batch 1e-2, small ones 1e-4 after the epochs and 1e-2 after the updates."""
    narrow, every = ["3", "8"], ["3", "8", "16", "32"]
    made = [
        summary(
            widths,
            [32] if later else [2400, 32],
            range(8),
            lambda w, b, s, later=later: 1e-2 if b == 2400 or later else 1e-4,
        )
        for widths in (narrow, every)
        for later in (False, True)
    ]
    rows = width.measure(*made)
    for name, loss, reach in (("epochs", 2, -1), ("updates", 0, 0)):
        for length, level in (("long", "3"), ("long", "narrow"), ("short", "wide")):
            where = {"level": level, "batch_size": 2400, "against": "32"}
            row = found(rows, measure=f"loss_{length}_{name}", **where)
            assert (row["estimate"], row["n"]) == (pytest.approx(loss), 8)
            row = found(rows, measure=f"reached_{length}_{name}", **where)
            assert (row["estimate"], row["n"]) == (reach, 8)
    assert found(rows, measure="share_short_updates", level="8", batch_size=32).estimate == 0


def test_pairs_of_one_seed_count_once_and_unanimity_proves_no_more_than_its_seeds():
    index = pd.MultiIndex.from_product([["16", "32", "64"], range(20)], names=["width", "seed"])
    row = measured.share_difference_by_seed(("r", "", 0, ""), pd.Series(0.0, index))
    assert (row.n, row.estimate) == (20, 0)
    # Twenty seeds that agree leave room for differences of a tenth or more.
    assert row.low < -0.1
    assert row.high > 0.1
    split = pd.Series([-1.0, -1.0, 0.0] * 20, index.swaplevel().sortlevel()[0])
    row = measured.share_difference_by_seed(("r", "", 0, ""), split)
    assert row.estimate == pytest.approx(-2 / 3)
    assert row.high < 0


@pytest.mark.parametrize("spreads", [(2.0, 0.5, 0.3), (0.1, 1.0, 0.5), (0.0, 0.0, 1.0)])
def test_components_of_variance_are_those_of_statsmodels_mean_squares(spreads):
    rng = np.random.default_rng(0)
    of_start, of_order, rest = (
        spread * rng.normal(size=shape)
        for spread, shape in zip(spreads, ((12, 1), (1, 7), (12, 7)), strict=True)
    )
    values = of_start + of_order + rest
    long = pd.DataFrame(values).rename_axis("start").reset_index().melt("start", var_name="order")
    fitted = anova_lm(ols("value ~ C(start) + C(order)", long).fit())
    by_start, by_order, error = fitted["mean_sq"]
    expected = max(0, (by_start - error) / 7), max(0, (by_order - error) / 12), error
    assert orders.components(values) == pytest.approx(expected)


def test_a_loss_that_the_start_decides_has_an_intraclass_correlation_of_one():
    runs = summary(
        map(str, range(4)), [2400, 32], range(10), lambda o, b, s: 10.0 ** -(s % 5), "order"
    )
    small = runs[runs["batch_size"] == 32]
    units = pd.DataFrame(
        [
            {"batch_size": 32, "seed": seed, "updates": updates, "active_units": units}
            for seed in range(8)
            for updates, units in ((0, 3), (10, 3 - seed % 2), (20, 3 - seed % 2))
        ]
    )
    rows = orders.measure(runs, small, [units, units])
    for size in (2400, 32):
        row = found(rows, measure="start_epochs", batch_size=size)
        assert (row.estimate, row.low) == pytest.approx((1, 1))
        assert found(rows, measure="order_epochs", batch_size=size).estimate == pytest.approx(0)
        assert found(rows, measure="unanimous_epochs", batch_size=size).estimate == 1
    assert found(rows, measure="deaths_unanimous").estimate == 1
    # Half of the starts lose a unit: with independent orders, half would be unanimous.
    assert found(rows, measure="deaths_unanimous_by_chance").estimate == pytest.approx(0.5)
    row = found(rows, measure="log_death_updates")
    assert (row["n"], row["estimate"]) == (8, pytest.approx(1))


def test_a_unit_is_lost_also_between_snapshots_without_a_count():
    run = pd.DataFrame({"updates": [0, 5, 10, 20], "active_units": [3, None, 2, 2]})
    assert orders._fate(run).tolist() == [1, 10]
    assert orders._fate(run.assign(active_units=np.nan)).isna().all()


def test_a_loss_that_the_order_decides_has_none():
    runs = summary(
        map(str, range(5)), [2400, 32], range(10), lambda o, b, s: 10.0 ** -int(o), "order"
    )
    units = pd.DataFrame({"batch_size": [32], "seed": [0], "updates": [0], "active_units": [3]})
    rows = orders.measure(runs, runs[runs["batch_size"] == 32], [units, units])
    row = found(rows, measure="start_epochs", batch_size=32)
    assert (row.estimate, row.high) == pytest.approx((0, 0))
    assert found(rows, measure="order_epochs", batch_size=32).estimate == pytest.approx(1)
    assert found(rows, measure="unanimous_epochs", batch_size=32).estimate == 0


def rated(rate, size, seed):
    """Seeds that choose like 0.01 on the full batch; those that judge reach nothing there."""
    chooses = seed in rates.CHOOSING
    if size == 2400:
        return 1e-4 if rate == "0.01" and chooses else 1e-1
    return 1e-4 if rate == "0.001" else 1e-1


def test_the_best_rate_is_chosen_on_other_seeds_than_judge():
    constant = summary(["0.001", "0.01"], [2400, 32], range(30), rated, "rate")
    rules = summary(["sqrt_32"], [2400, 32], range(20, 30), lambda *place: 1e-4, "rule")
    rows = rates.measure(constant, rules)
    best = found(rows, measure="share_at_best", batch_size=2400)
    assert (best["level"], best["estimate"]) == ("0.01", 0)
    row = found(rows, measure="reached", level="best", against="32")
    assert (row["n"], row["estimate"]) == (10, -1)
    assert found(rows, measure="reached", level="sqrt_32", against="32").estimate == 0


def test_of_rates_with_equal_shares_the_lower_median_loss_is_best_and_divergence_counts():
    """At 0.03 most seeds have no finite loss: those few that have one are lower than all others."""
    losses = {"0.001": 1e-2, "0.01": 5e-3, "0.03": 2e-3}

    def loss(rate, size, seed):
        return None if rate == "0.03" and seed < 8 else losses[rate]

    assert rates.best_rate(summary(losses, [32], range(10), loss, "rate")) == "0.01"


def test_hybrids_are_compared_with_controls_of_their_seeds():
    names = ["full", "small_4", "small_41", "small_122", "growing"]
    names += ["full_as_4", "full_as_41", "full_as_122"]
    schedules = summary(
        names, [2400], range(8), lambda n, b, s: 1e-4 if n == "small_41" else 1e-2, "schedule"
    )
    controls = summary(["x"], [1200, 600, 100, 32], range(8), lambda *place: 1e-3).drop(
        columns="width"
    )
    last = summary(["x"], [32], range(8), lambda *place: 1e-4).drop(columns="width")
    rows = hybrid.measure(schedules, controls, last)
    where = {"measure": "reached", "level": "small_41"}
    assert found(rows, **where, against="full_as_41").estimate == 1
    assert found(rows, **where, against="constant_1200").estimate == 0
    assert found(rows, **where, against="last_41").estimate == 0
    row = found(rows, measure="loss", level="small_41", against="full")
    assert row.estimate == pytest.approx(-2)
    assert found(rows, measure="share", level="constant_32").estimate == 1


def test_methods_are_compared_by_work_and_by_seed():
    """Seeds 0 to 3 of 8 reach 0.001: by lm_exact after 50 applications, by Adam after 5,000."""

    def runs(levels, sizes, work):
        table = summary(levels, sizes, range(8), lambda w, b, s: 1e-4 if s < 4 else 1e-2, "method")
        low = table["lowest_loss"] <= 1e-3
        seconds = table["seed"] * (work / 50)
        reached = np.where(low, work, np.nan)
        return table.assign(work_to_1e_3=reached, ended=None, training_seconds=seconds)

    names = ["lm_exact", "lm_jfb", "lm_exact_1e3", "gauss_newton", "lbfgs_exact", "lbfgs_jfb"]
    second = runs(names, [2400], 50.0)
    second["ended"] = np.where(second["seed"] < 6, "gradient", "line search")
    rows = second_order.measure(second, runs(["adam", "gradient_descent"], [2400, 32], 5000.0))
    assert found(rows, measure="share", level="adam_32").estimate == 0.5
    assert found(rows, measure="share_within_1000", level="lm_exact").estimate == 0.5
    assert found(rows, measure="share_within_1000", level="adam_2400").estimate == 0
    assert found(rows, measure="share_within_10000", level="adam_2400").estimate == 0.5
    alone = {"level": "lbfgs_jfb", "against": ""}
    assert found(rows, measure="ended_gradient", **alone).estimate == 0.75
    assert found(rows, measure="ended_line_search", **alone).estimate == 0.25
    assert not [row for row in rows if row.measure == "ended_step" and row.level == "adam_32"]
    row = found(rows, measure="ended_line_search", level="lbfgs_jfb", against="lbfgs_exact")
    assert row.estimate == 0
    assert found(rows, measure="share_exactly", level="adam_32").estimate == 0.5
    where = {"level": "lm_exact", "against": "adam_32"}
    assert found(rows, measure="reached", **where).estimate == 0
    assert found(rows, measure="reached_within_1000", **where).estimate == 0.5
    row = found(rows, measure="work", **where)
    assert (row.n, row.estimate) == (4, pytest.approx(-2))
    assert found(rows, measure="seconds", level="lm_exact").estimate == 3.5
    assert found(rows, measure="seconds", level="adam_32").estimate == 350


def test_starts_are_compared_by_seed():
    runs = [summary(["x"], [32], range(8), lambda w, b, s: 10.0**-s).drop(columns="width")] * 2
    iterations = pd.DataFrame(
        [
            {"batch_size": 32, "seed": seed, "iterations": number, "stopped": 0.0}
            for number in (20.0, 2.0)
            for seed in range(8)
        ]
    )
    row = {"batch_size": 32, "gradient": "jfb", "precision": "float64", "reference": "exact"}
    row |= {"tolerance": 1e-10, "reference_tolerance": 1e-10, "sign": 1, "converged": True}
    aligned = [
        pd.DataFrame(
            [row | {"seed": seed, "cosine": cosine} for seed in range(8) for _ in range(3)]
        )
        for cosine in (0.9, 0.7)
    ]
    rows = start.measure(runs, iterations, aligned, {"zero": (8, 1), "previous": (8, 1)})
    assert found(rows, measure="iterations", level="previous").estimate == 2
    assert found(rows, measure="log_iterations_difference").estimate == pytest.approx(-1)
    assert found(rows, measure="cosine_difference").estimate == pytest.approx(-0.2)
    assert found(rows, measure="exact_loss_difference").estimate == 0


def test_points_are_compared_each_with_themselves():
    runs = summary(
        ["diagonal", "uniform", "noisy"],
        [2400, 32],
        range(8),
        lambda p, b, s: (
            {"uniform": 1e-3, "diagonal": 1e-4, "noisy": 0.0101}[p] * (10 if b == 2400 else 1)
        ),
        "points",
    )
    rows = room.measure(runs, {"diagonal": 0.0, "noisy": 0.01})
    for level in ("diagonal", "uniform"):
        assert found(rows, measure="loss", level=level).estimate == pytest.approx(1)
    assert found(rows, measure="log_loss", level="uniform", batch_size=32).estimate == -3
    # 0.0101 is within 0.001 of the variance, ten times as much is not; 1e-3 and 1e-4 both are.
    assert found(rows, measure="reached", level="noisy").estimate == -1
    assert found(rows, measure="reached", level="diagonal").estimate == 0


@pytest.mark.parametrize(
    ("law", "wins"), [(lambda t: 0.5 + 0.3 * np.log(t), True), (lambda t: 0.1 * t**0.4, False)]
)
def test_the_law_that_made_distances_is_found(law, wins):
    updates = np.geomspace(1, 1e5, 40).round()
    rows = [
        {"batch_size": 32, "seed": seed, "updates": t, "distance": law(t) * (1 + 0.01 * seed)}
        for seed in range(8)
        for t in updates
    ]
    rows = diffusion.measure(pd.DataFrame(rows))
    assert found(rows, measure="logarithm", batch_size=32).estimate == wins
    if not wins:
        assert found(rows, measure="exponent").estimate == pytest.approx(0.4, abs=1e-4)
        for decade in ("10^1", "10^3"):
            assert found(rows, measure="slope", level=decade).estimate == pytest.approx(0.4)


def test_runs_with_few_snapshots_fit_no_law():
    rows = [{"batch_size": 32, "seed": 0, "updates": t, "distance": t} for t in (1, 10, 20, 30)]
    assert diffusion.measure(pd.DataFrame(rows)) == []
    assert measured.table([], [CRITERION | {"holds": [0, 1]}]).empty


def networks(contraction, rows):
    columns = ["spectral_norm", "infinity_norm", "perron_frobenius", "contraction_high"]
    columns += ["unique", "reached"]
    table = pd.DataFrame(rows, columns=columns)
    place = {"level": contraction, "batch_size": 32, "epoch": 5}
    gain = np.where(table["perron_frobenius"] < 1, 3.0, np.nan)
    return table.assign(**place, gain=gain, seed=range(len(table)))


def test_networks_are_counted_by_each_condition_and_their_union():
    free = networks(
        "none",
        [
            (0.5, 2.0, 2.0, 0.5, True, True),
            (2.0, 0.5, 0.5, 0.5, True, True),
            (2.0, 2.0, 2.0, 0.5, True, True),
            (2.0, 2.0, 2.0, 2.0, True, False),
            (2.0, 2.0, 2.0, 2.0, False, False),
            (np.nan, np.nan, np.nan, np.nan, False, False),
        ],
    )
    kept = networks("spectral", [(0.5, 0.5, 0.5, 0.5, True, True)] * 6)
    runs = [
        summary(["x"], [32], range(6), lambda *place: 1e-4).drop(columns="width"),
        summary(["spectral"], [32], range(6), lambda *place: 1e-3, "contraction"),
    ]
    rows = wellposed.measure([free, kept], runs)
    counts = {"spectral": 1, "infinity": 1, "norms": 2, "joint": 3, "any": 3, "unique": 4}
    for name, count in (counts | {"unexplained": 1, "reached": 3}).items():
        row = found(rows, measure=f"{name}_end", level="none")
        assert (row["estimate"], row["n"]) == (pytest.approx(count / 6), 6)
    assert found(rows, measure="any_of_unique").estimate == pytest.approx(3 / 4)
    row = found(rows, measure="gain_end", level="none")
    assert (row["estimate"], row["n"]) == (3, 1)
    assert found(rows, measure="cost_loss", batch_size=0).estimate == pytest.approx(1)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_says_what_it_asks_and_what_would_answer_it(name):
    asked = QUESTIONS[name]
    known = {"question", "asked", "why", "compared", "criteria"}
    assert asked.keys() - {"changed", "words"} == known
    assert asked["question"].endswith("?")
    for criterion in asked["criteria"]:
        assert {"id", "measure", "holds", "unit", "says"} <= criterion.keys()
        assert criterion["unit"] in ("%", "decades", "dB", "times", "")
