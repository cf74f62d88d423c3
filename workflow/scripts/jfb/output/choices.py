"""The choices of a run, with their options, and the keys of a study, as people read them."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt

from jfb.config import document
from jfb.config.choice import Choice, Identifier, PythonFile
from jfb.config.choices import BY_NAME, WITH_OPTIONS, Engine


class Row(NamedTuple):
    """A choice: the key of a study, its name there, what it is, its options, and its engines.

    `what` is a sentence, `more` what else its docstring says; `exact` says whether the engine fused
    has every bit of the engine reference with it.
    """

    key: str
    name: str
    what: str
    more: str
    options: str
    engines: str
    exact: str


def rows() -> list[Row]:
    """Every choice of a run but its engine, in the order in which they are declared."""
    kinds = WITH_OPTIONS | {key: BY_NAME[key] for key in ("activation", "loss", "stream")}
    return [
        Row(key, name, *_told(choice), _options(choice), _engines(choice), _exact(choice))
        for key, kind in kinds.items()
        for name, choice in kind.all().items()
    ]


class Key(NamedTuple):
    """A key of a study: what it is, its default as text, and whether levels of factors set it."""

    key: str
    what: str
    default: str
    of_level: bool


def keys(given: Mapping[str, Any]) -> list[Key]:
    """Every key of a study that is no choice with options, in the order of their declaration.

    Args:
        given: defaults, as config.yaml has them, and of what it leaves out.
    """
    names = [key for key in document.Study.model_fields if key in document.WHAT]
    return [
        Key(key, document.WHAT[key], _default(given.get(key)), key in document.Chosen.model_fields)
        for key in names
    ]


def _default(value: Any) -> str:
    """A default as YAML has it; empty where there is none, or nothing."""
    return "" if value in (None, []) else f"`{value}`"


def defaults(given: Mapping[str, Any]) -> dict[str, str]:
    """The name of the default choice of each key, from the values of config.yaml."""
    return {
        key: value["name"] if isinstance(value, Mapping) else value
        for key, value in given.items()
        if isinstance(value, str) or (isinstance(value, Mapping) and "name" in value)
    }


def _told(choice: type[Choice]) -> tuple[str, str]:
    """The summary line of a docstring, and the rest of it, each as one line."""
    summary, _, rest = (choice.__doc__ or "").partition("\n\n")
    return " ".join(summary.split()), " ".join(rest.split())


def _engines(choice: type[Choice]) -> str:
    return "all" if set(choice.engines) == set(Engine.all()) else ", ".join(choice.engines)


def _exact(choice: type[Choice]) -> str:
    if "fused" not in choice.engines:
        return ""
    return "yes" if choice.exact else "to rounding"


#: An upper bound from here on guards against slips, and is not told.
_FAR = 1_000_000
_TEXT = {PythonFile: "a path", Identifier: "a name"}


def _options(choice: type[Choice]) -> str:
    hints = get_type_hints(choice, include_extras=True)
    told = []
    for field in dataclasses.fields(choice):
        if field.name == "name":
            continue
        option = f"`{field.name}` {_allowed(hints[field.name])}"
        if field.default is None:
            option += " (optional)"
        elif field.default is not dataclasses.MISSING:
            option += f" (default {_plain(field.default)})"
        told.append(option)
    return "; ".join(told)


def _allowed(hint: Any) -> str:
    """What an option may be: names, whole numbers from one to another, an interval, or a bound."""
    if types.NoneType in get_args(hint):
        hint, _ = get_args(hint)
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    if hint is bool:
        return "true or false"
    if hint in _TEXT:
        return _TEXT[hint]
    kind, *bounds = get_args(hint)
    low = next(bound for bound in bounds if isinstance(bound, Gt | Ge))
    high = next(bound for bound in bounds if isinstance(bound, Lt | Le))
    (least,), (most,) = map(dataclasses.astuple, (low, high))
    if most >= _FAR:
        return f"above {_plain(least)}" if isinstance(low, Gt) else f"{_plain(least)} or more"
    ends = [_plain(least), _plain(most)]
    if kind is int:
        return " to ".join(ends)
    opening, closing = "(" if isinstance(low, Gt) else "[", ")" if isinstance(high, Lt) else "]"
    return f"in {opening}{', '.join(ends)}{closing}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"`{value}`"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"
