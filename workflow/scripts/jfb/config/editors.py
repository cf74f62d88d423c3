"""The JSON Schema by which editors complete and check a configuration."""

import functools
from typing import Any

from jfb.config import names
from jfb.config.choices import WITH_OPTIONS
from jfb.config.document import Document


@functools.cache
def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a configuration, in which choices may be given in part.

    Not to be changed by who asks for it.
    """
    schema = _as_editors_read(Document.model_json_schema())
    defs = schema["$defs"]
    for kind in WITH_OPTIONS.values():
        for choice in kind.all().values():
            model = defs[choice.__name__]
            model["required"] = ["name", *model.get("required", ())]
    for place in ("Study", "Chosen"):
        for kind in WITH_OPTIONS:
            models = [defs[choice.__name__] for choice in WITH_OPTIONS[kind].all().values()]
            defs[place]["properties"][kind] = {"anyOf": [_in_part(model) for model in models]}
    no_study = [{"enum": list(names.NO_STUDIES)}, {"pattern": f"^{names.OF_FIGURES}"}]
    schema["properties"]["studies"]["propertyNames"]["not"] = {"anyOf": no_study}
    factors = defs["Study"]["properties"]["factors"]
    factors["propertyNames"]["not"] = {"enum": list(names.NO_FACTORS)}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _as_editors_read(node: Any) -> Any:
    """A schema of pydantic without titles, nulls and defaults of what is not set.

    Names of a pattern are the only ones: pydantic's `patternProperties` lets others pass.
    """
    if isinstance(node, list):
        return [_as_editors_read(part) for part in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: {name: _as_editors_read(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else _as_editors_read(value)
        for key, value in node.items()
        if key != "title" and not (key == "default" and (value is None or "const" in node))
    }
    if {"type": "null"} in kept.get("anyOf", ()):
        options = [part for part in kept.pop("anyOf") if part != {"type": "null"}]
        kept |= options[0] if len(options) == 1 else {"anyOf": options}
    if "patternProperties" in kept:
        ((pattern, value),) = kept.pop("patternProperties").items()
        kept |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}
    return kept


def _in_part(choice: dict[str, Any]) -> dict[str, Any]:
    """The schema of some options of a choice: the others, and its name, are those before it."""
    kept = {key: value for key, value in choice.items() if key != "required"}
    return kept | {"minProperties": 1}
