"""Pages from templates: what a template may ask for, formats, and the two pages of the project."""

import copy
import dataclasses
import functools
import io
import json
import re
import runpy
import shutil
import sys
from collections import Counter
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import jinja2
import pandas as pd
import pytest

from conftest import ROOT, load_project, read_yaml
from jfb.analysis import sources
from jfb.config import document, names
from jfb.config.choices import WITH_OPTIONS
from jfb.output import choices, formats, numbers, templates
from jfb.storage import files, provenance

PAGES = {
    "README.md": "workflow/report/README.md.jinja",
    **{f"docs/{name}.md": f"workflow/report/{name}.md.jinja" for name in names.PAGES},
}
ANSWERS = "workflow/report/answers.md.jinja"
SOURCES = templates.of_clone(ROOT)
COMMITTED, RECORDS = SOURCES.numbers, SOURCES.records

SHARE = {"reached": 9, "runs": 20, "share_reached": 0.45, "share_low": 0.258, "share_high": 0.658}
PIECE = {"id": "a", "evidence_id": "x", "n": 998, "estimate": 0.756, "low": 0.712, "high": 0.801}
PIECE |= {"holds_low": "-infinity", "holds_high": 0.1, "unit": "decades", "span": "interval"}
BY_HAND = {
    "made_by": "a command",
    "origin": {"commit": "abc"},
    "studies": {"seeds": {"seeds": 20, "epochs": 3000, "updates": None}},
    "figures": {},
    "tables": {
        name: {"kind": "csv", "files": [], "commit": "abc", "rows": rows}
        for name, rows in {
            "claims": [
                {"id": "a", "statement": "A is so.", "verdict": "refuted"},
                {"id": "b", "statement": "B is so.", "verdict": "reproduced"},
                {"id": "c", "statement": "C is so.", "verdict": "refuted"},
            ],
            "evidence": [
                PIECE,
                PIECE | {"evidence_id": "y", "low": None, "span": "exact"},
                PIECE | {"evidence_id": "grid", "unit": "%", "span": "range"},
            ],
            "shares": [{"batch_size": size} | SHARE for size in (64, 32)],
        }.items()
    },
}


def render(template):
    records = {"speed": {"rows": [{"size": 32, "seconds": 2}]}}
    return templates.render(template, templates.Sources(BY_HAND, records, {}))


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ found("a", "x") | interval }}', "5.7 times [5.15, 6.32]"),
        ('{{ found("a", "y") | interval }}', "5.7 times"),
        ('{{ found("a", "grid") | interval }}', "75.6 % (from 71.2 to 80.1)"),
        ('{{ found("a", "x") | allowed }}', "at most 1.26 times"),
        ('{{ claim("b").statement }}', "B is so."),
        ('{{ one("shares", batch_size=32) | share }}', "9/20 = 45 % [26, 66]"),
        ('{% for row in rows("shares") %}{{ row.batch_size }} {% endfor %}', "64 32 "),
        ("{{ studies.seeds.epochs | whole }}", "3,000"),
        ('{{ only(record("speed").rows, size=32).seconds }}', "2"),
        ("{{ made_by }}, {{ origin.commit }}", "a command, abc"),
        ("{{ 0.000012345 | sig }} {{ 2451.7 | sig }} {{ 137 | sig(2) }}", "1.23e-05 2,450 140"),
        ("{{ 146.5 | sig(4) }} {{ 0 | sig }} {{ none | sig }}", "146.5 0 -"),
        ("{{ 0.4499 | percent }} {{ 0.1849 | percent(1) }}", "45 % 18.5 %"),
        ("{{ 0.00052 | fixed(4) }} {{ 'infinity' | sig }}", "0.0005 inf"),
    ],
)
def test_what_a_template_may_ask_for(template, text):
    assert render(template).startswith(text)


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.9994, "99.9 %"), (0.99954, "99.95 %"), (0.99999, "over 99.99 %"), (1, "100 %")],
)
def test_a_share_that_is_not_all_is_not_told_as_all(share, told):
    row = {"against": "", "label": "", "estimate": share, "low": None, "high": None}
    assert formats.estimate(row, "%") == told
    spanned = formats.estimate(row | {"low": 0.99997, "high": 1}, "%")
    assert spanned.endswith("% [99.99, 100]")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{{ rows("nothing") }}', "no table nothing; there are claims, evidence, shares"),
        ('{{ one("shares", batch_size=600) }}', "shares has 0 rows with batch_size 600"),
        ('{{ one("shares", runs=20) }}', "shares has 2 rows with runs 20"),
        ('{{ rows("shares", size=32) }}', "no column size; there are batch_size, reached"),
        ('{{ found("a", "z") }}', "evidence has 0 rows with id a, evidence_id z"),
        ('{{ claim("d") }}', "claims has 0 rows with id d"),
        ('{{ record("other") }}', "no record of the benchmark other"),
    ],
)
def test_what_is_asked_for_in_vain_is_named(template, message):
    with pytest.raises(templates.Unknown, match=re.escape(message)):
        render(template)


