"""The catalogue of minima, from searches that were made up so that the answer is known."""

import numpy as np
import pandas as pd
import pytest

from jfb.analysis import catalogue

#: Two functions of four points, and losses at them.
HIGH, LOW = np.array([1.0, 1, 1, 1]), np.array([0.0, 0, 1, 1])


def searches(**columns):
    """Two searches that end low, one high, one on its way, one whose start had no fixed point."""
    n = 5
    made = {
        "source": ["starts"] * 3 + ["study"] * 2,
        "batch_size": [64] * n,
        "seed": range(n),
        "start_loss": [0.9, 0.01, 0.9, 0.0105, np.nan],
        "loss": [0.01, 0.01 * (1 + 1e-6), 0.04, 0.01, np.nan],
        "steps": [9] * n,
        "ended": ["gradient", "gradient", "gradient", None, None],
    }
    return pd.DataFrame(made | columns)


ENDS = np.array([LOW, LOW + 1e-4, HIGH, LOW, LOW * np.nan])
STARTS = np.array([3 * HIGH, LOW + 1e-4, 3 * HIGH, LOW + 0.02, LOW * np.nan])


def assigned(runs, found):
    losses = runs["loss"].to_numpy()[found]
    return catalogue.assigned(runs, STARTS, ENDS, losses, ENDS[found])


def test_ends_are_entries_by_loss_and_function():
    runs = searches()
    found = catalogue.group(runs["loss"].to_numpy(), ENDS, runs["ended"])
    assert found.tolist() == [0, 2]
    told = assigned(runs, found)
    assert told["id"].tolist() == [1, 1, 2, 1, 0]
    # At an entry: within a tenth of the loss, and a root of a tenth of it as a distance.
    assert told["at"].tolist() == [0, 1, 0, 1, 0]


def test_the_same_loss_with_another_function_is_another_entry():
    losses, ends = np.array([0.01, 0.01]), np.array([LOW, 1 - LOW])
    assert catalogue.group(losses, ends, ["gradient"] * 2).tolist() == [0, 1]


def test_what_has_not_settled_is_no_entry_and_may_end_at_one():
    losses, ends = np.array([0.02, 0.01]), np.array([HIGH, LOW])
    assert catalogue.group(losses, ends, [None, "gradient"]).tolist() == [1]


@pytest.mark.parametrize(("searches", "entries"), [(4, [4]), (5, [0, 5])])
def test_where_no_step_leads_on_is_an_entry_if_it_is_found_often(searches, entries):
    losses = np.array([0.01] * searches + [0.04])
    ends = np.array([LOW] * searches + [HIGH])
    assert catalogue.group(losses, ends, ["step"] * searches + ["gradient"]).tolist() == entries


@pytest.mark.parametrize(
    ("off", "tolerance", "entry"),
    [
        # d^2 = tolerance * loss is a distance of 0.001 for 1e-4 of 0.01, and of 0.0316 for 0.1.
        (0.00099, catalogue.SAME, 1),
        (0.00101, catalogue.SAME, 0),
        (0.031, catalogue.AT, 1),
        (0.033, catalogue.AT, 0),
    ],
)
def test_near_is_a_distance_that_follows_from_the_loss(off, tolerance, entry):
    assert catalogue.entry_of(0.01, LOW + off, np.array([0.01]), LOW[None], tolerance) == entry


def test_of_two_that_are_near_the_nearest_is_taken():
    losses, functions = np.array([0.01, 0.0101]), np.array([LOW, LOW + 0.02])
    assert catalogue.entry_of(0.01, LOW + 0.015, losses, functions, catalogue.AT) == 2


@pytest.mark.parametrize(
    ("kinks", "flat", "said"),
    [
        (0, (True, True), "constant"),
        (0, (False, False), "straight line"),
        (1, (False, True), "line with a flat side"),
        (1, (False, False), "one kink, slope on both sides"),
        (2, (True, False), "two kinks"),
        (3, (False, False), "three kinks"),
        (7, (False, False), "7 kinks"),
    ],
)
def test_forms_by_hand(kinks, flat, said):
    assert catalogue.form(kinks, flat) == said


@pytest.mark.parametrize(
    ("ended", "negative", "zero", "lower", "said"),
    [
        ("gradient", 0, 0, 0, "minimum"),
        ("gradient", 0, 3, 0, "flat minimum"),
        ("gradient", 1, 3, 0, "saddle"),
        ("gradient", 0, 0, 2, "saddle"),
        ("step", 0, 0, 0, "edge"),
    ],
)
def test_what_an_entry_is(ended, negative, zero, lower, said):
    assert catalogue.what(ended, negative, zero, lower) == said


def test_shares_are_of_the_first_source_and_sum_to_one():
    runs = assigned(searches(), [0, 2])
    entries = pd.DataFrame(
        {
            "id": [1, 2],
            "loss": [0.01, 0.04],
            "loss_of_pieces": [0.010009, 0.04],
            "kinks": [2, 0],
            "flat_before": [False, True],
            "flat_after": [False, True],
            "negative": 0,
            "zero": 0,
            "lower_nearby": 0,
            "active_units": [3, 0],
        }
    )
    forms = pd.DataFrame({"category": ["two kinks", "constant"], "loss": [0.00995, 0.03]})
    table = catalogue.table(entries, ["gradient"] * 2, runs, forms).set_index("id")
    assert table["share"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert table["found_by_all"].tolist() == [3, 1, 1]
    assert table["form"].tolist()[:2] == ["two kinks", "constant"]
    # Half a per cent above the best function of its form, and a third.
    assert table["is_best"].tolist()[:2] == [True, False]
    # Where the function jumps between two points, its pieces have another loss.
    jumps = entries.assign(loss_of_pieces=[0.0101, 0.04])
    table = catalogue.table(jumps, ["gradient"] * 2, runs, forms)
    assert table["form"].tolist()[:2] == ["jump between two points", "constant"]
    told = catalogue.shares(runs, (1, 2)).set_index(["source", "id"])
    assert told.loc[("study", 1), ["runs", "ends", "at", "on_the_way"]].tolist() == [2, 1, 1, 0]
    assert told.loc[("starts", 1), ["runs", "ends", "at", "on_the_way"]].tolist() == [3, 2, 1, 1]
    assert told.loc[("study", 0), "share"] == 0.5
    assert told.groupby("source")["share"].sum().tolist() == [1, 1]


def test_runs_of_another_study_are_placed_by_the_entry_that_they_lead_to():
    runs = assigned(searches(), [0, 2])
    entries = pd.DataFrame({"id": [1, 2], "loss": [0.01, 0.04], "what": ["minimum", "saddle"]})
    told = catalogue.placed(runs, entries)
    assert told["seed"].tolist() == [0, 1, 2, 3, 4]
    assert told["what"].fillna("none").tolist() == ["minimum"] * 2 + ["saddle", "minimum", "none"]
    assert told["entry_loss"].fillna(0).tolist() == [0.01, 0.01, 0.04, 0.01, 0]
