"""Judged claims as tables: one row per claim, one per piece of evidence, and pages to read."""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from jfb.analysis.decisions import Judged, Outcome, Weighed, decide
from jfb.analysis.finding import Finding
from jfb.analysis.rule_changes import KEYS
from jfb.analysis.sources import PARTS
from jfb.output import wording
from jfb.storage import documents

_PARTS = {"published": "published runs", "general": "general", "beside": "beside"}
_SENSITIVITY = (
    "Each column changes one choice: the tolerance (the distance of each bound from exact "
    "agreement, or from no difference where a claim is about one; of ratios, the factor) halved"
    " or doubled; intervals that all contain what they estimate with 95 % together (Bonferroni "
    "over the intervals that decide claims); the loss that a run has to reach, 0.001 in the "
    "verdicts, below that at exact fixed points; the accuracy that counts as full, 0.99 in the "
    "verdicts. A dash: the claim does not rest on it. In bold, verdicts that differ."
)
_CHANGES = (
    "The rules were first written after the report had been read and the first of our many "
    "seeds had been seen. These are all changes since, with the verdict before and after."
)


@dataclass(frozen=True)
class Page:
    """What the pages of claims are made of.

    `rule` in words, the judged claims, the table of `jfb.analysis.sensitivity`, what
    workflow/rule_changes.yaml holds, and the names of the products that the claims name and that
    were not taken.
    """

    rule: str
    judged: Sequence[Judged]
    sensitivity: pd.DataFrame
    changes: Sequence[Mapping[str, Any]]
    lacking: Sequence[str]


def of_claims(judged: Sequence[Judged]) -> pd.DataFrame:
    """A row per claim: the verdict, and the piece of evidence that it hangs on.

    Returns:
        id, statement, place; studies (that its evidence was taken from, separated by spaces; of
        evidence that is lacking, those that could give it); scope (of which networks it is judged;
        missing where it could be of no other); published and general, the outcome of either part,
        missing where it has no evidence; verdict, and machines, on how many what it
        rests on was measured; evidence_id and the columns of `of_evidence` from label to
        holds_high of the piece that it hangs on, on the first machine; reason.
    """
    rows = []
    for one in judged:
        pieces = one.weighed["published"] + one.weighed["general"]
        machine, finding = _findings(one.deciding)[0]
        studies = dict.fromkeys(study for piece in pieces for study in piece.studies)
        rows.append(
            {
                "id": one.claim.id,
                "statement": one.claim.statement,
                "place": one.claim.place,
                "studies": " ".join(studies),
                "scope": one.claim.scope or None,
                "published": one.published and str(one.published),
                "general": one.general and str(one.general),
                "verdict": str(one.verdict),
                "machines": one.machines,
                **_numbers(one.deciding, machine, finding),
                "reason": wording.reason(one),
            }
        )
    return pd.DataFrame(rows).astype({"n": "Int64", "machines": "Int64"})


def of_evidence(judged: Sequence[Judged]) -> pd.DataFrame:
    """A row per piece of evidence, of what is measured on several machines a row for each.

    Returns:
        id (of the claim), part (published runs, general, beside), evidence_id (unique within the
        claim), label, unit, machine (missing where there is none), table (that was taken), n,
        counts (what n is of, and what was left out), estimate, low, high, span (interval of 95 %,
        range or exact), holds_low and holds_high (what the claim allows), outcome.
    """
    rows = [
        {
            "id": one.claim.id,
            "part": _PARTS[part],
            **_numbers(piece, machine, finding),
            "outcome": str(_outcome(piece, finding)),
        }
        for one in judged
        for part, piece in _pieces(one)
        for machine, finding in _findings(piece)
    ]
    return pd.DataFrame(rows).astype({"n": "Int64"})


def to_markdown(page: Page) -> str:
    """The rule, the verdicts and what each rests on, as a page."""
    lines = ["# What the report claims, and what holds", ""]
    lines += ["Written by `snakemake claims` from `results/` and `workflow/claims.yaml`.", ""]
    lines += [_sources(page.judged), "", _lacking(page.lacking), "", "## The rule", ""]
    lines += [page.rule.strip(), "", "## Verdicts", ""]
    lines += _markdown(["claim", "verdict", "because"], _verdicts(page.judged))
    lines += ["", "## Sensitivity", "", _SENSITIVITY, ""]
    lines += _markdown(*_sensitivity(page.sensitivity, "**{}**".format))
    lines += ["", "## Rules that were changed after results were seen", "", _CHANGES, ""]
    lines += _markdown(*_changed(page.changes))
    for one in page.judged:
        place = "; ".join(filter(None, (one.claim.place, one.claim.scope)))
        lines += ["", f"## {one.claim.id}", "", f"{one.claim.statement} ({place})", ""]
        lines += [f"**{_verdict(one)}**: {wording.reason(one)}", ""]
        lines += _markdown(*_evidence(one))
    return "\n".join(lines) + "\n"