@pytest.mark.parametrize("template", ["{{ nothing }}", "{{ studies.other.runs }}"])
def test_a_name_that_is_not_there_is_an_error(template):
    with pytest.raises(jinja2.UndefinedError):
        render(template)


@pytest.mark.parametrize(
    "template", ['{{ claim("a").place | sig }}', "{{ true | sig }}", '{{ claim("a").place }}']
)
def test_a_column_that_is_not_there_is_an_error(template):
    with pytest.raises((jinja2.UndefinedError, TypeError)):
        render(template)


def test_a_template_with_a_mistake_is_named(tmp_path):
    path = tmp_path / "page.md.jinja"
    path.write_text("{{ rows('nothing') }}")
    with pytest.raises(files.FileFault, match=r"page\.md\.jinja: no table nothing"):
        templates.page(path, templates.Sources(BY_HAND, {}, {}))


# The pages of the project


@pytest.fixture(scope="module", autouse=True)
def compiled_once():
    """Jinja compiles a template once: that takes longer than to fill it in."""
    compiled, anew = {}, jinja2.Environment.compile

    def compile(self, source, *rest):
        key = source, rest, frozenset(self.filters)
        if key not in compiled:
            compiled[key] = anew(self, source, *rest)
        return compiled[key]

    with patch.object(jinja2.Environment, "compile", compile):
        yield


def page(name, given=COMMITTED):
    return templates.page(ROOT / PAGES[name], dataclasses.replace(SOURCES, numbers=given))


committed = functools.cache(page)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_its_template_and_the_numbers_give(name):
    """If this fails, edit the template and run `make docs`."""
    assert (ROOT / name).read_text() == page(name)


def table(text, heading):
    """The cells of the table whose first line has a text, without its two first lines."""
    lines = text[text.index(heading) :].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_first_table_has_the_numbers_of_each_batch_size():
    """Numbers made by hand, another for each batch size and column, are found in their cells."""
    given = copy.deepcopy(COMMITTED)
    sizes = [2400, 1200, 600, 64, 32]
    for row in given["tables"]["table1"]["rows"]:
        k = sizes.index(row["batch_size"])
        if row["source"] == "published":
            row |= {"lowest_loss": 0.001 * (k + 1), "epoch_of_lowest_loss": 1000 + k}
        elif row["source"] == "seeds":
            row |= {
                "lowest_loss": 0.01 + k / 1000,
                "lowest_loss_q1": 0.0003,
                "lowest_loss_q3": 0.04,
            }
    for row in given["tables"]["shares_landscape"]["rows"]:
        row |= SHARE | {"share_reached": 0.111 * (sizes.index(row["batch_size"]) + 1)}
    rows = table(page("README.md", given), "| batch size |")
    for k, (size, cells) in enumerate(zip(sizes, rows, strict=True)):
        assert cells[0].split()[0] == str(size)
        assert cells[1:3] == [f"0.00{k + 1}0", f"100{k}"]
        assert cells[3] == f"0.01{k}0 [0.0003, 0.0400]"
        assert cells[4] == f"{11.1 * (k + 1):.1f} % [25.8, 65.8]"


def test_the_answers_count_updates_and_name_machines_as_short_as_they_differ():
    given = copy.deepcopy(COMMITTED)
    given["studies"]["replay"]["batch_sizes"] = [1600, 32]
    rows = given["tables"]["evidence"]["rows"]
    pieces = ("dataloader_32", "fused_32")
    timed = [row for row in rows if row["evidence_id"] in pieces]
    assert len(timed) == 4
    assert "an epoch has 50 or 25 updates" in page("README.md", given)
    # The same brand twice; the last piece has its machines in another order.
    families, ratios = (0, 1, 1, 0), (2, 3, 7, 6)
    for row, family, times in zip(timed, families, ratios, strict=True):
        row["machine"] = f"AMD(R) EPYC Processor (family {family}, model 1), 2 cores"
        row["estimate"] = times
    told = " ".join(page("README.md", given).split())
    first = "takes 2 times as long as one of the full batch on AMD EPYC (family 0, model 1) and"
    assert f"An epoch at 32 {first} 3 times on AMD EPYC (family 1" in told
    assert told.count("on AMD EPYC (family 1, model 1)") == 1
    assert "in the report's program, 6 and 7 times in compiled code" in told


