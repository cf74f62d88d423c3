"""The pages of claims: sentences on evidence, what is missing, and the page in a browser."""

import math
import re
from collections import Counter

import pandas as pd
import pytest
from playwright.sync_api import expect

from conftest import ROOT, load_project, read_yaml
from jfb.analysis import claims, selection, sources
from jfb.analysis.decisions import Outcome, Weighed, decide, decide_all
from jfb.analysis.finding import Finding, Span
from jfb.output import claim_view, numbers, templates, verdicts, wording
from jfb.output.claim_view import Other
from jfb.output.markdown import content
from jfb.output.web import claims_page

pytest_plugins = ["browser"]
DOCUMENT = read_yaml("workflow/claims.yaml")
CHANGES = read_yaml("workflow/rule_changes.yaml")
LISTED = claims.read(DOCUMENT)
COMMITTED = numbers.read(ROOT / "docs/numbers.json")["tables"]
TEMPLATE = ROOT / "workflow/report/claims.md.jinja"
SIZES = {"landscape": {"seeds": 1000, "splits": 1}, "seeds": {"seeds": 30, "splits": 1}}
NAN, INTERVAL = math.nan, Span.INTERVAL


def weighed(says, unit, statistic, holds, *found, each=None):
    """A piece of evidence with what was found, by machine where there are several."""
    rule = {"table": "data", "statistic": statistic, "holds": list(holds)}
    rule |= {"each": each} if each else {}
    piece = {"id": "p", "label": "Of p", "says": says, "unit": unit, "counted_from": 1}
    entry = {"id": "a", "statement": "A.", "place": "here", "general": [piece | {"rule": rule}]}
    (claim,) = claims.read({"claims": [entry]})
    evidence = claim.general[0]
    findings = dict(zip(["A (family 1)", "B (family 1)"] if each else [""], found, strict=False))
    outcomes = [decide(one.low, one.high, evidence.holds) for one in found]
    outcome = decide_all(outcomes) if found else Outcome.NOT_MEASURED
    return Weighed(evidence, sources.parse("data"), findings, outcome)


def share(estimate, low, high, counts="20 seeds; 2 without a value"):
    return Finding(20, estimate, low, high, INTERVAL, counts)


def one(value, n=1):
    return Finding(n, value, value, value, Span.EXACT, f"{n} runs")


