"""The HTML report: tables in words, pages as parts of it, captions, and a browser."""

import base64
import html
import importlib
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import expect

from conftest import ROOT, load_project, read_yaml
from jfb.output import markdown, numbers, report, verdicts, worded

pytest_plugins = ["browser"]
COMMITTED = numbers.read(ROOT / "docs/numbers.json")["tables"]
DOCUMENT = read_yaml("workflow/claims.yaml")
NAMES = {one["id"]: f"{n}. {one['short']}" for n, one in enumerate(DOCUMENT["claims"], 1)}
#: Of those the report shows.
TABLES = ["evidence", "sensitivity", "minima", "fates", "catalogue", "catalogue_shares"]
TABLES += [name for name in COMMITTED if name.startswith("answer_")]
DOCS = ("findings", "details", "claims", "cited", "speed")
CAPTIONS = sorted((ROOT / "workflow/report").glob("*.rst"))


def committed(name):
    """A table as its CSV file has it."""
    table = pd.DataFrame(COMMITTED[name]["rows"])
    # Levels of factors can have such a name.
    allowed = [column for column in table if column.startswith("holds_")]
    ends = table[allowed].replace({"infinity": np.inf, "-infinity": -np.inf})
    return table.assign(**ends)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_shown_in_words(name):
    told = worded.shown(committed(name), NAMES)
    cells = {str(cell) for cell in told.table.to_numpy().ravel()}
    assert not cells & {"nan", "None", "<NA>", "NaT", "inf", "True", "False"}
    assert not [heading for heading in told.table if "_" in heading]
    assert not cells & NAMES.keys()
    # More do not fit a page of 1280 pixels.
    assert 1 < told.table.shape[1] <= 14
    assert not told.table.empty
    digits = [re.sub(r"\D", "", cell).strip("0") for cell in cells if re.fullmatch(r"[\d.]+", cell)]
    assert max(map(len, digits), default=0) <= 4


def test_what_a_cell_says():
    for value, column, text in (
        (np.nan, "", "-"),
        (pd.NA, "", "-"),
        (None, "", "-"),
        (0.0123456, "", "0.0123"),
        (3000.0, "", "3000"),
        (382216, "", "382,216"),
        (0.285, "share", "28.5 %"),
        (np.True_, "", "yes"),
        (False, "", "no"),
        ("implicit_picard", "", "implicit picard"),
    ):
        assert worded.cell(value, column) == text


def test_what_is_the_same_in_all_rows_is_told_once():
    table = pd.DataFrame(
        {"batch_size": [64, 32], "load": [1.0, 2.5], "memory_gib": [24, 24], "none": [np.nan] * 2}
    )
    told = worded.shown(table, {})
    assert list(told.table) == ["batch size", "cores in use"]
    assert told.table.to_numpy().tolist() == [["64", "1"], ["32", "2.50"]] or (
        told.table.to_numpy().tolist() == [["64", "1"], ["32", "2.5"]]
    )
    assert told.note == "In all rows: memory (GiB) 24."
    # A single row has nothing that others have too.
    assert worded.shown(table.head(1), {}).table.shape == (1, 4)


def test_only_claims_with_another_outcome_are_shown():
    table = committed("sensitivity")
    told = worded.shown(table, NAMES)
    judged = table[table["choice"] == "as_judged"].set_index("id").loc[table["id"]]
    parts = ["general", "published"]
    moved = {p: table[p].notna() & (table[p].to_numpy() != judged[p].to_numpy()) for p in parts}
    changing = table[moved["general"] | moved["published"]]
    assert told.table["claim"].tolist() == [NAMES[name] for name in changing["id"]]
    assert table.loc[moved["general"], "id"].nunique() == 6
    assert told.note.startswith("By another choice 6 of 19 claims have another outcome in general")
    shown = told.table["in general"], told.table["in the published runs"]
    for part, column in zip(parts, shown, strict=True):
        new = column[moved[part][changing.index].to_numpy()]
        assert new.tolist() == table.loc[moved[part], part].tolist()
    assert shown[0].str.endswith(", as before").sum() == len(changing) - moved["general"].sum()


