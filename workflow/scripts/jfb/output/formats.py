"""How pages write numbers: the filters of their templates."""

import functools
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import jinja2

from jfb.analysis.finding import Span
from jfb.output import markdown, wording

Row = Mapping[str, Any]


class Unknown(LookupError):
    """A template asks for a number that is not there; the message says which."""


def number_of(value: float | str) -> float:
    """A number of the file, in which an infinite one is text."""
    if isinstance(value, jinja2.Undefined | bool):
        raise TypeError(f"no number: {value!r}")
    return float(value)


def _known(format_: Callable[..., str]) -> Callable[..., str]:
    """The format, with a dash for what is missing."""

    @functools.wraps(format_)
    def formatted(value: float | str | None, *arguments: int) -> str:
        return "-" if value is None else format_(number_of(value), *arguments)

    return formatted


@_known
def significant(value: float, digits: int = 3) -> str:
    """Significant digits, without an exponent up to a million: 2,450, not 2.45e+03."""
    text = f"{value:.{digits}g}"
    is_whole = "." not in text or "e+" in text
    return f"{float(text):,.0f}" if is_whole and abs(value) < 1e6 and "e-" not in text else text


@_known
def fixed(value: float, decimals: int) -> str:
    """A number of decimals."""
    return f"{value:,.{decimals}f}"


@_known
def percent(value: float, decimals: int = 0) -> str:
    """A share of 1, in per cent."""
    return f"{100 * value:.{decimals}f} %"


@_known
def whole(value: float) -> str:
    """A whole number, thousands apart."""
    return f"{value:,.0f}"


def interval(row: Row) -> str:
    """The estimate of a piece of evidence in its unit, with its interval or range, if any."""
    estimate, low, high = (row[name] for name in ("estimate", "low", "high"))
    if estimate is None:
        return "not known"
    known = [number_of(value) for value in (estimate, low, high) if value is not None]
    unit, value, *ends = wording.as_read(_unit(row), *known)
    told = wording.with_unit(value, unit)
    if low is None or low == high:
        return told
    return f"{told} {wording.spanned(*ends, row['span'], unit)}"


def _unit(row: Row) -> str:
    """The unit in which a row is told: what it is against, or its label, tells a difference."""
    is_difference = bool(row.get("against")) or " minus " in (row.get("label") or "")
    return wording.unit_told(row["unit"] or "", is_difference)


def estimate(row: Row, unit: str = "") -> str:
    """An estimate with its interval, in a unit: a row that decides nothing has none of its own."""
    return interval(row | {"unit": unit, "span": Span.INTERVAL})


def allowed(row: Row) -> str:
    """The values that a claim allows, of a piece of its evidence."""
    low, high = row["holds_low"], row["holds_high"]
    holds = (
        -math.inf if low is None else number_of(low),
        math.inf if high is None else number_of(high),
    )
    return wording.allowed(holds, _unit(row))


def share(row: Row) -> str:
    """A share with its interval, in per cent, to a tenth from a thousand runs on."""
    return f"{row['reached']:,}/{row['runs']:,} = {reached(row, int(row['runs'] >= 1000))}"


def reached(row: Row, decimals: int = 0) -> str:
    """A share of runs with its interval, in per cent, without the numbers of runs."""
    low, high = (f"{100 * row[end]:.{decimals}f}" for end in ("share_low", "share_high"))
    return f"{percent(row['share_reached'], decimals)} [{low}, {high}]"


def without_links(text: str) -> str:
    """Markdown with the files in place of links to them, which other formats write otherwise."""
    return re.sub(r"\[[^]]+\]\(([^)#]+)[^)]*\)", r"\1", text)


FORMATS: dict[str, Callable[..., str]] = {
    "sig": significant,
    "fixed": fixed,
    "percent": percent,
    "whole": whole,
    "interval": interval,
    "estimate": estimate,
    "allowed": allowed,
    "share": share,
    "reached": reached,
    "machines": wording.machines,
    "models": wording.models,
    "without_links": without_links,
    "anchor": markdown.anchor,
}