@pytest.mark.parametrize(
    ("piece", "sentence"),
    [
        (
            weighed("{} of them do", "%", "share", (0.5, 1), share(0.45, 0.4, 0.5)),
            "45 % [40, 50] of them do (20 seeds); the claim allows at least 50 %.",
        ),
        (
            weighed("{} of them do", "%", "share", (0, 0.5), share(0.45, 0.4, 0.5)),
            "45 % [40, 50] of them do (20 seeds); the claim allows at most 50 %.",
        ),
        (
            weighed("it is {} here", "%", "share_difference", (-0.1, 0.1), share(-0.3, -0.4, -0.2)),
            "it is -30 points [-40, -20] here (20 seeds); the claim allows -10 to 10 points.",
        ),
        (
            weighed("it is {} here", "%", "share_difference", (None, 0.1), share(0.3, 0.2, 0.4)),
            ("it is +30 points [+20, +40] here (20 seeds); the claim allows at most 10 points."),
        ),
        (
            weighed("it is {} here", "%", "share_difference", (-1, -0.1), share(0, -0.2, 0.2)),
            ("it is 0 points [-20, +20] here (20 seeds); the claim allows at most -10 points."),
        ),
        (
            weighed("it is {} that", "decades", "difference", (1, None), share(-1, -2, 0)),
            "it is 0.1 times [0.01, 1] that (20 seeds); the claim allows at least 10 times.",
        ),
        (
            weighed(
                "it is {} that", "decades", "difference", (None, 0), share(0.0003, 0.0001, 0.3)
            ),
            "it is 1.0007 times [1.0002, 2] that (20 seeds); the claim allows at most 1 times.",
        ),
        (
            weighed("it is {} here", "%", "share_difference", (-0.05, 1), share(0.2, 0.1, 0.3)),
            ("it is +20 points [+10, +30] here (20 seeds); the claim allows at least -5 points."),
        ),
        (
            weighed("it is {} that", "decades", "value_difference", (-1, 1), one(0.3)),
            "it is 2 times that; the claim allows 0.1 to 10 times.",
        ),
        (
            weighed("{} runs do", "%", "share_of_all", (1, 1), one(0.8, 5)),
            "4 of 5 runs do; the claim asks for all of them.",
        ),
        (
            weighed("it {} fall", "answer", "value", (1, 1), one(0)),
            "it does not fall; the claim says that it does.",
        ),
        (
            weighed("the rank is {}", "", "rank", (3, 3), one(1)),
            "the rank is 1; the claim allows exactly 3.",
        ),
        (
            weighed("it is {} that", "times", "ratio", (0.00003, 0.0033), share(2, NAN, NAN)),
            (
                "it is 2 times (too few for an interval) that (20 seeds); "
                "the claim allows 0.00003 to 0.0033 times."
            ),
        ),
        (
            weighed(
                "it takes {} as long",
                "times",
                "ratio",
                (3, 8),
                share(7, 6, 9, "7 rounds"),
                share(5, 4, 6, "7 rounds"),
                each="machine",
            ),
            (
                "it takes 7 times [6, 9] as long on A, and 5 times [4, 6] on B (7 rounds); "
                "the claim allows 3 to 8 times, and the machines disagree."
            ),
        ),
        (
            weighed(
                "it takes {} as long",
                "times",
                "ratio",
                (3, 8),
                share(7, 6, 7.5, "7 rounds"),
                share(5, 4, 6, "5 rounds"),
                each="machine",
            ),
            (
                "it takes 7 times [6, 7.5] as long on A (7 rounds), and "
                "5 times [4, 6] on B (5 rounds); the claim allows 3 to 8 times."
            ),
        ),
        (weighed("{}", "%", "share", (0.5, 1)), "Of p: not measured."),
    ],
)
def test_a_piece_of_evidence_is_told_in_a_sentence(piece, sentence):
    assert wording.sentence(piece) == sentence


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.00003, "0.00003"), (0.0000314, "0.0000314"), (1e-9, "1e-09"), (0.0629, "0.0629")],
)
def test_a_small_number_has_no_exponent(value, told):
    assert wording.number(value, "times") == told


def test_machines_go_by_the_shortest_names_that_differ():
    amd, intel = "AMD EPYC (family 25, model 1), 2 cores", "Intel(R) Xeon(R) Processor (family 6)"
    assert wording.machines([amd, intel]) == ["AMD EPYC", "Intel Xeon"]
    other = amd.replace("model 1", "model 17")
    names = ["AMD EPYC (family 25, model 1)", "AMD EPYC (family 25, model 17)"]
    assert wording.machines([amd, other]) == names
    more = amd.replace("2 cores", "4 cores")
    assert wording.machines([amd, more]) == [amd, more]


def test_machines_of_evidence_have_their_model():
    """Two pages can be of two models of one brand."""
    intel = "Intel(R) Xeon(R) Processor (family 6, model 207), 2 cores, 24 GiB"
    assert wording.models([intel]) == ["Intel Xeon (family 6, model 207)"]
    other = intel.replace("24 GiB", "48 GiB")
    assert wording.models([intel, other])[1] == "Intel Xeon (family 6, model 207), 2 cores, 48 GiB"


def test_sizes_of_studies_are_those_of_the_configuration():
    sizes = selection.sizes(load_project(), sources.products(read_yaml("workflow/claims.yaml")))
    assert SIZES.items() <= sizes.items()
    assert sizes["splits"] == {"seeds": 5, "splits": 60}