def test_a_page_becomes_a_part(tmp_path):
    (tmp_path / "docs/figures").mkdir(parents=True)
    (tmp_path / "docs/figures/a.png").write_bytes(b"picture")
    parts = {tmp_path / "docs/one.md": "one", tmp_path / "docs/two.md": "two"}
    place = markdown.Place(tmp_path / "docs", parts, tmp_path, levels=2)
    text = """<!-- left out -->
# One: the first, "quoted"

[here](#one) [there](two.md#a-b) [whole](two.md) [other](three.md#x) [out](https://example.org/a.md)
[three.md](three.md), [`workflow/a.yaml`](../workflow/a.yaml), **[a *b*](../config.yaml)**

## A part

### Of it

![what it shows](figures/a.png)

| a | b |
|---|---|
| 1 | x<br>y |

<a id="one_more"></a>

<details><summary>more</summary>

*Folded*

</details>
"""
    made = markdown.part(text, "one", place)
    assert "left out" not in made
    assert '<h3 id="one--one-the-first-quoted">' in made
    targets = ["#one--one", "#two--a-b", "#two", "https://example.org/a.md"]
    assert re.findall('href="(.*?)"', made) == targets
    # What the page does not hold is named: the page may be read without the repository.
    assert "</a> other (docs/three.md) <a" in made
    assert "\ndocs/three.md, <code>workflow/a.yaml</code>, " in made
    assert "<strong>a <em>b</em> (config.yaml)</strong>" in made
    assert markdown.headings(text, "one") == [("one--a-part", "A part")]
    assert '<h4 id="one--a-part">' in made
    assert 'src="data:image/png;base64,cGljdHVyZQ==" alt="what it shows"' in made
    assert '<td data-label="b">x<br>y</td>' in made
    # A column without a heading names nothing.
    unnamed = markdown.content("| | b |\n|---|---|\n| x | y |\n")
    assert re.findall("<td.*?>", unnamed) == ["<td>", '<td data-label="b">']
    assert "<em>Folded</em>" in made
    assert '<a id="one--one_more">' in made


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_caption_names_claims_in_words(path):
    ids = NAMES.keys()
    internal = {name for name in ids if "_" in name}
    assert not internal & set(re.findall(r"\w+", path.read_text()))
    assert not re.search(r"[Bb]ears\s+on\s+the\s+claims?\s+(?!that)", path.read_text())


def item(path, category, title, group=""):
    caption = f"<p>What {title} shows.</p>"
    return report.Item(path, category, group, title, caption, "a_rule")


def viewed():
    """The claims as all studies decide them, but for the last, which nobody measured."""
    evidence = [row for row in COMMITTED["evidence"]["rows"] if row["id"] != "sharp_minima"]
    others = COMMITTED["sensitivity"]["rows"]
    changes = read_yaml("workflow/rule_changes.yaml")
    return verdicts.viewed_again(DOCUMENT, changes, evidence, others, {})


def blank(picture):
    """A PNG file of base64 as one of the same size without content, which a browser reads fast."""
    with Image.open(io.BytesIO(base64.b64decode(picture[1]))) as image:
        made = io.BytesIO()
        Image.new("1", image.size, 1).save(made, "png")
    return f"data:image/png;base64,{base64.b64encode(made.getvalue()).decode()}"


