"""What pydantic finds wrong with a configuration, in one line."""

from collections.abc import Mapping, Sequence
from typing import Any

from jfb.config import names
from jfb.config.errors import ConfigError

Error = Mapping[str, Any]

#: What is allowed, by pydantic's type of error; braces are filled from its context.
_ALLOWED = {
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:.15g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:.15g}",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "dataclass_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
}
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_NUMBERS = ("int_type", "float_type")


def in_one_line(
    errors: Sequence[Error], config: Mapping[str, Any], schema: Mapping[str, Any]
) -> ConfigError:
    """The finding that says most, as an error.

    An unknown key comes first, since it may be the misspelling of one that is missing; all keys
    that a mapping lacks are one finding.

    Args:
        errors: as pydantic lists them, at least one.
        config: what was checked.
        schema: its JSON Schema.
    """
    unknown = [error for error in errors if error["type"] in _UNKNOWN]
    (first, *_) = unknown or errors
    place, value = _found(first, config)
    key = ".".join(place)
    kind, context = first["type"], first.get("ctx", {})
    if kind in _UNKNOWN:
        known = ", ".join(_node(place[:-1], config, schema).get("properties", {}))
        return ConfigError(key, value, f"is an unknown key; allowed here: {known}")
    if kind == "missing":
        return _lacking(place, [e for e in errors if e["type"] == "missing"], config)
    if kind == "union_tag_not_found":
        return ConfigError(f"{key}.name", None, "is missing; it must be set")
    if kind == "union_tag_invalid":
        tags = context["expected_tags"].replace("'", "")
        named = context["discriminator"].replace("'", "")
        return ConfigError(f"{key}.{named}", context["tag"], f"must be one of: {tags}")
    if kind == "literal_error":
        options = context["expected"].replace(" or ", ", ").replace("'", "")
        return ConfigError(key, value, f"must be one of: {options}")
    if kind == "string_pattern_mismatch":
        is_level = context["pattern"] == names.LEVEL
        return ConfigError(key or "config", value, names.LEVEL_IS if is_level else names.NAME_IS)
    allowed = _ALLOWED.get(kind, first["msg"]).format(**context)
    if kind in _NUMBERS and isinstance(value, str):
        allowed += " (without quotes; YAML reads 1.0e-3 as a number, 1e-3 as text)"
    return ConfigError(key or "config", value, allowed)


def _found(error: Error, config: Mapping[str, Any]) -> tuple[list[str], Any]:
    """The keys that lead to an error, and the value there; of a key itself, the mapping and it."""
    *before, last = error["loc"] or ("",)
    if last == "[key]":
        *before, name = before
        return _followed(before, config)[0], name
    place, value = _followed(before, config)
    if isinstance(value, list) and isinstance(last, int):
        return place, value[last]
    if isinstance(value, Mapping) and last in value:
        return [*place, last], value[last]
    # The name of a choice, which pydantic tells as if it were a key.
    named = isinstance(value, Mapping) and error["type"] not in ("missing", *_UNKNOWN)
    return (place, value) if named or not isinstance(value, Mapping) else ([*place, last], None)


def _followed(loc: Sequence[str | int], config: Mapping[str, Any]) -> tuple[list[str], Any]:
    """The keys of a place, without indices and the names of choices, and the value there."""
    place, value = [], config
    for part in loc:
        if isinstance(value, list) and isinstance(part, int):
            value = value[part]
        elif isinstance(value, Mapping) and part in value:
            place.append(str(part))
            value = value[part]
    return place, value


def _lacking(
    place: Sequence[str], missing: Sequence[Error], config: Mapping[str, Any]
) -> ConfigError:
    """The error of every key that the mapping of the first missing one lacks."""
    *parent, _ = place
    found = [_found(error, config)[0] for error in missing]
    lacking = [last for *before, last in found if before == parent]
    if len(lacking) == 1:
        return ConfigError(".".join(place), None, "is missing; it must be set")
    key = ".".join(parent) or "config"
    _, value = _followed(parent, config)
    return ConfigError(key, value, f"lacks keys that must be set: {', '.join(lacking)}")


def _node(
    place: Sequence[str], config: Mapping[str, Any], schema: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The JSON Schema of the mapping at a place."""
    node, value = schema, config
    for part in place:
        node = _resolved(node, value, schema)
        node = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
        value = value[part]
    node = _resolved(node, value, schema)
    return _resolved(node["items"], value, schema) if "items" in node else node


def _resolved(node: Mapping[str, Any], value: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with its references followed; of several, the one for the value."""
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        elif "discriminator" in node:
            by = node["discriminator"]
            node = {"$ref": by["mapping"][value[by["propertyName"]]]}
        elif "oneOf" in node or "anyOf" in node:
            options = [
                option
                for option in node.get("oneOf") or node["anyOf"]
                if {"$ref", "discriminator", "properties"} & option.keys()
            ]
            node = next((o for o in options if _is_named(o, value, schema)), options[0])
        else:
            return node


def _is_named(option: Mapping[str, Any], value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a schema is that of the choice, the source or the file that a mapping names."""
    if "discriminator" in option:
        by = option["discriminator"]
        return isinstance(value, Mapping) and value.get(by["propertyName"]) in by["mapping"]
    if "$ref" in option:
        option = schema["$defs"][option["$ref"].rpartition("/")[2]]
    properties = option.get("properties", {})
    if not isinstance(value, Mapping):
        return False
    of_file = {"file", "shape"} <= properties.keys() and "file" in value
    named = properties.get("name", {}).get("const")
    return of_file or (named is not None and value.get("name") == named)