def test_the_numbers_have_the_claims_as_they_are_worded():
    """If this fails, a claim was worded anew, and docs/numbers.json has it as it was."""
    made = verdicts.of_claims(judged()).set_index("id")
    for row in COMMITTED["claims"]["rows"]:
        assert [row["statement"], row["reason"]] == made.loc[
            row["id"], ["statement", "reason"]
        ].to_list()


def test_each_claim_has_its_words():
    """A short name, a sentence of each piece that decides, and all data in words."""
    for entry in DOCUMENT["claims"]:
        assert len(entry["short"]) < 90
        for part in ("published", "general"):
            for piece in entry.get(part, ()):
                assert piece["says"].count("{}") == 1, (entry["id"], piece["id"])
    assert set(DOCUMENT["data"]) - {"published"} == set(map(str, sources.products(DOCUMENT)))


def test_a_difference_is_told_by_its_label_as_by_its_statistic():
    """Rows of tables have the one, and claims the other."""
    shares = [p for claim in LISTED for _, p in claim.pieces() if p.unit == "%"]
    signed = [piece for piece in shares if wording.is_signed(piece)]
    assert 0 < len(signed) < len(shares)
    assert signed == [piece for piece in shares if " minus " in piece.label]


def judged(rows=None):
    return verdicts.judged_again(LISTED, COMMITTED["evidence"]["rows"] if rows is None else rows)


def test_the_numbers_that_are_committed_give_the_committed_verdicts():
    """By the rules of claims.yaml, from numbers of six digits."""
    found = {one.claim.id: str(one.verdict) for one in judged()}
    assert found == {row["id"]: row["verdict"] for row in COMMITTED["claims"]["rows"]}


def view(rows=None, sensitivity=None):
    others = COMMITTED["sensitivity"]["rows"] if sensitivity is None else sensitivity
    return claim_view.view(judged(rows), others, DOCUMENT, CHANGES, SIZES)


def test_with_all_data_nothing_is_missing():
    told = view()
    assert (told.missing, told.smaller, told.unmeasured) == ([], 0, 0)
    assert sum(number for _, number in told.basis) == told.pieces == 152


def test_what_is_missing_is_told_with_its_command_and_what_is_used_instead():
    rows = [dict(row) for row in COMMITTED["evidence"]["rows"] if row["table"] != "cells/printed"]
    changed = [row for row in rows if row["table"] == "summaries/landscape"]
    for row in changed:
        row["table"] = "summaries/seeds"
    told = view(rows)
    assert (told.smaller, told.unmeasured) == (len(changed), 1)
    landscape, printed = told.missing
    assert landscape.targets == ("landscape",)
    assert landscape.data == [
        "runs of the report's five batch sizes from many other seeds (1,000 seeds)"
    ]
    assert landscape.instead == [
        "runs of the report's five batch sizes from other seeds (30 seeds)"
    ]
    assert (2, "equal_minimum") in landscape.claims
    assert printed.claims == [(15, "printed_formula")]
    assert told.command_for_all() == "snakemake --cores 4 claims landscape printed"
    why = told.of("printed_formula").why
    assert why.startswith("`snakemake --cores 4 claims printed` makes runs that")
    assert (printed.instead, told.of("printed_formula").verdict) == ([], "not measured")


def test_what_is_not_measured_is_said_once_and_has_no_other_choices():
    rows = [row for row in COMMITTED["evidence"]["rows"] if row["id"] != "sharp_minima"]
    sensitivity = pd.DataFrame(COMMITTED["sensitivity"]["rows"])
    sensitivity.loc[sensitivity["id"] == "sharp_minima", "general"] = "not measured"
    page = verdicts.Page(judged(rows), sensitivity, DOCUMENT, CHANGES, SIZES)
    text = verdicts.to_markdown(page, TEMPLATE)
    (line,) = re.findall(r"^\| \[19\..*$", text, flags=re.MULTILINE)
    assert line.startswith("| [19. The full batch ends in sharper minima](#sharp_minima) | - | `")
    assert line.endswith("| - |")
    told = text.partition("### 19. ")[2].partition("<details>")[0]
    assert "**In general it is not measured.**" in told
    assert "*In general* (6 of 6 pieces of evidence are not measured): `snakemake --cores 4" in told
    assert told.lower().count("not measured") == 2
    assert "other choices" not in told
    # Nor is it among those that do the same by each.
    same = [one for one in view(rows, sensitivity.to_dict("records")).claims if not one.others]
    resting = [one.number for one in same if one.choices and one.id != "sharp_minima"]
    assert f"Claims {', '.join(map(str, resting))} do the same by each choice" in text


