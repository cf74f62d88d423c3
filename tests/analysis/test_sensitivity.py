"""Verdicts by other choices, on evidence where they are known."""

import math

import numpy as np
import pandas as pd
import pytest

from jfb.analysis import claims, decisions, intervals, sensitivity
from jfb.analysis.sources import Source


def claim(rule, counted_from, unit=""):
    """One claim with one piece of evidence."""
    piece = {"id": "b", "label": "B", "unit": unit, "counted_from": counted_from, "rule": rule}
    entry = {"id": "a", "statement": "A.", "place": "Here", "general": [piece]}
    return claims.read({"rule": "", "claims": [entry]})


@pytest.mark.parametrize(
    ("statistic", "holds", "counted_from", "unit", "half", "double"),
    [
        ("difference", (-0.1, 0.1), 0, "decades", (-0.05, 0.05), (-0.2, 0.2)),
        ("difference", (1, None), 0, "decades", (0.5, math.inf), (2, math.inf)),
        ("share", (0.95, 1), 1, "%", (0.975, 1), (0.9, 1)),
        # Twice the tolerance would allow every share: it stays.
        ("share", (0.4, 1), 1, "%", (0.7, 1), (0.4, 1)),
        ("share", (0, 0.5), 0, "%", (0, 0.25), (0, 0.5)),
        ("share", (0.2, 0.9), 0.6, "%", (0.4, 0.75), (0.2, 0.9)),
        ("share", (0.2, 0.7), 0.6, "%", (0.4, 0.65), (0, 0.8)),
        ("share_difference", (None, -0.01), 0, "%", (-math.inf, -0.005), (-math.inf, -0.02)),
        ("ratio", (0.5, 2), 1, "times", (2**-0.5, 2**0.5), (0.25, 4)),
        ("cost_ratio", (1.05, None), 1, "times", (1.05**0.5, math.inf), (1.05**2, math.inf)),
        ("share_of_all", (1, 1), None, "%", (1, 1), (1, 1)),
    ],
)
def test_a_tolerance_is_scaled(statistic, holds, counted_from, unit, half, double):
    rule = {"table": "data", "statistic": statistic, "column": "x", "holds": list(holds)}
    ((_, piece),) = next(iter(claim(rule, counted_from, unit))).pieces()
    assert sensitivity.scaled(piece, 0.5).holds == pytest.approx(half)
    assert sensitivity.scaled(piece, 2.0).holds == pytest.approx(double)


def outcomes(listed, tables, part="general"):
    """The outcome of one part of one claim, by choice."""
    table = sensitivity.table(listed, decisions.judge(listed, tables), tables)
    assert set(table["id"]) == {"a"}
    return dict(zip(table["choice"], table[part], strict=True))


def test_an_outcome_that_depends_on_the_tolerance_and_the_accuracy():
    # 70 % of 1,000 runs are accurate at 0.99, all at 0.97, and at least half are asked.
    table = pd.DataFrame({"accurate": np.arange(1000) < 700, "accurate_97": True})
    rule = {"table": "data", "statistic": "share", "column": "accurate", "holds": [0.5, 1]}
    # Twice the tolerance would allow every share, and it asks for no loss.
    assert outcomes(claim(rule, 1, "%"), {Source("data"): table}) == {
        "as_judged": "holds",
        "half_tolerance": "fails",
        "simultaneous": "holds",
        "accuracy_0.97": "holds",
    }
    rule["holds"] = [0.8, 1]
    found = outcomes(claim(rule, 1, "%"), {Source("data"): table})
    # Twice the tolerance is a share of 0.6 or more.
    asked = ("as_judged", "double_tolerance", "accuracy_0.97")
    assert [found[name] for name in asked] == ["fails", "holds", "holds"]


