"""What the command line gives as --config."""

import pytest

from jfb.config.errors import ConfigError
from jfb.config.text import read_arguments


def test_mappings_and_lists_are_read_as_yaml_and_others_are_left_to_snakemake():
    given = [
        "defaults={epochs: 7, optimiser: {learning_rate: 1.0e-2, name: sgd}}",
        "defaults=epochs: 8",
        "default_studies=[small, other]",
        "replay=small",
        "nothing=",
        "number=7",
    ]
    assert list(read_arguments(given)) == [
        {"defaults": {"epochs": 7, "optimiser": {"learning_rate": 0.01, "name": "sgd"}}},
        {"defaults": {"epochs": 8}},
        {"default_studies": ["small", "other"]},
    ]


def test_keys_stay_text():
    """Snakemake leaves them text; a level may be called 0.5, or off."""
    (read,) = read_arguments(["studies={s: {0.5: {bound: 0.5}, off: {bound: no}}}"])
    assert read == {"studies": {"s": {"0.5": {"bound": 0.5}, "off": {"bound": False}}}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("defaults={epochs: 7, epochs: 8}", "defaults.epochs: 'epochs' must not be set twice"),
        ("defaults={a: !!python/name:os.system x}", "defaults.a: .* of a type that is not allowed"),
        ("defaults={__use_yte__: true}", "a configuration holds no code"),
        ("defaults={epochs: [7}", "--config defaults, line 1: .*not YAML"),
    ],
)
def test_what_a_configuration_may_not_have_is_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        list(read_arguments([given]))
