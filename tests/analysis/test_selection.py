"""Which study another is compared with."""

import copy

from conftest import read_yaml
from jfb.analysis import selection
from jfb.config.project import load

CONFIG = read_yaml("config.yaml")


def test_a_study_with_updates_is_compared_with_the_runs_that_it_has_too():
    found = selection.with_equal_epochs(load(CONFIG), "updates")
    assert found.study == "landscape"
    sizes = (2400, 1200, 600, 64, 32)
    assert set(found.same) == {(size, seed) for size in sizes for seed in range(100)}


def test_runs_that_differ_in_more_than_their_length_are_not_the_same():
    config = copy.deepcopy(CONFIG)
    config["studies"]["updates"]["optimiser"] = {"name": "sgd", "learning_rate": 0.1}
    found = selection.with_equal_epochs(load(config), "updates")
    assert found == selection.Partner("seeds", [])
