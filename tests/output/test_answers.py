"""What was measured of a question, beside what would count as its answer."""

import json

import pytest

from conftest import ROOT, read_yaml
from jfb.output import answers
from jfb.output.formats import Unknown

ROW = {"against": "", "unit": "%", "span": "interval", "outcome": "holds", "low": 0.4, "high": 0.6}
ROW |= {"estimate": 0.5, "holds_low": 0.3, "holds_high": 1.0, "level": "", "batch_size": 0}
ASKED = {
    "words": {"lars": "LARS"},
    "criteria": [{"id": "second", "says": "B is so"}, {"id": "first", "says": "A is so"}],
}


def of(rows):
    return [{"criterion": None} | row for row in rows]


def lines(*rows):
    """Those of the table, without its head."""
    return answers.table(of(rows), ASKED).splitlines()[2:]


def test_criteria_are_in_the_order_in_which_they_were_asked():
    one, other = lines(ROW | {"criterion": "first"}, ROW | {"criterion": "second"}, ROW)
    assert one == "| B is so | at least 30 % | 50 % [40, 60] | **holds** |"
    assert other.startswith("| A is so |")


def test_rows_of_a_criterion_are_told_apart_by_what_differs():
    by_level = [ROW | {"criterion": "first", "level": x, "batch_size": 64} for x in ("lars", "b")]
    by_size = [ROW | {"criterion": "second", "level": "b", "batch_size": n} for n in (64, 32)]
    told = "50 % [40, 60] | **holds** |"
    assert lines(*by_level, *by_size) == [
        f"| B is so | at least 30 % | at 64 | {told}",
        f"|  |  | at 32 | {told}",
        f"| A is so | at least 30 % | LARS | {told}",
        f"|  |  | b | {told}",
    ]


def test_outcomes_are_counted_but_for_those_that_decide_nothing():
    fails = ROW | {"criterion": "first", "outcome": "fails"}
    held = [ROW | {"criterion": "second", "batch_size": n} for n in (64, 32)]
    assert answers.counts(of([fails, *held, ROW]), ASKED) == "2 hold, 1 fails"
    several = [ROW | {"criterion": "second", "outcome": "open", "batch_size": n} for n in (1, 2)]
    assert answers.counts(of([fails, *several]), ASKED) == "1 fails, 2 are open"


def test_counted_outcomes_lead_to_their_table():
    rows = of([ROW | {"criterion": name} for name in ("first", "second")])
    told = answers.referred(rows, ASKED, "8. Second derivatives")
    assert told.endswith(": 2 hold ([table](details.md#8-second-derivatives)).")


def test_few_criteria_that_fail_are_named():
    rows = [ROW | {"criterion": "first", "outcome": "fails"}, ROW | {"criterion": "second"}]
    assert answers.referred(of(rows), ASKED, "8").endswith(' Not met: "A is so".')
    sizes = [rows[0] | {"batch_size": n, "outcome": o} for n, o in ((64, "holds"), (32, "fails"))]
    told = answers.referred(of([*sizes, rows[1]]), ASKED, "8")
    assert told.endswith(' Not met: "A is so" (at 32).')
    # Where some result of a criterion does not fail, it is named though all criteria fail.
    both = [*sizes, rows[1] | {"outcome": "fails"}]
    assert '"A is so" (at 32)' in answers.referred(of(both), ASKED, "8")
    all_fail = [row | {"outcome": "fails"} for row in rows]
    assert "Not met" not in answers.referred(of(all_fail), ASKED, "8")
    many = [{"id": n, "says": f"{n} is so"} for n in "abcd"]
    some = [ROW | {"criterion": n, "outcome": "holds" if n == "d" else "fails"} for n in "abcd"]
    assert "Not met" not in answers.referred(of(some), {"criteria": many}, "8")


def test_a_number_without_an_interval_says_so():
    alone = ROW | {"criterion": "first", "low": None, "high": None}
    assert "| 50 %, without an interval |" in lines(alone, ROW | {"criterion": "second"})[1]


def test_a_criterion_without_a_row_is_named():
    with pytest.raises(Unknown, match="no answer to the criterion: B is so"):
        lines(ROW | {"criterion": "first"})


def test_every_level_that_pages_name_has_words():
    """Those of the committed numbers that stand beside another of the same criterion."""
    questions = read_yaml("workflow/questions.yaml")
    tables = json.loads((ROOT / "docs/numbers.json").read_text())["tables"]
    for name, asked in questions.items():
        rows = tables[f"answer_{name}"]["rows"]
        for criterion in asked["criteria"]:
            levels = {row["level"] for row in rows if row["criterion"] == criterion["id"]}
            assert levels, criterion
            if len(levels) > 1:
                assert levels <= asked.get("words", {}).keys(), criterion
