"""Studies, and the levels of their factors, as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from jfb.config.choices import Gradient

#: The factor whose levels are gradients, and what all runs have.
GRADIENT = "gradient"
#: What gradients are called, by the first part of their names, and what a number after it is.
GRADIENTS = {
    "jfb": ("JFB", ""),
    "neumann": ("Neumann series", ", order {}"),
    "phantom": ("phantom gradient", ", {} steps"),
    "implicit": ("exact gradient", ""),
    "exact": ("exact gradient", ""),
    "unrolled": ("unrolled iteration", ""),
}


def name_of(gradient: Gradient) -> str:
    """The name of a gradient as studies call its level: neumann_5."""
    number = getattr(gradient, "order", getattr(gradient, "steps", None))
    return gradient.name if number is None else f"{gradient.name}_{number}"


def level_in_words(factors: Sequence[str], level: str, is_named: bool) -> str:
    """What a level of the page is called: neumann_5 is the Neumann series, order 5.

    Args:
        factors: of its study; without one, the level is a gradient.
        level: the levels of these factors, joined by /.
        is_named: whether other levels than gradients begin with their factor: schedule cosine.
    """
    words = []
    for factor, name in zip(factors or [GRADIENT], level.split("/"), strict=True):
        if factor == GRADIENT:
            words.append(_gradient_in_words(name))
        else:
            value = name.replace("_", " ")
            words.append(f"{_plain(factor)} {value}" if is_named else value)
    return "; ".join(words)


def _gradient_in_words(name: str) -> str:
    kind, _, number = name.partition("_")
    if kind not in GRADIENTS or not (number.isdigit() or not number):
        return _plain(name)
    told, numbered = GRADIENTS[kind]
    if number and not numbered:
        return _plain(name)
    return told + (numbered.format(number) if number else "")


def factors_in_words(factors: Sequence[str]) -> str:
    """What the runs of a study differ in besides batch size and seed."""
    return " and ".join(map(_plain, factors or [GRADIENT]))


def study_in_words(name: str, runs: Sequence[Mapping[str, Any]], replay: str) -> str:
    """The name of a study with a word on what it has."""
    if name == replay:
        return f"{name}: the published runs"
    levels = zip(*(run["level"].split("/") for run in runs), strict=True)
    counts = [
        (len(set(found)), _plain(factor))
        for factor, found in zip(runs[0]["factors"], levels, strict=False)
    ]
    counts.append((len({run["seed"] for run in runs}), "seed"))
    told = [f"{n} {_plural(what)}" for n, what in counts if n > 1]
    return f"{name}: {', '.join(told)}" if told else name


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