def test_data_that_are_there_without_a_table_are_not_missing():
    """A catalogue of other studies has the entries, and no searches from these runs."""
    rows = [r for r in COMMITTED["evidence"]["rows"] if r["table"] != "catalogue/from_landscape"]
    assert len(rows) < len(COMMITTED["evidence"]["rows"])
    assert (view(rows).missing, view(rows).unmeasured) == ([], 1)


def test_either_part_is_told_with_what_decides_it():
    told = view()
    time = told.of("five_times_faster")
    assert (time.published, time.general) == ("holds", "fails")
    general, published = time.parts
    assert (general.where, general.outcome) == ("In general", "fails")
    assert general.counted == "4 of 6 pieces of evidence fail, 1 is open, 1 holds"
    assert "engine reference" in general.why
    assert (published.where, published.outcome) == ("In the published runs", "holds")
    assert published.counted == "2 of 2 pieces of evidence hold"
    assert published.why.startswith("The printed time of batch size 32 is ")
    assert time.why == general.why
    (alone,) = told.of("table1").parts
    assert (alone.where, told.of("table1").why) == ("In the published runs", alone.why)
    title, failing = told.groups[0]
    assert title == "Fails in general"
    assert [one.id for one in failing] == [
        row["id"] for row in COMMITTED["claims"]["rows"] if row["general"] == "fails"
    ]


def test_a_failure_is_firm_if_the_claim_fails_in_general_by_each_other_choice():
    judged_so = COMMITTED["claims"]["rows"]
    rows = [
        {"id": row["id"], "choice": choice, "general": row["general"], "published": "holds"}
        for row in judged_so
        for choice in ("as_judged", "double_tolerance", "simultaneous")
        if row["id"] != "data_in_r3" or choice == "as_judged"
    ]
    by_id = {(row["id"], row["choice"]): row for row in rows}
    by_id["oscillation", "simultaneous"]["general"] = "open"
    by_id["equal_minimum", "double_tolerance"]["published"] = "fails"
    by_id["contraction", "simultaneous"]["published"] = math.nan
    told = view(sensitivity=rows)
    twice, together = "twice the margin", "joint intervals"
    found = told.of("equal_minimum")
    assert found.others == [Other(twice, "fails", "fails")]
    assert found.changed == [(twice, "fails, as before", "fails")]
    assert (found.moved, found.is_firm) == ([], True)
    found = told.of("oscillation")
    assert found.others == found.moved == [Other(together, "open", "holds")]
    assert (found.is_firm, found.choices) == (False, 2)
    # Without an outcome in the published runs, which the claim has.
    assert told.of("contraction").changed == [(together, "fails, as before", "-")]
    assert told.of("contraction").is_firm
    # It rests on no choice.
    assert (told.of("data_in_r3").choices, told.of("data_in_r3").is_firm) == (0, False)


def test_the_claims_that_fail_by_every_other_choice():
    """Of the committed numbers: claims 9 and 12 do not, and claim 16 rests on none."""
    failing = [one for one in view().claims if one.general == "fails"]
    assert [one.number for one in failing if not one.is_firm] == [9, 12, 16]


