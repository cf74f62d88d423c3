"""Evidence and verdicts in words: numbers with their units, spans, and what a verdict hangs on."""

import math
from collections import Counter

from jfb.analysis.claims import Evidence
from jfb.analysis.decisions import Judged, Outcome, Weighed, decide
from jfb.analysis.finding import Finding, Span

#: The unit of what is 1 for yes and 0 for no.
ANSWER = "answer"


def number(value: float, unit: str, signed: bool = False) -> str:
    """A number as people read it, without its unit; of shares the per cent, of answers the word."""
    if unit == ANSWER:
        return {0: "no", 1: "yes"}.get(value, f"{value:.3g}")
    value = 100 * value if unit == "%" else value
    text = f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
    return f"+{text}" if signed and value > 0 else text


def allowed(holds: tuple[float, float], unit: str) -> str:
    """The values that a claim allows, from the lowest to the highest, in words."""
    low, high = (number(end, unit) for end in holds)
    after = of_unit(unit)
    if holds[0] == holds[1]:
        return f"{'' if unit == ANSWER else 'exactly '}{low}{after}"
    if math.isinf(holds[0]):
        return f"at most {high}{after}"
    if math.isinf(holds[1]):
        return f"at least {low}{after}"
    if holds[0] == -holds[1]:
        return f"-{high} to {high}{after}"
    return f"{low} to {high}{after}"


def of_unit(unit: str) -> str:
    """A unit as it stands after a number."""
    return f" {unit}" if unit and unit != ANSWER else ""


def is_signed(piece: Evidence) -> bool:
    """Whether a finding is a difference, whose sign is shown."""
    return "difference" in piece.statistic


def spanned(low: float, high: float, span: str, unit: str, signed: bool = False) -> str:
    """The ends of a span as people read them; nothing of an exact number."""
    if span == Span.EXACT or math.isnan(low):
        return ""
    ends = ", ".join(number(end, unit, signed) for end in (low, high))
    return f"[{ends}]" if span == Span.INTERVAL else f"(from {ends.replace(', ', ' to ')})"


def reason(judged: Judged) -> str:
    """What the verdict on a claim hangs on."""
    pieces = judged.weighed["published"] + judged.weighed["general"]
    holding = sum(piece.outcome is Outcome.HOLDS for piece in pieces)
    return f"{told(judged.deciding)} ({holding} of {len(pieces)} pieces of evidence hold)"


def told(weighed: Weighed) -> str:
    """What a piece of evidence found, and what the claim allows, as a sentence."""
    piece, findings = weighed.evidence, weighed.findings
    if not findings:
        return f"{piece.label}: {not_taken(piece)}"
    allows = f"the claim allows {allowed(piece.holds, piece.unit)}"
    if piece.each is None:
        return f"{piece.label}, {found_in(piece, findings[''])}; {allows}"
    each = "; ".join(f"{name}: {found_in(piece, one)}" for name, one in findings.items())
    outcomes = Counter(decide(one.low, one.high, piece.holds) for one in findings.values())
    said = ", ".join(f"{outcome} on {count}" for outcome, count in outcomes.items())
    agreement = f"the {piece.each}s disagree ({said})" if len(outcomes) > 1 else f"{said} of them"
    text = f"{piece.label}, by {piece.each}: {each}; {allows}"
    return f"{text}; {agreement}" if len(findings) > 1 else text


def not_taken(piece: Evidence) -> str:
    """What is said of evidence of which no table was taken."""
    return f"no target of the command makes {' or '.join(map(str, piece.sources))}"


def found_in(piece: Evidence, finding: Finding) -> str:
    """What a finding counts, its estimate with the unit, and its span."""
    if math.isnan(finding.estimate):
        return f"{finding.counts}: nothing to tell"
    estimate = number(finding.estimate, piece.unit, is_signed(piece))
    estimate += of_unit(piece.unit)
    ends = spanned(finding.low, finding.high, finding.span, piece.unit, is_signed(piece))
    if not ends and finding.span is not Span.EXACT:
        ends = "(too few for an interval)"
    return f"{finding.counts}: {estimate} {ends}".rstrip()