@pytest.fixture(scope="module")
def written(whole):
    """The path of that report with blank pictures of the same size."""
    path = whole.with_name("blank.html")
    text, count = re.subn(r"data:image/png;base64,([\w+/=]+)", blank, whole.read_text())
    assert count > 20
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The path of a report of made-up results."""
    folder = tmp_path_factory.mktemp("report")
    wide = folder / "wide.svg"
    wide.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="300">'
        '<rect width="600" height="300" fill="#0173b2"/></svg>'
    )
    page = folder / "table1.html"
    lines = "".join(f"<p>line {k}</p>" for k in range(60))
    page.write_text(f"<!DOCTYPE html><h1>Within</h1>{lines}<p>the last line</p>")
    for name in ("evidence", "sensitivity", "catalogue", "answer_width"):
        committed(name).to_csv(folder / f"{name}.csv", index=False)
    found = pd.DataFrame(
        {
            "batch_size": [2400, 1200, 600, 64, 32] * 2,
            "source": ["published"] * 5 + ["replay"] * 5,
            "lowest_loss": [0.0005, 0.0202, 0.0202, 0.0005, 0.0005] * 2,
            "epoch_of_lowest_loss": [3000.0, 2561, 2775, 1410, 2863, 3000, 2561, 2775, 1410, 1],
        }
    )
    found.to_csv(folder / "table1.csv", index=False)
    items = [
        item(folder / "catalogue.csv", "Tables", "Catalogue of minima", "Minima"),
        item(folder / "answer_width.csv", "Tables", "Width"),
        item(wide, "Figures", "How wide is it?", "Study seeds"),
        item(page, report.FIRST, "Table 1"),
        item(folder / "evidence.csv", report.FIRST, "All evidence"),
        item(folder / "sensitivity.csv", report.FIRST, "In general, by other choices"),
    ]
    run = report.Run(
        replay="replay",
        studies={"replay": {"runs": 5, "seeds": 1}},
        tables={"table1.csv": folder / "table1.csv"},
        claims=viewed(),
        rules=[report.Rule("a_rule", 3, 90.0, 60.0, "print('<a> & b')")],
        configuration="replay: replay  # <b>",
        origin={"commit": None, "settings_sha256": "a" * 64, "versions": {"python": "3.11.7"}},
        started="2026-01-01 10:00",
        ended="2026-01-01 11:00",
    )
    pages = report.Pages(
        answers="1. **Is it so?** Yes ([findings](docs/findings.md#the-claims)).\n",
        figure=ROOT / "docs/figures/updates.png",
        figure_told="Shares of seeds",
        general={one["id"]: one["general"] or "" for one in COMMITTED["claims"]["rows"]},
        docs={name: report.Doc(f"Page {name}", ROOT / f"docs/{name}.md") for name in DOCS},
        root=ROOT,
    )
    text = report.page(items, run, pages, "<p>About it.</p>", ROOT / "workflow/report/page")
    (folder / "report.html").write_text(text)
    return folder / "report.html"


def test_the_report_says_whose_numbers_are_whose(written):
    text = written.read_text()
    assert "Their numbers are those of <strong>all studies</strong>" in text
    assert "<b>9 of 10</b> published losses and epochs" in text
    # The last, which is open by all studies, was not measured.
    for number, outcome, said in (
        (11, "bad", "fail in general"),
        (2, "open", "are open in general"),
        (3, "good", "hold in general"),
        (1, "", "is not measured in general"),
        (2, "", "are about the published runs only"),
    ):
        assert f'<li>{number} <em class="{outcome}">{said}</em></li>' in text
    assert text.count('class="outcome by-all">open</td>') == 3
    # Table 1 and claims first, whatever order the workflow has.
    order = re.findall("<h2>(.*?)</h2>", text)
    assert order == [
        *(
            "Answers",
            "This run",
            report.FIRST,
            "Figures",
            "Tables",
            "All studies",
            "How it was made",
        )
    ]
    assert "jobs took 90 seconds in all" in text
    assert "print(&#39;&lt;a&gt; &amp; b&#39;)" in text
    assert "# &lt;b&gt;" in text


def test_a_verdict_has_the_reason_of_the_page_of_claims(written):
    """What decides in general; of what is missing, the command."""
    text = written.read_text()
    found = re.findall(r"<b>(\d+)\. .*?class=\"why\">(.*?)</p>", text, flags=re.DOTALL)
    rows = dict(found)
    told = viewed()
    assert list(rows) == [str(one.number) for one in told.claims]
    time, sharp = told.of("five_times_faster"), told.of("sharp_minima")
    assert time.parts[1].why != time.why
    reason = html.unescape(markdown.line(time.why))
    limit = f" It fails {time.limit}." if time.limit else ""
    assert html.unescape(rows[str(time.number)]) == reason + limit
    command = re.sub("</?span.*?>", "", rows[str(sharp.number)])
    assert command.startswith("<code>snakemake --cores 4 claims ")


def test_every_link_within_the_report_leads_somewhere(written):
    text = re.sub('srcdoc=".*?"', "", written.read_text(), flags=re.DOTALL)
    targets = set(re.findall('href="#(.*?)"', text))
    assert "findings--the-claims" in targets
    assert targets <= set(re.findall(' id="(.*?)"', text))
    # It may be sent to somebody without the files beside it.
    assert not {t for t in re.findall('href="([^#].*?)"', text) if not re.match(r"\w+:", t)}


def test_the_list_of_parts_has_the_sections_of_findings(written):
    nav = html.unescape(re.search("<nav.*?</nav>", written.read_text(), flags=re.DOTALL)[0])
    told = re.findall('href="#(.*?)">(.*?)</a>', nav)
    sections = re.findall("^## (.*)$", (ROOT / "docs/findings.md").read_text(), flags=re.MULTILINE)
    assert [heading for _, heading in told if heading in sections] == sections
    assert [(name, f"Page {name}") for name in DOCS] == [one for one in told if one[0] in DOCS]


def test_the_part_in_view_is_marked(opened, written):
    """Seconds: a browser."""
    page = opened(written, 1280)
    marked = page.locator("nav a[aria-current]")
    expect(marked).to_have_text("Answers")
    heading = "5. Does JFB point the right way?"
    page.locator("nav").get_by_role("link", name=heading).click()
    expect(marked).to_have_text(heading)
    # It is in sight, also in a list that is longer than the window.
    page.set_viewport_size({"width": 1280, "height": 400})
    page.evaluate("document.querySelector('nav').scrollTop = 0")
    page.evaluate("document.getElementById('made').scrollIntoView()")
    expect(marked).to_have_text("How it was made")
    expect(marked).to_be_in_viewport()
    page.evaluate("document.getElementById('run').scrollIntoView()")
    expect(marked).to_have_text("This run")


def test_a_phone_folds_the_list_and_stacks_the_verdicts(opened, written):
    """Seconds: a browser."""
    page = opened(written, 375)
    links = page.locator("nav a")
    expect(links.first).to_be_hidden()
    page.get_by_text("On this page", exact=True).click()
    expect(links.first).to_be_visible()
    page.get_by_role("link", name="This run", exact=True).click()
    expect(links.first).to_be_hidden()
    box = page.locator("#run .table")
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    # A claim and its outcomes stand beside each other; its reason folds out, below its whole width.
    row = page.locator("#run .table tbody tr").first
    tops = "cells => cells.map(c => Math.round(c.getBoundingClientRect().top))"
    assert len(set(row.locator("td").evaluate_all(tops))) == 1
    expect(row.locator(".why")).to_be_hidden()
    row.locator("summary").click()
    expect(row.locator(".why")).to_be_visible()
    assert row.locator(".why").bounding_box()["width"] > 330
    assert len(set(row.locator("td").evaluate_all(tops))) == 2
    # No table is wider than the window; most are cards. A cell that says nothing is not shown.
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    expect(page.locator("#item-sensitivity-csv .table thead")).to_be_hidden()
    wide = "tables => tables.filter(t => t.scrollWidth > t.clientWidth).map(t => t.textContent)"
    assert not page.locator(".table").evaluate_all(wide)
    last = page.locator("#item-sensitivity-csv tbody tr").last
    shown = last.locator("td").evaluate_all("cells => cells.filter(c => c.offsetHeight).length")
    assert (shown, last.locator("td").count()) == (3, 4)


@pytest.mark.parametrize("width", [720, 820, 1024, 1180])
def test_no_table_is_wider_than_a_window_between_phone_and_desk(width, opened, written):
    """Seconds: a browser. Cards have their cells beside each other."""
    page = opened(written, width)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    wide = """tables => tables.filter(t => t.scrollWidth > t.clientWidth + 1)
        .map(t => t.textContent.trim().slice(0, 100))"""
    assert page.locator(".table").evaluate_all(wide) == []
    row = page.locator("#item-catalogue-csv tbody tr").nth(1)
    display = "row => getComputedStyle(row).display"
    assert row.evaluate(display) == "grid"
    page.set_viewport_size({"width": 1280, "height": 900})
    assert row.evaluate(display) == "table-row"


@pytest.mark.parametrize("width", [375, 1024, 1280])
def test_no_number_and_no_name_is_broken(width, opened, written):
    """Seconds: a browser."""
    page = opened(written, width)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    lines = """parts => parts.filter(part => {
        const tops = [...part.getClientRects()].map(box => box.top);
        return new Set(tops).size > 1;
    }).map(part => part.textContent)"""
    parts = page.locator("main .whole")
    assert parts.count() > 100
    assert parts.evaluate_all(lines) == []
    # Names of rules, studies and settings: all are shorter than a line.
    broken = page.locator("main td code").evaluate_all(
        """parts => parts.filter(part => /^\\w+$/.test(part.textContent)
            && part.getClientRects().length > 1
            && part.textContent.length < 30).map(part => part.textContent)"""
    )
    assert broken == []


def test_what_stays_on_its_line():
    for text in ("1e-3", "-0.5", "2026-11-26", "--cores", "p-value", "x86-64", "1-Lipschitz"):
        assert markdown.whole(f"a {text}, b") == f'a <span class="whole">{text}</span>, b'
    for text in ("Levenberg-Marquardt", "a - b", '<a href="a-1">b</a>', "1200-" * 9 + "1"):
        assert markdown.whole(text) == text
    assert markdown.whole("a 5 %") == "a 5&nbsp;%"
    assert markdown.whole("[0.1, 0.2]") == "[0.1,&nbsp;0.2]"


@pytest.mark.parametrize(("width", "told"), [(375, "Tap"), (1280, "Click")])
def test_the_report_says_how_a_figure_is_enlarged(width, told, opened, written):
    """Seconds: a browser. Where figures begin: answers, figures, all studies."""
    page = opened(written, width)
    hints = page.locator("main .hint")
    assert hints.all_inner_texts() == [f"{told} a figure to enlarge it."] * 3
    heading = page.get_by_role("heading", name="Figures", exact=True)
    assert heading.evaluate("h => h.nextElementSibling.className") == "hint"


def test_each_verdict_has_its_colour_in_all_parts(opened, written):
    """Seconds: a browser. As claims.html has them."""
    page = opened(written, 1280)
    told = """parts => Object.fromEntries(parts.map(part => [part.textContent, part.className]))"""
    found = page.locator("#run td.in-general").evaluate_all(told)
    outcomes = {one.general or worded.DASH for one in viewed().claims}
    names = {name: set(found[name].split()) - {"outcome", "in-general"} for name in outcomes}
    assert names == {name: set(markdown.CLASSES.get(name, "").split()) for name in outcomes}
    assert set().union(*names.values()) == {"good", "bad", "open"}
    for part in ("#details td strong", "#cited p strong"):
        found = page.locator(part).evaluate_all(told)
        outcomes = {"holds": "good", "fails": "bad", "open": "open"}
        assert {name: found[name] for name in outcomes} == outcomes
    color = "parts => parts.map(p => getComputedStyle(p).color)"
    colors = page.locator("#details td strong[class]").evaluate_all(color)
    assert len(set(colors)) == 3


def test_a_machine_is_named_once_and_in_short():
    told = worded.shown(committed("evidence"), NAMES).table["what"]
    assert told.str.contains("; on AMD EPYC (family 25, model 1); ", regex=False).any()
    assert not told.str.contains("GiB").any()


OPEN_ALL = "for (const part of document.querySelectorAll('details')) part.open = true"
CLOSED = """id => {
    const parts = [];
    for (let part = document.getElementById(id); part; part = part.parentElement)
        if (part.tagName === 'DETAILS' && !part.open) parts.push(part.className);
    return parts;
}"""


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize(
    "name",
    [
        "findings--5-does-jfb-point-the-right-way",
        "findings--71-does-a-wider-network-close-the-gap",
        "claims--oscillation",
        "claims--the-rule",
        "rule-a_rule",
    ],
)
def test_a_link_opens_the_folded_part_it_leads_to(name, width, opened, written):
    """Seconds: a browser. When the page is opened, and by a click on a link that was followed."""
    page = opened(written, width, anchor=f"#{name}")
    target = page.locator(f"[id='{name}']")
    assert page.evaluate(CLOSED, name) == []
    expect(target).to_be_in_viewport()
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = false")
    assert page.evaluate(CLOSED, name) != []
    page.evaluate(f"""() => {{
        const link = '<a id="again" href="#{name}">again</a>';
        document.querySelector('main').insertAdjacentHTML('beforeend', link);
        document.getElementById('again').click();
    }}""")
    assert page.evaluate(CLOSED, name) == []
    expect(target).to_be_in_viewport()


@pytest.mark.parametrize(("width", "most"), [(375, 9000), (720, 8000), (1280, 12500)])
def test_the_folded_report_is_short_and_as_wide_as_the_window(width, most, opened, written):
    """Seconds: a browser. Of made-up results, without five of the figures."""
    page = opened(written, width)
    size = "name => document.documentElement[name]"
    assert page.evaluate(size, "scrollWidth") == width
    height = page.evaluate(size, "scrollHeight")
    assert height < most
    page.evaluate(OPEN_ALL)
    assert page.evaluate(size, "scrollHeight") > 5 * height
    assert page.evaluate(size, "scrollWidth") == width


def test_a_phone_shows_table1_and_each_answer_in_short(opened, written):
    """Seconds: a browser."""
    page = opened(written, 375)
    rows = page.locator("table.compact tbody tr").all_inner_texts()
    assert [row.split() for row in rows[:2]] == [
        ["2400", "0.0005", "3,000", "equal"],
        ["1200", "0.0202", "2,561", "equal"],
    ]
    assert rows[-1].split() == ["32", "0.0005", "2,863", "0.0005", "at", "1"]
    part = page.locator("#findings .part").nth(1)
    assert part.locator("summary").first.inner_text().split("\n") == [
        "1. Is the full batch as good with other seeds?",
        "No, fewer seeds get to a loss of 0.001, and the seed matters too.",
    ]
    # It is not said again below.
    part.locator("summary").first.click()
    expect(part.locator("p").first).to_have_text(re.compile("^In 3,000 epochs"))


def test_everything_unfolds_to_print_and_by_a_button(opened, written):
    """Seconds: a browser. What was open stays open after it."""
    page = opened(written, 375)
    closed = page.locator("main details:not([open])")
    before = closed.count()
    assert before > 50
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(closed).to_have_count(0)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(closed).to_have_count(before)
    page.get_by_text("On this page", exact=True).click()
    page.get_by_role("button", name="Unfold everything").click()
    expect(closed).to_have_count(0)
    page.get_by_role("button", name="Fold again").click()
    expect(closed).to_have_count(before)


def test_the_list_of_parts_stays_at_the_top_of_a_phone(opened, written):
    """Seconds: a browser."""
    page = opened(written, 375)
    page.evaluate("document.getElementById('made').scrollIntoView()")
    bar = page.get_by_text("On this page", exact=True)
    expect(bar).to_be_in_viewport()
    expect(page.locator("nav .here")).to_have_text("How it was made")
    # It hides no heading, and opens where it stands.
    heading = page.locator("#made h2")
    assert heading.bounding_box()["y"] >= page.locator("nav").bounding_box()["height"]
    bar.click()
    expect(page.locator("nav a").first).to_be_in_viewport()


def test_figures_are_cards_in_the_dark(opened, written):
    """Seconds: a browser. Not white, and with the colours of the figure."""
    page = opened(written, 1280, "dark")
    found = page.locator("button.picture").first.evaluate(
        "b => [getComputedStyle(b).backgroundColor, getComputedStyle(b.firstChild).mixBlendMode]"
    )
    assert found == ["rgb(227, 230, 234)", "multiply"]


def test_a_long_table_grows_as_it_unfolds(opened, written):
    """Seconds: a browser."""
    page = opened(written, 1280)
    page.get_by_text(re.compile(r"^\d+ rows$")).first.click()
    box = page.locator("article details[open] .table").first
    assert box.locator("tr").count() > report.ROWS
    assert box.evaluate("box => box.scrollHeight <= box.clientHeight + 1")


@pytest.mark.parametrize(
    ("width", "scheme"), [(375, "light"), (1280, "light"), (1280, "dark"), (1920, "light")]
)
def test_the_report_in_a_browser(width, scheme, opened, whole):
    """Seconds: a browser. A screenshot is left in build/."""
    page = opened(whole, width, scheme)
    expect(page.get_by_text("Is it so?")).to_be_in_viewport()
    # A caption begins without a click.
    expect(page.get_by_text("What How wide is it? shows.")).to_be_visible()
    # Table 1 is whole in a wide window; a phone's is small, and unfolds.
    small, large = page.locator("table.compact"), page.locator("details.whole-table")
    expect(small).to_be_visible(visible=width < 900)
    expect(large).to_have_attribute("open", "") if width > 900 else large.locator("summary").click()
    # A page within it is as high as what it holds.
    last = page.frame_locator("iframe").get_by_text("the last line")
    frame, end = page.locator("iframe").bounding_box(), last.bounding_box()
    below = frame["y"] + frame["height"] - end["y"] - end["height"]
    assert 0 < below < 20
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_count(0)
    # A figure opens at full size, by the keyboard too, and closes.
    picture = page.locator("article button.picture")
    small = picture.bounding_box()["width"]
    picture.press("Enter")
    shown = page.locator("dialog img")
    expect(shown).to_be_visible()
    assert shown.bounding_box()["width"] > min(small, 0.9 * width)
    # A phone's is large at once.
    if width > 900:
        page.get_by_role("button", name="larger").click()
    assert shown.bounding_box()["width"] > 1.5 * width
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    # A link to what is folded unfolds it.
    rows = page.locator("article details:not([open]) table tr")
    expect(rows.first).to_be_hidden()
    page.evaluate("location.hash = 'cited'")
    expect(page.locator("#cited p").first).to_be_in_viewport()
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    if width >= 1280:
        tables = page.locator(".table").evaluate_all(
            "tables => tables.filter(t => t.scrollWidth > t.clientWidth + 1)"
            ".map(t => t.textContent.slice(0, 200))"
        )
        assert not tables
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    (ROOT / "build").mkdir(exist_ok=True)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=ROOT / f"build/report_{width}_{scheme}.png")


def test_the_claims_are_read_from_their_tables(tmp_path):
    """Beside a table of a question that has the name of one of them."""
    plugin = importlib.import_module("snakemake_report_plugin_page")
    for name in ("evidence", "sensitivity"):
        committed(name).to_csv(tmp_path / f"{name}.csv", index=False)
    other = tmp_path / "further/sensitivity.csv"
    other.parent.mkdir()
    other.write_text("measure,estimate\nx,1\n")
    tables = {"evidence.csv": tmp_path / "evidence.csv", "sensitivity.csv": other}
    found = plugin._claims(tables, load_project())
    assert [one.general for one in found.claims] == [
        row["general"] for row in COMMITTED["claims"]["rows"]
    ]
    assert plugin._claims({}, load_project()) is None
