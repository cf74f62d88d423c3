"""Judged claims as tables: one row per claim, one per piece of evidence, and pages to read."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from jfb.analysis.claims import Claim, read
from jfb.analysis.decisions import Judged, Weighed, verdict_on
from jfb.analysis.finding import Finding, Span
from jfb.analysis.sources import DECIDING, PARTS, Source, parse
from jfb.output import claim_view, pages, wording
from jfb.output.web import claims_page
from jfb.storage import documents

_PARTS = {"published": "published runs", "general": "general", "beside": "beside"}


@dataclass(frozen=True)
class Page:
    """What the pages of claims are made of.

    The judged claims, the table of `jfb.analysis.sensitivity`, what workflow/claims.yaml and
    workflow/rule_changes.yaml hold, and the sizes of studies (`jfb.analysis.selection.sizes`).
    """

    judged: Sequence[Judged]
    sensitivity: pd.DataFrame
    document: Mapping[str, Any]
    changes: Sequence[Mapping[str, Any]]
    sizes: Mapping[str, Mapping[str, Any]]


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
        machine, finding, _ = one.deciding.by_machine()[0]
        studies = dict.fromkeys(
            study for _, piece in one.pieces(*DECIDING) for study in piece.studies
        )
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
                "reason": wording.sentence(one.deciding),
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
            "outcome": str(outcome),
        }
        for one in judged
        for part, piece in one.pieces()
        for machine, finding, outcome in piece.by_machine()
    ]
    return pd.DataFrame(rows).astype({"n": "Int64"})


def judged_again(claims: Sequence[Claim], rows: Iterable[Mapping[str, Any]]) -> list[Judged]:
    """The claims judged from the rows of `of_evidence`, as docs/numbers.json has them.

    A piece of evidence without a row is not measured.
    """
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["id"], row["part"], row["evidence_id"]), []).append(row)
    return [
        verdict_on(
            claim,
            {
                part: [
                    (piece, *_read(found.get((claim.id, _PARTS[part], piece.id), [])))
                    for piece in getattr(claim, part)
                ]
                for part in PARTS
            },
        )
        for claim in claims
    ]


def viewed_again(
    document: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    evidence: Iterable[Mapping[str, Any]],
    sensitivity: Iterable[Mapping[str, Any]],
    sizes: Mapping[str, Mapping[str, Any]],
) -> claim_view.View:
    """What the pages of claims say, from tables that were made before.

    Args:
        document: what workflow/claims.yaml holds.
        changes: what workflow/rule_changes.yaml holds.
        evidence: the rows of `of_evidence`.
        sensitivity: the rows of the table of `jfb.analysis.sensitivity`.
        sizes: of studies, see `jfb.analysis.selection.sizes`.
    """
    judged = judged_again(read(document), evidence)
    return claim_view.view(judged, sensitivity, document, changes, sizes)


def to_markdown(page: Page, template: str | Path) -> str:
    """The page in Markdown, from its template in Jinja."""
    text = Path(template).read_text(encoding="utf-8")
    rows = page.sensitivity.to_dict("records")
    view = claim_view.view(page.judged, rows, page.document, page.changes, page.sizes)
    return pages.environment().from_string(text).render(view=view, committed=False)


def write(
    page: Page,
    origin: str,
    template: str | Path,
    csv: str | Path,
    evidence: str | Path,
    sensitivity: str | Path,
    markdown: str | Path,
    html: str | Path,
) -> None:
    """Write the three tables and both pages.

    Args:
        page: what they are made of.
        origin: see `jfb.storage.documents`.
        template: of the page in Markdown.
        csv: where the claims go.
        evidence: where the pieces of evidence go.
        sensitivity: where the verdicts by other choices go.
        markdown: where the page in Markdown goes.
        html: where the page in HTML goes.
    """
    documents.write_csv(csv, of_claims(page.judged), origin)
    documents.write_csv(evidence, of_evidence(page.judged), origin)
    documents.write_csv(sensitivity, page.sensitivity, origin)
    text = to_markdown(page, template)
    documents.write_text(markdown, text, origin)
    documents.write_text(html, claims_page.to_html(text), origin)


def _numbers(piece: Weighed, machine: str, found: Finding | None) -> dict[str, object]:
    evidence = piece.evidence
    return {
        "evidence_id": evidence.id,
        "label": evidence.label,
        "unit": evidence.unit,
        "machine": machine or None,
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


def _read(
    rows: Sequence[Mapping[str, Any]],
) -> tuple[Source | None, dict[str, Finding]]:
    """The source that was taken, and what was found, by machine."""
    measured = [row for row in rows if row["n"] is not None]
    if not measured:
        return None, {}
    findings = {
        row["machine"] or "": Finding(
            row["n"],
            *(
                math.nan if row[name] is None else float(row[name])
                for name in ("estimate", "low", "high")
            ),
            Span(row["span"]),
            row["counts"],
        )
        for row in measured
    }
    return parse(measured[0]["table"]), findings
