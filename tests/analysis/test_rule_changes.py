"""The list of changed rules, and that a change of a rule needs a line in it."""

import copy

import pytest
import yaml

from conftest import ROOT, read_yaml
from jfb.analysis import evidence, rule_changes
from jfb.analysis.sources import PARTS

CLAIMS, CHANGES = "workflow/claims.yaml", "workflow/rule_changes.yaml"


@pytest.fixture
def document():
    return read_yaml(CLAIMS)


@pytest.fixture
def changes():
    return read_yaml(CHANGES)


def test_the_last_change_of_a_rule_is_in_the_list(document, changes):
    rule_changes.require(document, changes)


@pytest.mark.parametrize(
    "change", ["holds", "statistic", "table", "counted_from", "id", "part", "gone"]
)
def test_a_changed_rule_needs_a_line(change, document, changes):
    piece = document["claims"][1]["published"][0]
    if change == "holds":
        piece["rule"]["holds"][1] *= 2
    elif change in ("statistic", "table"):
        piece["rule"][change] = "other"
    elif change == "counted_from":
        piece["counted_from"] = 0.5
    elif change == "id":
        piece["id"] = "other"
    elif change == "part":
        document["claims"][1]["beside"].append(document["claims"][1]["published"].pop())
    else:
        document["claims"].pop()
        changes = [c | {"claims": [document["claims"][0]["id"]]} for c in changes]
    with pytest.raises(ValueError, match="make rule-change"):
        rule_changes.require(document, changes)


@pytest.mark.parametrize("name", evidence.NUMBERS)
def test_a_changed_number_behind_the_evidence_needs_a_line(name, document, changes, monkeypatch):
    monkeypatch.setitem(evidence.NUMBERS, name, "other")
    with pytest.raises(ValueError, match="make rule-change"):
        rule_changes.require(document, changes)


def test_words_may_change_without_a_line(document, changes):
    for claim in document["claims"]:
        claim["statement"] += " So we read it."
        for part in PARTS:
            for piece in claim.get(part, ()):
                piece["label"] = "Other words"
    document["claims"].reverse()
    rule_changes.require(document, changes)


@pytest.mark.parametrize("key", ["claims", "changed", "why", "before", "after"])
def test_a_line_says_everything(key, document, changes):
    broken = copy.deepcopy(changes)
    broken[-1][key] = None
    with pytest.raises(ValueError, match=f"lacks {key}"):
        rule_changes.require(document, broken)
    broken = copy.deepcopy(changes)
    broken[0]["claims"] = ["other"]
    with pytest.raises(ValueError, match="no claim other"):
        rule_changes.require(document, broken)


def test_the_command_adds_a_line_to_be_filled_in(tmp_path, document, capsys):
    rules, list_ = tmp_path / "claims.yaml", tmp_path / "changes.yaml"
    list_.write_text((ROOT / CHANGES).read_text())
    rules.write_text(yaml.safe_dump(document))
    rule_changes.main(str(rules), str(list_))
    assert list_.read_text() == (ROOT / CHANGES).read_text()
    document["claims"][0]["published"][0]["rule"]["holds"] = [0, 1]
    rules.write_text(yaml.safe_dump(document))
    rule_changes.main(str(rules), str(list_))
    added = yaml.safe_load(list_.read_text())
    assert added[-1]["digest"] == rule_changes.digest(document)
    with pytest.raises(ValueError, match="lacks claims, changed, why, before, after"):
        rule_changes.require(document, added)
