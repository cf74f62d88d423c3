"""Judged claims as tables: one row per claim, one per piece of evidence, and a page to read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from jfb import pages
from jfb.claims import Judged, Outcome, Weighed, described, span

_MARKS = {Outcome.HOLDS: "holds", Outcome.FAILS: "fails", Outcome.OPEN: "open"}


def of_claims(judged: Sequence[Judged]) -> pd.DataFrame:
    """A row per claim: the statistic that its verdict hangs on, and the verdict.

    Returns:
        id, statement, place, studies (that its evidence was taken from, separated by spaces; of
        evidence that is lacking, those that could give it), evidence (what n and the following
        columns are of), n, estimate, low, high (95 % interval; of cost ratios, the range), test,
        p_value (Holm-corrected), verdict, reason.
    """
    rows = []
    for one in judged:
        pieces = one.published + one.general
        rows.append(
            {
                "id": one.claim.id,
                "statement": one.claim.statement,
                "place": one.claim.place,
                "studies": " ".join(
                    dict.fromkeys(study for piece in pieces for study in piece.studies)
                ),
                **_numbers(one.deciding),
                "verdict": str(one.verdict),
                "reason": one.reason,
            }
        )
    return pd.DataFrame(rows).astype({"n": "Int64"})


def of_evidence(judged: Sequence[Judged]) -> pd.DataFrame:
    """A row per piece of evidence: id of its claim, part, the columns of `of_claims`, outcome."""
    rows = [
        {
            "id": one.claim.id,
            "part": part,
            **_numbers(piece),
            "holds_low": piece.evidence.holds[0],
            "holds_high": piece.evidence.holds[1],
            "outcome": str(piece.outcome),
        }
        for one in judged
        for part, piece in _parts(one)
    ]
    return pd.DataFrame(rows).astype({"n": "Int64"})


def to_markdown(judged: Sequence[Judged], lacking: Sequence[str]) -> str:
    """The verdicts and what each rests on, as a page.

    Args:
        judged: the claims.
        lacking: the tables that have not been made.
    """
    lines = [
        "# What the report claims, and what holds",
        "",
        "Written by `snakemake claims` from `results/`; the rules are in `workflow/claims.yaml`. A",
        "claim holds where the 95 % interval of each of its statistics lies inside the values that",
        "it allows, and fails where one lies outside. All p-values are corrected together (Holm).",
        "Of cost ratios, the interval is their range over the cases that were measured.",
        "",
        _sources(judged),
        "",
        _lacking(lacking),
        "",
        "| claim | verdict | because |",
        "|---|---|---|",
        *(f"| {one.claim.statement} | {one.verdict} | {one.reason} |" for one in judged),
    ]
    for one in judged:
        lines += ["", f"## {one.claim.id}", "", f"{one.claim.statement} ({one.claim.place})", ""]
        lines += [f"**{one.verdict}**: {one.reason}", ""]
        lines += ["| about | statistic | n | estimate | interval | allowed | test, p | |"]
        lines += ["|---|---|---:|---:|---|---|---|---|"]
        lines += [_row(part, piece) for part, piece in _parts(one)]
    return "\n".join(lines) + "\n"


def to_html(judged: Sequence[Judged], lacking: Sequence[str]) -> str:
    """The verdicts as an HTML page with one table."""
    table = of_claims(judged)
    columns = ["id", "statement", "verdict", "evidence", "n", "estimate", "low", "high", "p_value"]
    rows = table[columns].to_html(index=False, border=0, na_rep="", float_format="{:.3g}".format)
    return pages.to_html(rows, "Claims of the report", _lacking(lacking))


def write(
    judged: Sequence[Judged],
    lacking: Sequence[str],
    origin: str,
    csv: str | Path,
    evidence: str | Path,
    markdown: str | Path,
    html: str | Path,
) -> None:
    """Write `of_claims`, `of_evidence` and both pages; see `jfb.pages` for `origin`."""
    pages.write_csv(csv, of_claims(judged), origin)
    pages.write_csv(evidence, of_evidence(judged), origin)
    pages.write_text(markdown, to_markdown(judged, lacking), origin)
    pages.write_text(html, to_html(judged, lacking), origin)


def _parts(one: Judged) -> Iterator[tuple[str, Weighed]]:
    yield from (("published runs", piece) for piece in one.published)
    yield from (("general", piece) for piece in one.general)


def _numbers(piece: Weighed) -> dict[str, object]:
    found = piece.finding
    return {
        "evidence": described(piece),
        "n": found and found.n,
        "estimate": found and found.estimate,
        "low": found and found.low,
        "high": found and found.high,
        "test": found and found.test,
        "p_value": piece.p_value,
    }


def _row(part: str, piece: Weighed) -> str:
    found, allowed = piece.finding, span(*piece.evidence.holds)
    if found is None:
        cells = [part, described(piece), "", "not made", "", allowed, "", ""]
    else:
        interval = "" if found.low == found.high else span(found.low, found.high)
        test = "" if piece.p_value is None else f"{found.test}, {piece.p_value:.2g}"
        cells = [part, described(piece), f"{found.n}", f"{found.estimate:.3g}"]
        cells += [interval, allowed, test, _MARKS[piece.outcome]]
    return f"| {' | '.join(cells)} |"


def _sources(judged: Sequence[Judged]) -> str:
    taken = (p.table for one in judged for _, p in _parts(one) if p.table)
    return f"Taken into account: {', '.join(sorted(set(taken)))}."


def _lacking(lacking: Sequence[str]) -> str:
    if not lacking:
        return "Every study that the claims name has been made."
    names = ", ".join(lacking)
    return f"Not made yet: {names}. What needs them rests on a smaller study, or stays open."
