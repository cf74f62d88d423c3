"""Evidence in words: numbers with their units, spans, and a sentence of each piece of evidence."""

import math
from collections.abc import Iterable

from jfb.analysis.claims import Evidence
from jfb.analysis.decisions import Weighed
from jfb.analysis.finding import Finding, Span

#: The unit of what is 1 for yes and 0 for no.
ANSWER = "answer"
#: The unit of differences of log10, which people read as ratios.
DECADES = "decades"
TIMES = "times"
#: That of differences of shares, whose unit is "%" otherwise.
POINTS = "points"
#: The least and the most that a value can be, by unit.
_BOUNDS = {"%": (0, 1), POINTS: (-1, 1)}
#: Other choices by which claims are judged.
_CHOICES = {
    "half_tolerance": "half the margin",
    "double_tolerance": "twice the margin",
    "simultaneous": "joint intervals",
}


def number(value: float, unit: str, signed: bool = False) -> str:
    """A number as people read it, without its unit; of shares the per cent, of answers the word.

    Ratios near 1 have more decimals, as three digits tell little of how far from 1 they are.
    """
    if unit == ANSWER:
        return {0: "no", 1: "yes"}.get(value, f"{value:.3g}")
    value = 100 * value if unit in ("%", POINTS) else value
    if unit == TIMES and 0.9 < value < 1.1:
        decimals = 4 if 0.99 < value < 1.01 else 3
        return f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    text = f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
    if "e-" in text and abs(value) >= 1e-6:
        digits = len(text.partition("e")[0].replace(".", "").lstrip("-"))
        text = f"{value:.{digits - 1 - math.floor(math.log10(abs(value)))}f}"
    return f"+{text}" if signed and value > 0 else text


def allowed(holds: tuple[float, float], unit: str) -> str:
    """The values that a claim allows, from the lowest to the highest, in words.

    A bound that no value can pass, such as 100 %, is none.
    """
    unit, low, high = as_read(unit, *holds)
    if low == high:
        return f"{'' if unit == ANSWER else 'exactly '}{with_unit(low, unit)}"
    least, most = _BOUNDS.get(unit, (-math.inf, math.inf))
    if high >= most:
        return f"at least {with_unit(low, unit)}"
    if low <= least:
        return f"at most {with_unit(high, unit)}"
    return f"{number(low, unit)} to {number(high, unit)}{of_unit(unit)}"


def as_read(unit: str, *values: float) -> tuple[str, *tuple[float, ...]]:
    """A unit and values in it as people read them: of differences of log10 the ratios."""
    if unit != DECADES:
        return unit, *values
    return TIMES, *(value if math.isinf(value) else 10.0**value for value in values)


def of_unit(unit: str) -> str:
    """A unit as it stands after numbers."""
    return f" {unit}" if unit and unit != ANSWER else ""


def with_unit(value: float, unit: str, signed: bool = False) -> str:
    """A number as people read it, with its unit: 1 point, 2 points.

    A share that is not all is not told as all, where three digits would say so.
    """
    if unit == "%" and 0.9995 <= value < 1:
        text = f"{100 * value:.2f}" if value < 0.99995 else "over 99.99"
    else:
        text = number(value, unit, signed)
    is_one = unit == POINTS and text.lstrip("+-") == "1"
    return text + of_unit("point" if is_one else unit)


def unit_told(unit: str, is_difference: bool) -> str:
    """The unit in which a number is told: differences of shares are in points."""
    return POINTS if unit == "%" and is_difference else unit


def unit_of(piece: Evidence) -> str:
    """The unit in which what a piece of evidence finds is told."""
    return unit_told(piece.unit, is_signed(piece))


def is_signed(piece: Evidence) -> bool:
    """Whether a finding is a difference, whose sign is shown."""
    return "difference" in piece.statistic


def spanned(low: float, high: float, span: str, unit: str, signed: bool = False) -> str:
    """The ends of a span as people read them; nothing of an exact number."""
    if span == Span.EXACT or math.isnan(low):
        return ""
    ends = ", ".join((_lowest(low, unit, signed), number(high, unit, signed)))
    return f"[{ends}]" if span == Span.INTERVAL else f"(from {ends.replace(', ', ' to ')})"


def _lowest(value: float, unit: str, signed: bool) -> str:
    """The low end of a span; of a share that is nearly all not rounded up to all."""
    if unit == "%" and 0.9995 <= value < 1:
        return f"{math.floor(1e4 * value) / 100:.2f}"
    return number(value, unit, signed)