def test_a_claim_fails_in_part_where_a_piece_of_its_evidence_does_not():
    told = view().claims
    assert [one.number for one in told if one.fails_in_part] == [2, 4, 7, 9, 11, 13, 14]
    assert told[3].in_general == "fails, in part"
    published = {one.number: one.in_published for one in told}
    assert [n for n, outcome in published.items() if outcome == "fails, in part"] == [9, 11, 12]
    assert (published[15], published[2], published[8]) == ("fails", "holds", None)
    assert [told[number - 1].in_general for number in (1, 2, 5, 8)] == [
        None,
        "fails, in part",
        "holds",
        "open",
    ]


def test_a_failure_of_our_programs_says_what_the_reports_own_does():
    """On two machines, of which one is open."""
    evidence = [dict(row) for row in COMMITTED["evidence"]["rows"]]
    for row in evidence:
        if row["evidence_id"] == "dataloader_32":
            row |= {"estimate": 8.0, "low": 7.0, "high": 9.0}
    told = view(evidence)
    assert told.of("five_times_faster").limit.endswith(
        "(in the report's own, timed again, 1 of 2 pieces of evidence is open and 1 holds)"
    )
    assert (told.of("two_percent").limit, told.of("middle_sizes_worse").limit) == ("", "")


def test_a_failure_after_equal_epochs_says_what_equal_updates_do():
    evidence = [dict(row) for row in COMMITTED["evidence"]["rows"]]
    limit = "after equal epochs (after equal updates, 2 are open)"
    assert view(evidence).of("equal_minimum").limit == limit
    for row in evidence:
        if row["evidence_id"] == "equal_updates_32" and row["id"] == "equal_minimum":
            row |= {"estimate": 0.0, "low": -0.05, "high": 0.05}
    told = view(evidence).of("equal_minimum")
    assert told.limit.endswith("1 holds and 1 is open)")
    assert not told.is_sure
    for row in evidence:
        if row["evidence_id"] == "equal_updates_64" and row["id"] == "equal_minimum":
            row |= {"estimate": -0.5, "low": -0.6, "high": -0.4}
    assert view(evidence).of("equal_minimum").limit == ""


def test_a_claim_that_lacks_evidence_is_not_sure():
    """Nor is all of it told to fail: of claim 2 equal updates are not measured."""
    rows = COMMITTED["evidence"]["rows"]
    told = view([row for row in rows if not row["evidence_id"].startswith("equal_updates_")])
    one = told.of("equal_minimum")
    assert (one.limit, one.lacks, one.is_firm, one.is_sure) == ("", True, True, False)
    assert told.of("middle_sizes_worse").is_sure


def test_evidence_beside_that_fails_is_counted(markdown):
    """Of claim 18 steps at the tolerance of training, by the gradient at the tightest."""
    told = view()
    assert told.of("good_direction").beside == "2 fail, 2 hold"
    assert told.of("equal_minimum").beside == "2 are open, 2 fail"
    assert told.of("middle_sizes_worse").beside == ""
    # Not what is told of the published runs.
    assert told.of("still_improving").beside == "1 holds"
    row, *_ = re.findall(r"^\| \[18\. .*$", markdown, re.MULTILINE)
    assert "6 of 6 pieces of evidence hold; shown beside: 2 fail, 2 hold" in row


@pytest.fixture(scope="module")
def markdown():
    sensitivity = pd.DataFrame(COMMITTED["sensitivity"]["rows"])
    page = verdicts.Page(judged(), sensitivity, DOCUMENT, CHANGES, {})
    return verdicts.to_markdown(page, TEMPLATE)


def test_the_page_names_no_table_and_no_id_but_in_links(markdown):
    """What is told of changes names the studies of then."""
    text = re.sub(r"\]\([^)]*\)|<a id=[^>]*>|`[^`]*`", "", markdown)
    ids = [claim["id"] for claim in DOCUMENT["claims"] if "_" in claim["id"]]
    assert [name for name in ids if name in text] == []
    before, _, changes = text.partition("## Rules that were changed")
    tables = [str(product) for product in sources.products(DOCUMENT)]
    assert [name for name in tables if "/" in name and name in before] == []
    assert all(paragraph in markdown for paragraph in DOCUMENT["rule"].strip().split("\n\n"))
    assert changes.count("*Why:*") == len(CHANGES)