def test_outcomes_are_counted_in_the_findings():
    given = copy.deepcopy(COMMITTED)
    rows = given["tables"]["claims"]["rows"]
    for k, row in enumerate(rows):
        row["general"] = "fails" if k < 3 else "open" if k < 7 else "holds" if k < 12 else None
        row["published"] = "fails" if k < 6 else "holds"
    told = " ".join(page("docs/findings.md", given).split())
    assert (
        f"Of {len(rows)} claims 3 fail in general, 4 are open, 5 hold, and {len(rows) - 12}" in told
    )
    assert "in the published runs 6 fail, " in told
    listed = table(page("docs/findings.md", given), "| claim | in general |")
    assert len(listed) == len(rows)


def test_outcomes_in_general_are_counted_in_the_readme():
    """As the table of claims has them, but for claim 3, all of whose evidence is made to hold."""
    found = Counter(row["general"] for row in COMMITTED["tables"]["claims"]["rows"])
    given = copy.deepcopy(COMMITTED)
    for row in given["tables"]["evidence"]["rows"]:
        if row["id"] == "middle_sizes_worse":
            row |= {"estimate": 2.0, "low": 1.9, "high": 2.1}
    told = " ".join(page("README.md", given).split())
    wholly, partly = map(int, re.search(r"claims (\d+) fail .*? and (\d+) more in", told).groups())
    assert (wholly, partly) == (3, 7)
    assert wholly + partly + 1 == found["fails"]
    assert f"{found['open']} are open, {found['holds'] + 1} hold, and {found[None]} are" in told
    listed = re.search(r"These fail: (.*?)\. In part: (.*?)\. Open:", told).groups()
    assert [len(re.findall(r"\[\d+\]", some)) for some in listed] == [wholly, partly]


def test_every_key_of_a_study_is_told():
    """Choices with options have tables of their own."""
    fields = document.Study.model_fields
    told = {cells[0].split("`")[1]: cells for cells in table(page("docs/studies.md"), "| key |")}
    assert list(told) == [key for key in fields if key not in WITH_OPTIONS]
    assert told["epochs"][1:] == ["Passes over the training points.", "`3000`", "yes"]
    assert told["seeds"][2:] == ["", ""]
    assert all(fields[key].description == cells[1] for key, cells in told.items())


def sizes(given):
    """The cells of each claim on the page of sizes, by the id that its link has."""
    rows = table(page("docs/sizes.md", given), "| claim |")
    return {re.search(r"claims\.md#(\w+)", cells[0])[1]: cells for cells in rows}


def pieces_of(given, claim, outcome):
    """The evidence of a claim in general, all made to say one thing."""
    (row,) = (row for row in given["tables"]["claims"]["rows"] if row["id"] == claim)
    row["general"] = outcome
    rows = given["tables"]["evidence"]["rows"]
    pieces = [row for row in rows if (row["id"], row["part"]) == (claim, "general")]
    for k, row in enumerate(pieces):
        # Of the first, sd is 0.2 / 3.92 * 10 = 0.5102, and (2.8016 * 0.5102 / 0.2)^2 = 51.08.
        row |= {"estimate": 0.1, "low": 0.0, "high": 0.2 + 0.01 * k, "n": 100}
        row["label"] = f"piece {k}"
        row |= {"holds_low": "-infinity", "holds_high": -0.1, "outcome": outcome}
    return pieces


def test_the_runs_that_decide_a_claim_follow_from_the_interval_and_its_distance():
    given = copy.deepcopy(COMMITTED)
    (piece,) = pieces_of(given, "two_percent", "open")
    assert sizes(given)["two_percent"][3:] == [
        "at most -10 %",
        "100 seeds",
        "52 seeds",
        "`updates_few`",
        f"{given['studies']['updates_few']['seeds']} seeds",
    ]
    piece["low"] = None
    assert "two_percent" not in sizes(given)


@pytest.mark.parametrize(("outcome", "chosen"), [("fails", 0), ("open", -1), ("holds", -1)])
def test_of_pieces_that_fail_the_quickest_decides_and_else_the_slowest(outcome, chosen):
    given = copy.deepcopy(COMMITTED)
    pieces = pieces_of(given, "equal_minimum", outcome)
    assert len(pieces) == 4
    cells = sizes(given)["equal_minimum"]
    assert cells[0].endswith(f"({outcome})")
    assert cells[1] == pieces[chosen]["label"]