def test_either_part_has_its_outcome_by_each_choice():
    # Whether 60 % of the runs do x is open; that 60 % of them do y fails.
    table = pd.DataFrame({"x": np.arange(20) < 14, "y": [False] * 20})
    asked = {"table": "data", "statistic": "share", "holds": [0.6, 1]}
    pieces = {
        part: [{"id": part, "label": "B", "unit": "%", "counted_from": 1, "rule": asked | column}]
        for part, column in (("published", {"column": "x"}), ("general", {"column": "y"}))
    }
    entry = {"id": "a", "statement": "A.", "place": "Here"} | pieces
    names = ("as_judged", "half_tolerance", "double_tolerance", "simultaneous")
    # Twice the tolerance asks for 20 %, half of it for 80 %.
    published = dict(zip(names, ("open", "open", "holds", "open"), strict=True))
    listed, tables = claims.read({"rule": "", "claims": [entry]}), {Source("data"): table}
    assert outcomes(listed, tables) == dict.fromkeys(names, "fails")
    assert outcomes(listed, tables, "published") == published
    del entry["general"]
    listed = claims.read({"rule": "", "claims": [entry]})
    assert outcomes(listed, tables, "published") == published
    assert pd.isna(list(outcomes(listed, tables).values())).all()


def test_the_rows_go_by_claim_and_then_by_choice():
    table = pd.DataFrame({"reached": [True] * 100, "reached_0.01": True})
    for level in (0.0005, 0.002, 0.005):
        table[f"reached_{level:g}"] = True
    rule = {"table": "data", "statistic": "share", "column": "reached", "holds": [0.5, 1]}
    piece = {"id": "p", "label": "B", "unit": "%", "counted_from": 1, "rule": rule}
    fact = piece | {"rule": rule | {"statistic": "share_of_all"}}
    listed = claims.read(
        {
            "rule": "",
            "claims": [
                {"id": name, "statement": "A.", "place": "Here", "general": [one]}
                for name, one in (("z", piece), ("a", fact))
            ],
        }
    )
    tables = {Source("data"): table}
    found = sensitivity.table(listed, decisions.judge(listed, tables), tables)
    levels = [f"level_{level:g}" for level in (0.0005, 0.002, 0.005, 0.01)]
    both = ["as_judged", "half_tolerance"]
    assert list(zip(found["id"], found["choice"], strict=True)) == [
        *(("z", name) for name in (*both, "simultaneous", *levels)),
        *(("a", name) for name in (*both, *levels)),
    ]


def test_an_outcome_that_depends_on_the_level():
    table = pd.DataFrame({"reached": [True] * 100})
    reached = {0.0005: 0, 0.002: 100, 0.005: 100, 0.01: 100}
    for level, count in reached.items():
        table[f"reached_{level:g}"] = np.arange(100) < count
    rule = {"table": "data", "statistic": "share", "column": "reached", "holds": [0.5, 1]}
    found = outcomes(claim(rule, 1, "%"), {Source("data"): table})
    asked = ("as_judged", "level_0.0005", "level_0.002")
    assert [found[name] for name in asked] == ["holds", "fails", "holds"]


def test_intervals_are_simultaneous_over_those_that_decide():
    # Of two intervals, each is of 97.5 %: a bound between the two makes the second one open.
    low, wider = (intervals.of_share(60, 100, c)[0] for c in (0.95, 0.975))
    table = pd.DataFrame({"x": np.arange(100) < 60})
    rule = {"table": "data", "statistic": "share", "column": "x", "holds": [(low + wider) / 2, 1]}
    pieces = [
        {"id": name, "label": "B", "counted_from": 1, "unit": "%", "rule": rule} for name in "bc"
    ]
    entry = {"id": "a", "statement": "A.", "place": "Here", "general": pieces}
    # Shown beside, and a fact: neither counts.
    fact = {"table": "data", "statistic": "share_of_all", "column": "x", "holds": [0, 1]}
    entry |= {
        "beside": [pieces[0] | {"id": "d"}],
        "published": [pieces[0] | {"id": "e", "rule": fact}],
    }
    listed = claims.read({"rule": "", "claims": [entry]})
    judged = decisions.judge(listed, {Source("data"): table})
    assert sensitivity.intervals_that_decide(judged) == 2
    found = outcomes(listed, {Source("data"): table})
    assert (found["as_judged"], found["simultaneous"]) == ("holds", "open")