def test_each_claim_that_fails_says_how_much_of_it_does_and_by_which_choices():
    """Claim 7 compares batches with the full one: its batches are no limit. Claim 9 has two."""
    text = templates.page(TEMPLATE, templates.of_clone(ROOT))
    failing = text.partition("### Fails in general")[2].partition("### Open")[0]
    rows = [
        line.strip("| ").split(" | ") for line in failing.splitlines() if line.startswith("| [")
    ]
    told = {int(re.match(r"\[(\d+)", row[0])[1]): row[3:] for row in rows}
    assert list(told) == [2, 3, 4, 6, 7, 9, 11, 12, 13, 14, 16]
    assert told[2] == [
        "after equal epochs (after equal updates, 2 are open)",
        "fails by all 7 choices",
    ]
    assert told[3] == ["all of it", "fails by all 3 choices"]
    assert told[7] == ["by 1 of 4 pieces of evidence only (3 hold)", "fails by all 3 choices"]
    assert told[9][0].startswith("for falls as large as we ask for only (the loss falls at all in")
    assert told[9][0].endswith("and in the published run)")
    assert told[9][1] == "open with joint intervals"
    assert told[13][0] == "on small batches only (on the full batch it is open)"
    assert told[14][0] == "on small batches only (on the full batch it holds)"
    assert told[16][1] == "no choice bears on it"
    sure = text.partition("- Fail throughout, and by every choice: ")[2].partition("\n")[0]
    assert re.findall(r"\[(\d+)\.", sure) == ["3", "6"]
    assert sure.endswith("a heading that the report's own text corrects.")
    assert "- Fail by every choice, but in part: 2, 4, 7, 11, 13, 14.\n" in text
    assert "measured: 2" not in text
    assert "- Of those that hold, 5, 10, 18 do not by every choice, which is all of them.\n" in text


def test_the_page_of_results_names_the_report_and_where_the_rest_is(markdown):
    first = markdown.partition("On this page")[0]
    assert "K. Raitz, *Jacobian-Free Backpropagation in Deterministic Optimization*, 2024" in first
    assert "`docs/claims.md` has those by every study" in first
    assert "the machines in `timing/machines/` and" in first
    committed = templates.page(TEMPLATE, templates.of_clone(ROOT))
    assert "timing/machines" not in committed.partition("On this page")[0]


def test_claims_are_counted_by_both_parts(markdown):
    rows = COMMITTED["claims"]["rows"]
    both = Counter((row["general"], row["published"]) for row in rows)
    head = "| in general | claims | published: holds | published: fails | not about published |"
    lines = markdown.partition(head)[2].partition("\n\n")[0].splitlines()[2:]
    counts = {row[0]: row[2:] for row in (line.strip("| ").split(" | ") for line in lines)}
    assert both["fails", "holds"] == 6
    assert counts["fails"] == [str(both["fails", of]) for of in ("holds", "fails", None)]
    assert (both["holds", "holds"], both["holds", "fails"], both["holds", None]) == (2, 0, 1)
    assert counts["holds"] == ["2", "-", "1"]


def test_another_choice_says_what_it_leaves_as_it_was(markdown):
    accuracy = "an accuracy of 0.97 as full | fails, as before | holds |"
    (line,) = re.findall(r"^\| \[11\. .*as before.*$", markdown, flags=re.MULTILINE)
    assert line.endswith(accuracy)
    assert '<td data-label="in general" class="bad">fails, as before</td>' in content(
        "| claim | in general |\n|---|---|\n| 11 | fails, as before |"
    )


def test_each_link_of_the_page_has_its_place(markdown):
    linked = set(re.findall(r"\]\(#(\w+)\)", markdown))
    there = re.findall(r'<a id="(\w+)"></a>', markdown)
    assert len(there) == len(set(there))
    assert linked <= set(there)
    assert {claim["id"] for claim in DOCUMENT["claims"]} <= linked
    anchors = set(re.findall(r"\(claims\.md#(\w+)\)", (ROOT / "docs/findings.md").read_text()))
    assert anchors <= set(there)
    assert len(anchors) == len(LISTED)