def test_a_share_is_not_to_exclude_what_none_exceeds():
    given = copy.deepcopy(COMMITTED)
    for row in pieces_of(given, "good_direction", "open"):
        row |= {"estimate": 1, "low": 0.8, "high": 1, "holds_low": 0.95, "holds_high": 1}
    # sd is 0.2 / 3.92 * 10, the distance 0.05.
    assert sizes(given)["good_direction"][5] == "818 seeds"


def test_claims_measured_on_several_machines_are_not_among_them():
    given = copy.deepcopy(COMMITTED)
    rows = given["tables"]["evidence"]["rows"]
    rows += [row | {"machine": "another"} for row in rows if row["table"].startswith("timing")]
    assert "five_times_faster" not in sizes(given)


def test_smaller_studies_are_those_that_claims_name_after_the_whole():
    template = (ROOT / PAGES["docs/sizes.md"]).read_text()
    pairs = dict(re.findall(r'"(\w+/\w+)": "(\w+)"', template))
    named = [
        [*map(str, sources.named(piece["rule"]))]
        for *_, piece in sources.pieces(read_yaml("workflow/claims.yaml"))
    ]
    # Of one kind, or the last two: a published run is compared with the catalogue before.
    expected = {
        name: smaller.split("/")[1]
        for *whole, smaller in named
        for name in whole
        if name == whole[-1] or name.split("/")[0] == smaller.split("/")[0]
    }
    times = {name: study for name, study in expected.items() if name.startswith(("cost", "timing"))}
    assert {name: study for name, study in expected.items() if name not in times} == pairs | {
        "above_lowest/landscape": "seeds",
        "catalogue/from_landscape": "from_seeds",
    }


#: Columns that templates ask by, and those that have bounds.
KEYS_AND_LIMITS = {"batch_size", "iterations", "latent_dim", "tolerance", "reference_tolerance"}
KEYS_AND_LIMITS |= {"share_low", "share_high", "id", "at"}


@pytest.mark.parametrize("name", COMMITTED["tables"])
def test_every_table_of_numbers_is_on_a_page(name):
    # Of the others nothing is copied, which would take longer than a page.
    changed = copy.deepcopy(COMMITTED["tables"][name])
    given = COMMITTED | {"tables": COMMITTED["tables"] | {name: changed}}
    for row in changed["rows"]:
        row |= {
            column: 1.7 * value + 0.1
            for column, value in row.items()
            if isinstance(value, float | int)
            and not isinstance(value, bool)
            and column not in KEYS_AND_LIMITS
        }
    if changed == COMMITTED["tables"][name]:
        # It has no number.
        changed["rows"].pop()
    # Those first that name the table: the others are rarely looked at.
    pages = sorted(PAGES, key=lambda each: name not in (ROOT / PAGES[each]).read_text())
    assert any(page(each, given) != committed(each) for each in pages)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_of_a_benchmark_says_where_and_when(name):
    record = RECORDS[name]
    assert {"command", "date", "machine", "load", "rows"} <= set(record)
    assert {"processor", "cores", "torch"} <= set(record["machine"])
    assert "/root" not in json.dumps(record)


