"""A configuration against the shape that it must have; only the scheduler loads this."""

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from jfb.config.choice import completed
from jfb.config.choices import BY_NAME, WITH_OPTIONS
from jfb.config.document import Document
from jfb.config.editors import json_schema
from jfb.config.errors import ConfigError
from jfb.config.messages import in_one_line
from jfb.config.settings import OPTIONAL

#: What `defaults` says where it leaves these out.
_LEFT_OUT = {
    name: OPTIONAL[name]
    for name in (*WITH_OPTIONS, *BY_NAME, "threads", "initial_scale")
    if name in OPTIONAL
}


def checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration of the right shape, with the choices completed that it gives in part.

    Args:
        config: as read from YAML.

    Raises:
        ConfigError: it has another shape, or holds a number that is not finite; the first finding.
    """
    _require_finite("", config)
    _require_text_keys("", config)
    whole = _completed(config)
    try:
        # As JSON: a list is a list there, and 42.0 no integer.
        Document.model_validate_json(json.dumps(whole, default=str))
    except ValidationError as error:
        raise in_one_line(error.errors(include_url=False), whole, json_schema()) from None
    _require_values("", whole)
    return whole


def _completed(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration, each choice of a study or a level with the options that it leaves."""
    whole = dict(config)
    defaults, studies = config.get("defaults"), config.get("studies")
    if isinstance(defaults, dict) and isinstance(studies, dict):
        defaults = _LEFT_OUT | defaults
        whole["defaults"] = defaults
        whole["studies"] = {name: _of_study(study, defaults) for name, study in studies.items()}
    return whole


def _of_study(study: Any, defaults: Mapping[str, Any]) -> Any:
    whole = _chosen(study, defaults)
    if isinstance(whole, dict) and isinstance(whole.get("factors"), dict):
        before = defaults | whole
        whole["factors"] = {
            factor: {level: _chosen(chosen, before) for level, chosen in levels.items()}
            if isinstance(levels, dict)
            else levels
            for factor, levels in whole["factors"].items()
        }
    return whole


def _chosen(given: Any, before: Mapping[str, Any]) -> Any:
    if not isinstance(given, dict):
        return given
    return given | {
        name: completed(given[name], before.get(name)) for name in WITH_OPTIONS if name in given
    }


def _require_finite(key: str, value: Any) -> None:
    """Refuse NaN and infinity anywhere."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(key, value, "must be a finite number")
    if isinstance(value, Mapping):
        for name, part in value.items():
            _require_finite(f"{key}.{name}".lstrip("."), part)
    elif isinstance(value, list):
        for part in value:
            _require_finite(key, part)


def _require_text_keys(key: str, value: Any) -> None:
    """Refuse keys that YAML takes for something else than text, such as off and 0.95."""
    if not isinstance(value, Mapping):
        return
    for name, part in value.items():
        if not isinstance(name, str):
            raise ConfigError(key or "config", name, "is a key and must be text: put it in quotes")
        _require_text_keys(f"{key}.{name}".lstrip("."), part)


def _require_values(key: str, value: Any) -> None:
    """Refuse what has no value: an option that is not set is left out."""
    if value is None:
        raise ConfigError(key, value, "must have a value, or be left out")
    if isinstance(value, Mapping):
        for name, part in value.items():
            _require_values(f"{key}.{name}".lstrip("."), part)
