"""The configuration as text: what it may be made of, before anything is made of it.

Snakemake's own reader lets YAML tags build objects, runs code where a file says `__use_yte__`, and
takes the last of two equal keys. This is for the file that it reads after us; one that is named by
its option --configfile it reads before. Of what its option --config gives, it makes text of every
number within a mapping or a list; this reads it as YAML does.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from jfb.config.errors import ConfigError

_PLAIN = {"map", "seq", "str", "int", "float", "bool", "null", "merge"}
_CORE = "tag:yaml.org,2002:"
_DEEPEST = 20
_MOST_VALUES = 1_000_000
_LONGEST_NUMBER = 100


def check_text(path: str | Path) -> None:
    """Refuse a YAML file that is more than plain values, lists and mappings.

    Raises:
        ConfigError: it cannot be read, is no YAML, or holds a tag, code, a key twice, or too much.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(str(path), None, f"cannot be read ({error.strerror})") from None
    if not isinstance(_checked(str(path), text), yaml.MappingNode):
        raise ConfigError(str(path), text.decode(), "must be a mapping of keys to values")


def read_arguments(entries: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The mappings and lists among `key=value` arguments, as YAML reads them, one by one.

    Raises:
        ConfigError: see `check_text`.
    """
    for entry in entries:
        key, _, text = entry.partition("=")
        if isinstance(_checked(f"--config {key}", text.encode(), key), yaml.CollectionNode):
            yield {key: yaml.load(text, _WithTextKeys)}


class _WithTextKeys(yaml.SafeLoader):
    """Leaves keys text, as Snakemake does: a level may be called 0.5."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def _checked(place: str, text: bytes, key: str = "") -> yaml.Node | None:
    """The root of a YAML document that is nothing but plain values; none of an empty one.

    It is the value of `key`, if one is named.
    """
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        if root is None:
            return None
        for number, _ in enumerate(_walk(key, root, 0)):
            if number > _MOST_VALUES:
                allowed = f"must hold at most {_MOST_VALUES:,} values, those of aliases counted"
                raise ConfigError(place, "...", allowed)
        yaml.SafeLoader(b"").construct_document(root)
        return root
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{place}{line}", error.problem, "(not YAML)") from None
    except RecursionError:
        allowed = f"must not be nested deeper than {_DEEPEST}"
        raise ConfigError(place, "...", allowed) from None
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(place, str(error), "is no YAML of plain values") from None


def _walk(key: str, node: yaml.Node, depth: int) -> Iterator[None]:
    """Check a value and what it holds, each as often as it stands there."""
    yield
    kind = node.tag.removeprefix(_CORE)
    if kind not in _PLAIN:
        allowed = "is of a type that is not allowed: only numbers, text, lists and mappings are"
        raise ConfigError(key, node.tag, allowed)
    if depth > _DEEPEST:
        raise ConfigError(key, "...", f"must not be nested deeper than {_DEEPEST}")
    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _walk(key, part, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        yield from _walk_mapping(key, node, depth)
    elif kind in ("int", "float") and len(node.value) > _LONGEST_NUMBER:
        raise ConfigError(key, node.value, f"must have at most {_LONGEST_NUMBER} digits")


def _walk_mapping(key: str, node: yaml.MappingNode, depth: int) -> Iterator[None]:
    names = set()
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode):
            raise ConfigError(key or "config", name.tag, "is a key and must be text")
        place = f"{key}.{name.value}".lstrip(".")
        if name.value in names:
            raise ConfigError(place, name.value, "must not be set twice")
        if name.value == "__use_yte__":
            raise ConfigError(place, value.value, "is not allowed: a configuration holds no code")
        names.add(name.value)
        yield from _walk(place, name, depth + 1)
        yield from _walk(place, value, depth + 1)
