"""The shape of a configuration: its JSON Schema, choices that are given in part, missing keys."""

import copy
import json

import pytest
from jsonschema import Draft202012Validator, validators

from conftest import ROOT, Workspace, read_yaml
from jfb.config import choices, gradient_choices, step_choices
from jfb.config.editors import json_schema
from jfb.config.errors import ConfigError
from jfb.config.project import load
from jfb.config.validation import checked
from test_config import MISTAKES, changed

SCHEMA = ROOT / "workflow/schemas/config.schema.json"
# JSON Schema takes 42.0 for an integer; as a seed or a batch size it would name another file.
CHECKER = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
)


@pytest.fixture(scope="module")
def editor():
    """What an editor checks config.yaml by."""
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    return validators.extend(Draft202012Validator, type_checker=CHECKER)(schema)


def test_the_schema_for_editors_is_current():
    """`make schema` writes it."""
    assert json.loads(SCHEMA.read_text()) == json_schema()


def test_the_configuration_names_the_schema_for_editors():
    first, *_ = (ROOT / "config.yaml").read_text().splitlines()
    (path,) = [part.partition("=")[2] for part in first.split() if part.startswith("$schema=")]
    assert (ROOT / path) == SCHEMA


def accepted(config):
    try:
        checked(config)
    except ConfigError:
        return False
    return True


def test_an_editor_accepts_the_configurations(tmp_path, editor):
    assert editor.is_valid(read_yaml("config.yaml"))
    assert editor.is_valid(Workspace(tmp_path).config)


#: What JSON Schema does not see: numbers that are not finite, keys that are not text, and the end
#: of a line, which a pattern of Python's ignores.
UNSEEN = ("nan", "False: ", "0.95: ")


@pytest.mark.parametrize(("path", "value", "said"), MISTAKES)
def test_an_editor_refuses_what_the_workflow_does(path, value, said, config, editor):
    if path == "studies.../up" or path.endswith("\n"):
        pytest.skip("no key of a mapping that is tried here")
    wrong = changed(config, path, value)
    if any(text in repr(value) for text in UNSEEN):
        assert not accepted(wrong)
        return
    in_part = path.startswith("studies.") and path.endswith(tuple(choices.WITH_OPTIONS))
    if in_part and "missing" in said:
        # What is left out may be what the defaults have, for all that an editor knows.
        assert not accepted(wrong)
        return
    assert editor.is_valid(wrong) == accepted(wrong)


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ({"learning_rate": 0.01}, {"name": "adam", "learning_rate": 0.01, "beta1": 0.5}),
        (
            {"name": "adam", "beta2": 0.9},
            {"name": "adam", "learning_rate": 1e-3, "beta1": 0.5, "beta2": 0.9},
        ),
    ],
)
def test_a_choice_in_part_keeps_its_other_options(given, full, config, editor):
    config["defaults"]["optimiser"] = {"name": "adam", "learning_rate": 1e-3, "beta1": 0.5}
    config["studies"]["printed"]["optimiser"] = given
    assert editor.is_valid(config)
    for run in load(config).studies["printed"].runs.values():
        assert run.optimiser == choices.Optimiser.from_dict(full)


def test_another_name_is_another_choice_with_its_own_defaults(config):
    config["defaults"]["gradient"] = {"name": "phantom", "steps": 5, "damping": 0.5}
    for study in config["studies"].values():
        study.setdefault("gradient", {"name": "jfb"})
    config["studies"]["printed"] |= {"engine": "reference", "gradient": {"name": "implicit"}}
    assert load(config).studies["printed"].runs[600, 42].gradient == gradient_choices.Implicit()
    config["studies"]["printed"]["gradient"] = {"name": "neumann"}
    with pytest.raises(ConfigError, match=r"^studies\.printed\.gradient\.order: None is missing"):
        load(config)
    config["studies"]["printed"]["gradient"] = {"damping": 1.0}
    phantom = load(config).studies["printed"].runs[600, 42].gradient
    assert phantom == gradient_choices.Phantom(steps=5, damping=1.0)


def test_a_level_of_a_factor_sets_one_option(config):
    config["studies"]["gradients"]["factors"] = {
        "rate": {"small": {"optimiser": {"learning_rate": 1e-4}}, "usual": {"epochs": 3000}},
        "limit": {"1001": {"solver": {"max_iterations": 1001}}},
    }
    runs = load(config).studies["gradients"].runs
    small, usual = (runs[rate, "1001", 600, 0] for rate in ("small", "usual"))
    assert small.optimiser == step_choices.Adam(learning_rate=1e-4)
    assert usual.optimiser == step_choices.Adam(learning_rate=1e-3)
    assert small.solver == choices.Picard(tolerance=1e-3, max_iterations=1001)


def test_levels_that_say_the_same_in_part_are_refused(config):
    config["studies"]["gradients"]["factors"] = {
        "rate": {
            "part": {"optimiser": {"learning_rate": 1e-3}},
            "whole": {"optimiser": {"name": "adam", "learning_rate": 1e-3}},
        }
    }
    with pytest.raises(ConfigError, match=r"factors\.rate\.whole: .* something else than part"):
        load(config)


def test_an_option_of_another_choice_is_refused_with_those_of_this_one(config):
    config["studies"]["printed"]["solver"] = {"memory": 5}
    with pytest.raises(ConfigError) as error:
        load(config)
    assert str(error.value) == (
        "studies.printed.solver.memory: 5 is an unknown key; allowed here: tolerance, "
        "max_iterations, name, start"
    )


def test_all_keys_that_a_mapping_lacks_are_told_in_one_line(config):
    config["cost"] = {"gradients": {"jfb": {"name": "jfb"}}, "repeats": 3, "latent_dim": 3}
    with pytest.raises(ConfigError) as error:
        load(config)
    message = str(error.value)
    assert message.startswith("cost: {")
    lacking = "batch_size, iterations, latent_dims, iterations_at_latent_dims"
    assert message.endswith(f"lacks keys that must be set: {lacking}")


def test_an_option_without_a_value_is_refused(config):
    config["defaults"]["gradient"] = {"name": "implicit", "adjoint": None}
    with pytest.raises(ConfigError, match=r"^defaults\.gradient\.adjoint: None must have a value"):
        load(config)


def test_what_equals_its_default_is_not_told(project):
    run = project.studies["replay"].runs[32, 42]
    told = run.to_dict()
    assert told["optimiser"] == {"name": "adam", "learning_rate": 1e-3}
    assert told["gradient"] == {"name": "jfb"}
    assert "levels" not in told


def test_a_log_with_every_option_is_read(project):
    """Logs used to hold null for the options that a choice does not have."""
    run = project.studies["replay"].runs[32, 42]
    old = copy.deepcopy(run.to_dict()) | {"levels": []}
    old["solver"] |= {"memory": None, "applications": None}
    old["optimiser"] |= {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    old["gradient"] |= {"order": None, "adjoint": None}
    assert type(run).from_dict(json.loads(json.dumps(old))) == run