#: What is typed in the templates and has no source in the results.
TYPED = {
    *("2024", "2017", "28", "0.001", "95", "3,000"),
    # Points of accuracy that Wu Fung et al. publish.
    "17",
    # Versions of Python, and of Debian.
    *("3.11", "3.13", "3.14", "12"),
    # Batch sizes, tables and figures of the report, headings, log10, seed 0.
    *("2400", "1200", "600", "64", "32", "0", "1", "2", "3", "4", "5", "6", "7", "10"),
    # Settings: tolerances, limits of the iteration, a level of the loss.
    *("1e-3", "1e-5", "1e-10", "1,000", "1,001", "0.0005", "0.99"),
    # Settings of the studies of questions, and the sections on them.
    *("8", "16", "300", "41", "122", "10,000", "100,000", "225,000", "100", "0.95"),
    *(f"7.{section}" for section in range(1, 9)),
    # Settings of the studies on images, and the sections on them.
    *("22", "43", "44", "86", "129", "256", "400", "0.03", "2e-4", "2021"),
    *(f"10.{section}" for section in range(1, 5)),
    # Settings of the catalogue of minima, and a seed.
    *("9", "19", "0.5", "30,000", "0.1", "0.01", "-0.1"),
    # Names: SHA-256, x86-64, (I - J)^-1; jobs of a bundle; epochs compared by the benchmark.
    *("-256", "86", "-64", "-1", "50", "20"),
    # Gigabytes of .venv.
    "2.4",
    # Training pictures of the digits.
    "1,348",
    # Normal quantiles of 97.5 % and 80 %.
    *("1.96", "0.84"),
    # tests/engines/test_reference.py holds them.
    *("200", "3e-7", "2,000"),
    # Of cited papers: years, batch sizes, networks; settings of our runs, a package, its closeness.
    *(
        "-50",
        # Updates of an epoch at 32; closenesses of oracles, a level of the loss, years.
        "75",
        "24",
        "1,200",
        "0.3",
        "13",
        "1e-8",
        "1e-12",
        "0.2",
        "2019",
        "2023",
        "150",
        "160",
        "1e-9",
        "2,400",
        "2018",
        "2020",
        "32,000",
        "32,868",
        "4.1.0",
        "8,000",
        "8,192",
        "800",
    ),
}


@pytest.mark.parametrize("template", [*PAGES.values(), ANSWERS])
def test_the_template_has_no_measured_number(template):
    text = (ROOT / template).read_text()
    for code in (r"```.*?```", r"{[{%].*?[%}]}", r"`[^`]*`", r"<!--.*?-->", r"\]\([^)]*\)"):
        text = re.sub(code, "", text, flags=re.DOTALL)
    assert set(re.findall(r"-?\d+(?:[.,]\d+)*(?:e-?\d+)?", text)) <= TYPED


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("README.md", 5),
        ("docs/findings.md", 10),
        ("docs/details.md", 36),
        ("docs/claims.md", 25),
        ("docs/cited.md", 3),
        ("docs/sizes.md", 1),
        ("docs/studies.md", 2),
        ("docs/speed.md", 2),
    ],
)
def test_the_tables_are_whole(name, least):
    """Each row of a Markdown table has the cells of its heading."""
    text = page(name)
    found = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(found) >= least
    for each in found:
        rows = each.strip().splitlines()
        assert set(rows[1]) <= set("|-: ")
        assert len({row.count("|") for row in rows}) == 1, each


@pytest.fixture
def checkout(tmp_path):
    """What the command reads, to be edited."""
    for name in ("workflow", "docs", "benchmarks/records"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("README.md", "config.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    given = copy.deepcopy(COMMITTED)
    # Of the study as it is configured; the pages do not depend on what is not on them.
    given["studies"] = numbers.of_studies(
        load_project(), {k: v["study"] for k, v in given["studies"].items()}
    )
    numbers.write(tmp_path / "docs/numbers.json", given)
    docs(tmp_path)
    return tmp_path


class Done(NamedTuple):
    returncode: int
    stdout: str


def docs(folder, *arguments):
    """Run docs.py in this process, which has imported already what costs it seconds."""
    script = folder / "workflow/scripts/docs.py"
    status, told = 0, io.StringIO()
    with chdir(folder), redirect_stdout(told), patch.object(sys, "argv", [str(script), *arguments]):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
            told.write(end.code if isinstance(end.code, str) else "")
    return Done(int(status), told.getvalue())


def edit(path, old, new):
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new, 1))


def test_the_check_passes_and_names_what_was_edited(checkout):
    """Over a second: every page is written and compared four times."""
    done = docs(checkout, "--check")
    assert done.returncode == 0, done.stdout
    readme = checkout / "README.md"
    before = readme.read_text()
    # One digit by hand.
    edit(readme, "| 1200 | 0.0202 |", "| 1200 | 0.0203 |")
    # A template without its page.
    edit(checkout / PAGES["docs/findings.md"], "# Findings", "# What was found")
    done = docs(checkout, "--check")
    assert done.returncode == 1
    assert "-| 1200 | 0.0203 |" in done.stdout
    assert "+# What was found" in done.stdout
    assert "make docs" in done.stdout
    assert docs(checkout).returncode == 0
    assert readme.read_text() == before
    # Results that are there.
    row = COMMITTED["tables"]["minima"]["rows"][0]
    (path,) = COMMITTED["tables"]["minima"]["files"]
    (checkout / path).parent.mkdir()
    cells = [str(value) for value in row.values()]
    (checkout / path).write_text(",".join(row) + "\n" + ",".join(cells) + "\n")
    done = docs(checkout, "--check")
    assert done.returncode == 1
    assert "compared with the results: minima\n" in done.stdout
    assert "the results give 1" in done.stdout
    assert "snakemake findings" in done.stdout