def to_html(page: Page) -> str:
    """The same as one HTML page."""
    parts = [f"<p>{html.escape(text)}</p>" for text in page.rule.strip().split("\n\n")]
    parts += ["<h2>Verdicts</h2>", _html(["claim", "verdict", "because"], _verdicts(page.judged))]
    parts += ["<h2>Sensitivity</h2>", f"<p>{html.escape(_SENSITIVITY)}</p>"]
    parts += [_html(*_sensitivity(page.sensitivity, "{} *".format))]
    parts += ["<h2>Rules that were changed after results were seen</h2>"]
    parts += [f"<p>{html.escape(_CHANGES)}</p>", _html(*_changed(page.changes))]
    parts += ["<h2>Evidence</h2>"]
    for one in page.judged:
        parts += [f"<h3>{html.escape(one.claim.statement)} {html.escape(_verdict(one))}</h3>"]
        parts += [_html(*_evidence(one))]
    return documents.to_html("\n".join(parts), "Claims of the report", _lacking(page.lacking))


def write(
    page: Page,
    origin: str,
    csv: str | Path,
    evidence: str | Path,
    sensitivity: str | Path,
    markdown: str | Path,
    html: str | Path,
) -> None:
    """Write the three tables and both pages; for `origin` see `jfb.storage.documents`."""
    documents.write_csv(csv, of_claims(page.judged), origin)
    documents.write_csv(evidence, of_evidence(page.judged), origin)
    documents.write_csv(sensitivity, page.sensitivity, origin)
    documents.write_text(markdown, to_markdown(page), origin)
    documents.write_text(html, to_html(page), origin)


def _pieces(one: Judged) -> Iterator[tuple[str, Weighed]]:
    for part in PARTS:
        yield from ((part, piece) for piece in one.weighed[part])


def _findings(piece: Weighed) -> list[tuple[str | None, Finding | None]]:
    """What was found, with the machine where there is one; one entry where nothing was measured."""
    found = [(machine or None, finding) for machine, finding in piece.findings.items()]
    return found or [(None, None)]


def _outcome(piece: Weighed, finding: Finding | None) -> Outcome:
    if finding is None:
        return Outcome.NOT_MEASURED
    return decide(finding.low, finding.high, piece.evidence.holds)


def _numbers(piece: Weighed, machine: str | None, found: Finding | None) -> dict[str, object]:
    evidence = piece.evidence
    return {
        "evidence_id": evidence.id,
        "label": evidence.label,
        "unit": evidence.unit,
        "machine": machine,
        "table": piece.source and str(piece.source),
        "n": found and found.n,
        "counts": found and found.counts,
        "estimate": found and found.estimate,
        "low": found and found.low,
        "high": found and found.high,
        "span": found and str(found.span),
        "holds_low": evidence.holds[0],
        "holds_high": evidence.holds[1],
    }


def _verdict(one: Judged) -> str:
    if not one.machines:
        return str(one.verdict)
    return f"{one.verdict} (on {one.machines} machine{'s' if one.machines != 1 else ''})"


def _verdicts(judged: Sequence[Judged]) -> list[list[str]]:
    return [[one.claim.statement, _verdict(one), wording.reason(one)] for one in judged]


def _evidence(one: Judged) -> tuple[list[str], list[list[str]]]:
    rows = []
    for part, piece in _pieces(one):
        for machine, finding in _findings(piece):
            label = piece.evidence.label + (f"; {machine}" if machine else "")
            found = finding and wording.found_in(piece.evidence, finding)
            told = found or wording.not_taken(piece.evidence)
            allowed = wording.allowed(piece.evidence.holds, piece.evidence.unit)
            rows.append([_PARTS[part], label, told, allowed, str(_outcome(piece, finding))])
    return ["about", "what", "found", "allowed", ""], rows


def _sensitivity(table: pd.DataFrame, emphasised) -> tuple[list[str], list[list[str]]]:
    others = [name for name in table if name not in ("id", "verdict", "changes")]
    rows = []
    for row in table.to_dict("records"):
        cells = [
            "-"
            if pd.isna(row[name])
            else row[name]
            if row[name] == row["verdict"]
            else emphasised(row[name])
            for name in others
        ]
        rows.append([row["id"], row["verdict"], *cells])
    return ["claim", "verdict", *(name.replace("_", " ") for name in others)], rows


def _changed(changes: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            ", ".join(change[key]) if key == "claims" else str(change.get(key, "this one"))
            for key in KEYS
        ]
        for change in changes
    ]
    return ["date", "commit", "claims", "what changed", "why", "before", "after"], rows


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return lines + [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]


def _html(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return pd.DataFrame(rows, columns=list(header)).to_html(index=False, border=0)


def _sources(judged: Sequence[Judged]) -> str:
    taken = {str(piece.source) for one in judged for _, piece in _pieces(one) if piece.source}
    return f"Taken into account: {', '.join(sorted(taken))}."


def _lacking(lacking: Sequence[str]) -> str:
    if not lacking:
        return "Every piece of evidence rests on the largest study or measurement that it names."
    names = ", ".join(lacking)
    return (
        f"No target of the command makes {names}. "
        "What needs them rests on a smaller study or a shorter measurement, or is not measured."
    )
