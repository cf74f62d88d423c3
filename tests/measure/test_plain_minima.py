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
    "two kinks": 10,
}


@pytest.fixture(scope="module")
def entries():
    numbers = json.loads((ROOT / "docs/numbers.json").read_text())
    return numbers["tables"]["catalogue"]["rows"]


@pytest.mark.parametrize(("form", "seed"), SEEDS.items())
def test_a_plain_search_ends_at_an_entry(form, seed, data, entries):
    training, _ = data
    loss = end_of(seed, training.inputs.astype(float), training.target.astype(float))
    common = sorted(entries, key=lambda entry: -entry["share"])
    levels = [entry["loss"] for entry in common if entry["form"] == form]
    assert any(loss == pytest.approx(level, rel=1e-4) for level in levels)
