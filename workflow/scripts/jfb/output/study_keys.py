"""The keys of a study as people read them: a row for each that is no choice with options."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jfb.config import document


class Row(NamedTuple):
    """A key of a study: what it is, its default as text, and whether levels of factors set it."""

    key: str
    what: str
    default: str
    of_level: bool


def rows(defaults: Mapping[str, Any]) -> list[Row]:
    """A row for each key, in the order in which a study is declared.

    Args:
        defaults: of a run, as config.yaml has them, and of what it leaves out.
    """
    keys = [key for key in document.Study.model_fields if key in document.WHAT]
    return [
        Row(key, document.WHAT[key], _told(defaults.get(key)), key in document.Chosen.model_fields)
        for key in keys
    ]


def _told(default: Any) -> str:
    """A default as YAML has it; empty where there is none, or nothing."""
    return "" if default in (None, []) else f"`{default}`"
