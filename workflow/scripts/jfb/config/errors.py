"""The configuration against its schema: a mistake is one line that names the key."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError, relevance

# JSON Schema takes 42.0 for an integer; as a seed or a batch size it would name another file.
_Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


class ConfigError(ValueError):
    """The configuration is wrong; the message is one line: key, value, what is allowed."""

    def __init__(self, key: str, value: Any, allowed: str) -> None:
        # As repr writes it: no new line, and nothing that a terminal obeys. Nor is a key nothing.
        named = _short(repr(key)[1:-1]) or "''"
        super().__init__(f"{named}: {_short(repr(value))} {allowed}")


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def require_schema(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Refuse a configuration that does not satisfy a JSON Schema, or holds no finite number.

    Raises:
        ConfigError: the finding that says most.
    """
    _require_finite("", config)
    _require_text_keys("", config)
    errors = [leaf for error in _Validator(schema).iter_errors(config) for leaf in _leaves(error)]
    if errors:
        raise _in_one_line(max(errors, key=relevance))


def _require_finite(key: str, value: Any) -> None:
    """Refuse NaN and infinity anywhere: JSON Schema's bounds let NaN pass."""
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


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The errors at the bottom of one: what it is about, not the schema's way of saying it."""
    if not error.context:
        yield error
    for part in error.context:
        yield from _leaves(part)


def _in_one_line(error: ValidationError) -> ConfigError:
    key = ".".join(str(part) for part in error.absolute_path if not isinstance(part, int))
    value, wanted = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema["properties"]
            unknown = next(name for name in value if name not in known)
            return ConfigError(
                f"{key}.{unknown}".lstrip("."),
                value[unknown],
                f"is an unknown key; allowed here: {', '.join(known)}",
            )
        case "required":
            missing = next(name for name in wanted if name not in value)
            return ConfigError(f"{key}.{missing}".lstrip("."), None, "is missing; it must be set")
        case "type":
            articles = {"integer": "an integer", "object": "a mapping", "array": "a list"}
            allowed = f"must be {articles.get(wanted, f'a {wanted}')}"
            if key.endswith(".seeds") and wanted == "array":
                allowed = "must be a list, or a mapping with first and last"
            if wanted in ("number", "integer") and isinstance(value, str):
                allowed += " (without quotes; YAML reads 1.0e-3 as a number, 1e-3 as text)"
        case "enum":
            allowed = f"must be one of: {', '.join(map(str, wanted))}"
        case "not" if "pattern" in wanted:
            allowed = f"must not start with {wanted['pattern'].removeprefix('^')}"
        case "not":
            allowed = f"must not be one of: {', '.join(wanted['enum'])}"
        case "minimum":
            allowed = f"must be at least {wanted}"
        case "maximum":
            allowed = f"must be at most {wanted}"
        case "exclusiveMinimum":
            allowed = f"must be greater than {wanted}"
        case "exclusiveMaximum":
            allowed = f"must be less than {wanted}"
        case "uniqueItems":
            allowed = "must not name anything twice"
        case "minItems" | "minProperties":
            allowed = "must not be empty"
        case "pattern":
            allowed = "must be lower-case letters, digits and _, a letter first, at most 40"
            if ".factors." in f".{key}.":
                allowed = "must be at most 40 lower-case letters, digits, _ and ., no . first"
        case _:
            allowed = error.message.splitlines()[0]
    return ConfigError(key or "config", value, allowed)
