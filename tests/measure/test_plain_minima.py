"""The commonest entries of the catalogue, found again by a script that shares no code with it.

Seconds each: a plain search iterates to its fixed points, and makes a row per point.
"""

import json

import pytest

from conftest import ROOT
from plain_minima import end_of

#: Seeds of the script's own starts, by the form of the entry at which it ends from there.
SEEDS = {
    "constant": 33,
    "straight line": 29,
    "line with a flat side": 17,
    "one kink, slope on both sides": 14,
    "two kinks": 45,
}


#: An entry is common if at least this share of the starts ends there.
COMMON = 0.04


@pytest.fixture(scope="module")
def common():
    """The common entries of the catalogue."""
    numbers = json.loads((ROOT / "docs/numbers.json").read_text())
    return [e for e in numbers["tables"]["catalogue"]["rows"] if e["id"] and e["share"] >= COMMON]


def test_there_is_a_start_for_each_form_of_a_common_entry(common):
    assert {entry["form"] for entry in common} == set(SEEDS)


@pytest.mark.parametrize(
    ("form", "seed"),
    [
        pytest.param(form, seed, marks=pytest.mark.long if form == "two kinks" else ())
        for form, seed in SEEDS.items()
    ],
)
def test_a_plain_search_ends_at_an_entry(form, seed, data, common):
    training, _ = data
    loss = end_of(seed, training.inputs.astype(float), training.target.astype(float))
    levels = [entry["loss"] for entry in common if entry["form"] == form]
    assert any(loss == pytest.approx(level, rel=1e-4) for level in levels)
