"""Studies and levels as people read them."""

import pytest

from jfb.config.choices import Gradient
from jfb.output import level_words


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("jfb", "JFB"),
        ("neumann_5", "Neumann series, order 5"),
        ("phantom_5", "phantom gradient, 5 steps"),
        ("implicit", "exact gradient"),
        ("own_5", "own 5"),
        # Two levels, of which one number is not lost.
        ("implicit_3", "implicit 3"),
        ("neumann_five", "neumann five"),
    ],
)
@pytest.mark.parametrize("factors", [[], ["gradient"]])
def test_gradients_have_words(level, words, factors):
    assert level_words.level_in_words(factors, level, is_named=True) == words


@pytest.mark.parametrize(
    ("factors", "level", "alone", "named"),
    [
        (["schedule"], "step_down", "step down", "schedule step down"),
        (["order"], "5", "5", "order 5"),
        (["rate"], "0.01", "0.01", "rate 0.01"),
        # No gradient, though it has the name of one.
        (["regulariser"], "jfb", "jfb", "regulariser jfb"),
        (["gradient", "width"], "jfb/8", "JFB; 8", "JFB; width 8"),
    ],
)
def test_levels_are_of_their_factor(factors, level, alone, named):
    assert level_words.level_in_words(factors, level, is_named=False) == alone
    assert level_words.level_in_words(factors, level, is_named=True) == named


def test_factors_have_words():
    assert level_words.factors_in_words([]) == "gradient"
    assert (
        level_words.factors_in_words(["gradient", "learning_rate"]) == "gradient and learning rate"
    )


@pytest.mark.parametrize(
    ("factor", "levels", "told"),
    [
        ("gradient", ["jfb", "implicit"], "a: 2 gradients"),
        ("schedule", ["constant", "cosine", "step"], "a: 3 schedules"),
        ("search", ["zero", "previous"], "a: 2 searches"),
        ("gradient", ["jfb"], "a"),
    ],
)
def test_studies_count_the_levels_of_their_factor(factor, levels, told):
    runs = [{"factors": [factor], "level": level, "seed": 1} for level in levels]
    assert level_words.study_in_words("a", runs, "plain") == told


def test_studies_count_seeds_and_each_factor():
    pairs = [("jfb/8", 1), ("jfb/32", 2), ("exact/8", 1)]
    runs = [{"factors": ["gradient", "width"], "level": level, "seed": s} for level, s in pairs]
    assert level_words.study_in_words("a", runs, "b") == "a: 2 gradients, 2 widths, 2 seeds"
    assert level_words.study_in_words("a", runs, "a") == "a: the published runs"
    plain = [{"factors": [], "level": "jfb", "seed": seed} for seed in range(3)]
    assert level_words.study_in_words("a", plain, "b") == "a: 3 seeds"


def test_a_run_without_factors_has_the_name_of_its_gradient():
    gradients = [
        ({"name": "jfb"}, "jfb"),
        ({"name": "neumann", "order": 5}, "neumann_5"),
        ({"name": "phantom", "steps": 3, "damping": 0.5}, "phantom_3"),
    ]
    for choice, name in gradients:
        assert level_words.name_of(Gradient.from_dict(choice)) == name