def sentence(weighed: Weighed) -> str:
    """What a piece of evidence found, and what the claim allows, in one sentence.

    A difference of log10 is told as the ratio that it is of.
    """
    piece, findings = weighed.evidence, weighed.findings
    if not findings:
        return f"{piece.label}: {weighed.outcome}."
    names, found = machines(findings), list(findings.values())
    if all(math.isnan(one.estimate) for one in found):
        return f"{piece.label}: not known ({found[0].counts}); {_allows(piece)}."
    told = piece.says.replace("{}", _amount(piece, found[0]))
    counts = [_counted(one) for one in found]
    # Once, in the end, where they are the same.
    each = [f" ({n})" if len(set(counts)) > 1 else "" for n in counts]
    if piece.each is not None:
        told += f" on {names[0]}{each[0]}"
        others = zip(names[1:], found[1:], each[1:], strict=True)
        told += "".join(f", and {_amount(piece, one)} on {name}{n}" for name, one, n in others)
    if found[0].span is not Span.EXACT and not each[0]:
        told += f" ({counts[0]})"
    outcomes = {outcome for *_, outcome in weighed.by_machine()}
    disagree = f", and the {piece.each}s disagree" if len(outcomes) > 1 else ""
    return f"{told}; {_allows(piece)}{disagree}."


def machines(names: Iterable[str]) -> list[str]:
    """Names of machines, as short as they differ: AMD EPYC, with its family, with its memory."""
    names = list(names)
    brands = [_plain(name).partition(" (family")[0] for name in names]
    return brands if len(set(brands)) == len(brands) else models(names)


def models(names: Iterable[str]) -> list[str]:
    """Names of machines with family and model, which processors of one brand have different ones.

    They have their memory, too, where they do not differ without.
    """
    whole = [_plain(name) for name in names]
    short = [name.partition("), ")[0] + ")" if "), " in name else name for name in whole]
    return short if len(set(short)) == len(short) else whole


def _plain(name: str) -> str:
    return name.replace("(R)", "").replace(" Processor", "")


def found_in(piece: Evidence, finding: Finding) -> str:
    """An estimate with its unit and its span."""
    if math.isnan(finding.estimate):
        return "nothing to tell"
    unit, value, low, high = as_read(unit_of(piece), *finding[1:4])
    signed = is_signed(piece) and unit != TIMES
    read = finding._replace(estimate=value, low=low, high=high)
    return f"{with_unit(value, unit, signed)} {_ends(read, unit, signed)}".rstrip()


def allowed_by(piece: Evidence) -> str:
    """The values that a claim allows, of a piece of its evidence."""
    return allowed(piece.holds, unit_of(piece))


def _amount(piece: Evidence, finding: Finding) -> str:
    """A number as it stands in a sentence, with its unit and its span."""
    if math.isnan(finding.estimate):
        return "an unknown number"
    value = finding.estimate
    if piece.unit == ANSWER:
        return "does" if value else "does not"
    if piece.statistic == "share_of_all":
        return f"{round(value * finding.n)} of {finding.n}"
    return found_in(piece, finding)


def _counted(finding: Finding) -> str:
    """How many observations there are, without what was left out and without rows."""
    return finding.counts.partition(";")[0].partition(" (")[0]


def _allows(piece: Evidence) -> str:
    if piece.unit == ANSWER:
        return f"the claim says that it {'does' if piece.holds[0] else 'does not'}"
    if piece.statistic == "share_of_all" and piece.holds[0] == 1:
        return "the claim asks for all of them"
    return f"the claim allows {allowed_by(piece)}"


def _ends(finding: Finding, unit: str, signed: bool = False) -> str:
    ends = spanned(finding.low, finding.high, finding.span, unit, signed)
    return ends or ("" if finding.span is Span.EXACT else "(too few for an interval)")


def choice(name: str) -> str:
    """Another choice by which claims are judged, see `jfb.analysis.sensitivity`."""
    kind, _, value = name.rpartition("_")
    told = {"level": f"a loss of {value} to reach", "accuracy": f"an accuracy of {value} as full"}
    return _CHOICES.get(name) or told[kind]


def changed(outcome: str | None, before: str | None) -> str:
    """An outcome by another choice beside that by the rule; a dash where there is no such part."""
    return f"{outcome}, as before" if outcome and outcome == before else outcome or "-"