def test_numbers_of_results_that_are_there_are_taken(checkout):
    """A second: every page is written three times."""
    before = numbers.read(checkout / "docs/numbers.json")
    tables = before["tables"]
    for name in ("minima", "cost"):
        changed = copy.deepcopy(tables[name]["rows"])
        for row in changed:
            row |= {key: value + 1 for key, value in row.items() if isinstance(value, int | float)}
        (path,) = tables[name]["files"]
        (checkout / path).parent.mkdir(exist_ok=True)
        pd.DataFrame(changed).to_csv(checkout / path, index=False)
    for name in ("width", "timing"):
        figure = checkout / before["figures"][f"docs/figures/{name}.png"]["file"]
        figure.parent.mkdir(exist_ok=True)
        figure.write_bytes(b"another")
    done = docs(checkout, "--take")
    assert "taken from the results: minima\n" in done.stdout
    after = numbers.read(checkout / "docs/numbers.json")
    row, old = after["tables"]["minima"]["rows"][0], tables["minima"]["rows"][0]
    key = next(key for key, value in old.items() if isinstance(value, int | float))
    assert row[key] == pytest.approx(old[key] + 1, rel=1e-5)
    assert after["tables"]["minima"]["commit"] == json.loads(provenance.of({}))["commit"]
    assert {n for n in tables if after["tables"][n] != tables[n]} == {"minima"}
    assert (checkout / "docs/figures/width.png").read_bytes() == b"another"
    assert (checkout / "docs/figures/timing.png").read_bytes() != b"another"
    assert docs(checkout, "--check").returncode == 0


def test_the_answer_of_a_question_that_the_numbers_do_not_know_is_taken(checkout):
    given = numbers.read(checkout / "docs/numbers.json")
    answer = given["tables"].pop("answer_width")
    figure = given["figures"].pop("docs/figures/width.png")
    numbers.write(checkout / "docs/numbers.json", given)
    for file in (*answer["files"], figure["file"]):
        (checkout / file).parent.mkdir(parents=True)
    pd.DataFrame(answer["rows"]).to_csv(checkout / answer["files"][0], index=False)
    (checkout / figure["file"]).write_bytes(b"drawn")
    assert docs(checkout, "--take").returncode == 0
    after = numbers.read(checkout / "docs/numbers.json")
    assert after["tables"]["answer_width"]["rows"] == answer["rows"]
    assert after["figures"]["docs/figures/width.png"]["file"] == figure["file"]
    assert (checkout / "docs/figures/width.png").read_bytes() == b"drawn"


def test_a_page_tells_the_tables_of_other_commits():
    given = copy.deepcopy(BY_HAND)
    assert numbers.origin(given) == {"commit": "abc"}
    given["tables"]["shares"]["commit"] = "def"
    assert numbers.origin(given) == {
        "commit": "abc",
        "tables_of_other_commits": {"def": ["shares"]},
    }


def test_the_table_of_choices_tells_options_bounds_and_engines():
    by_name = {(row.key, row.name): row for row in choices.rows()}
    assert by_name["solver", "anderson"].options == (
        "`tolerance` above 0; `max_iterations` 1 or more; `memory` 1 to 1,000"
    )
    assert by_name["gradient", "implicit"].options == (
        "`adjoint` `direct`, `patterns`, `picard`, `anderson`, `broyden`, `gmres` (optional); "
        "`tolerance` above 0 (optional)"
    )
    adam = by_name["optimiser", "adam"]
    assert "`beta1` in [0, 1) (default 0.9)" in adam.options
    assert adam.what.startswith("Adam (Kingma and Ba 2015, algorithm 1)")
    assert adam.engines == "reference, fused, dataloader, autograd"
    damped = by_name["optimiser", "levenberg_marquardt"]
    assert damped.what.endswith("(Madsen et al. 2004, algorithm 3.16).")
    assert damped.more.startswith("`damping` is relative to")
    assert adam.more == ""
    assert by_name["solver", "picard"].engines == "all"
    assert by_name["gradient", "neumann"].engines == "reference, fused, autograd, full_batch"
    assert by_name["gradient", "phantom"].engines == "reference, autograd"
    # Every name that a configuration may give is in the table.
    names = {row.name for row in choices.rows()}
    assert {"picard", "unrolled", "none", "parametrization", "tanh", "per_seed"} <= names