def test_the_committed_page_has_the_same_words(markdown):
    committed = templates.page(TEMPLATE, templates.of_clone(ROOT))
    start, end = "## Each claim", "## The rule"
    assert markdown.partition(start)[2].partition(end)[0] in committed


def test_cells_carry_their_heading_and_what_they_say():
    text = "| claim | verdict |\n|---|---|\n| a | fails |\n| b | holds in the published runs only |"
    html = content(f"{text}\n\nAn estimate [1.5, +2].")
    assert '<td data-label="claim">a</td>' in html
    assert '<td data-label="verdict" class="bad">fails</td>' in html
    assert '<td data-label="verdict" class="bad">holds in the published runs only</td>' in html
    assert "[1.5,&nbsp;+2]" in html
    assert html.count('<div class="table"><table>') == html.count("</table></div>") == 1


@pytest.mark.parametrize(
    ("width", "scheme"), [(375, "light"), (1280, "light"), (1280, "dark"), (1920, "light")]
)
def test_the_page_fits_the_window_without_a_script(width, scheme, markdown, tmp_path, opened):
    path = tmp_path / "claims.html"
    path.write_text(claims_page.to_html(markdown))
    page = opened(path, width, scheme, "#oscillation", java_script_enabled=False)
    assert page.title() == "What the report claims, and what holds"
    claim = page.locator("details:has(#oscillation)")
    claim.locator("summary").first.click()
    claim.locator("details summary").click()
    tables = [each for each in page.locator("table").all() if each.is_visible()]
    # Of the counts, of the groups, and of evidence.
    assert len(tables) == 6
    for box in (table.bounding_box() for table in tables):
        assert box["x"] + box["width"] <= width
    # The counts, beside the text where the window is wide, are not cut either.
    assert tables[0].evaluate("t => t.parentElement.scrollWidth <= t.parentElement.clientWidth")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.search(r"\d+", background)[0]) < 100) == (scheme == "dark")


def test_links_of_the_page_in_html_lead_somewhere_and_open_it(markdown, tmp_path, opened):
    """Seconds: a browser."""
    path = tmp_path / "claims.html"
    path.write_text(claims_page.to_html(markdown))
    text = path.read_text()
    targets = set(re.findall('href="#(.*?)"', text))
    assert {"each-claim", "the-rule", "oscillation", "data"} <= targets
    assert targets <= set(re.findall(' id="(.*?)"', text))
    page = opened(path, 375)
    assert page.evaluate("document.documentElement.scrollHeight") < 8000
    for name, said in (("oscillation", "At the end the loss oscillates"), ("the-rule", "its 95 %")):
        page.evaluate(f"location.hash = '{name}'")
        part = page.locator(f"details:has(> summary [id='{name}'])")
        expect(part).to_have_attribute("open", "")
        expect(part.get_by_text(said).first).to_be_in_viewport()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("details:not([open])")).to_have_count(0)


def test_a_phone_keeps_the_columns_of_claims(markdown, tmp_path, opened):
    """Seconds: a browser. The reason is a tap away; how much fails stands below the columns."""
    path = tmp_path / "claims.html"
    path.write_text(claims_page.to_html(markdown))
    page = opened(path, 375)
    row = page.locator("tr:has(a[href='#equal_minimum'])").first
    boxes = [cell.bounding_box() for cell in row.locator("td").all() if cell.is_visible()]
    below = max(boxes, key=lambda box: box["y"])
    boxes.remove(below)
    assert len(boxes) == 3
    assert len({box["y"] for box in boxes}) == 1
    assert below["y"] >= boxes[0]["y"] + boxes[0]["height"]
    row.get_by_role("link").click()
    expect(page.get_by_text("The lowest loss of the full batch is").last).to_be_in_viewport()
