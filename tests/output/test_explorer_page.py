"""The page on which runs are looked at: what it does in a browser."""

import pandas as pd
import pytest
from playwright.sync_api import expect

from conftest import ROOT
from explored import of_two_studies, written_to
from jfb.output import explorer

pytest_plugins = ["browser", "explored"]


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (1280, "dark"), (1920, "light")])
def test_a_run_is_picked_and_seen(width, scheme, opened, written, found):
    """Seconds: a browser. A screenshot is left in build/."""
    page = opened(written, width, scheme)
    page.get_by_role("combobox", name="Batch size").select_option("32")
    page.get_by_role("combobox", name="Seed").select_option("1")
    said = page.locator("#said")
    expect(said).to_contain_text(
        "loss of 0.001: its lowest training loss is 0.0008333, at epoch 300."
    )
    expect(said).to_contain_text("; no function of this form has a loss below 0.00049.")
    expect(page.locator("#function circle").first).to_be_visible()
    page.get_by_role("slider", name="After epoch").fill("1")
    now = page.locator("#now")
    expect(now).to_have_text(
        "After epoch 1: some points have no single fixed point; no exact loss."
    )
    expect(page.locator("#function_legend")).to_contain_text("There is no line")
    expect(page.locator("#function path[aria-label^='kink at']")).to_have_count(0)
    page.get_by_role("slider", name="After epoch").press("ArrowRight")
    expect(page.locator("#function_title")).to_contain_text("after epoch 10")
    expect(page.locator("#function path[aria-label^='kink at']")).to_have_count(1)
    expect(page.locator("#function_legend")).to_contain_text("◆ kink")
    # Another run is shown at its last epoch.
    page.get_by_role("combobox", name="Seed").select_option("0")
    expect(now).to_have_text("After epoch 300: diverged; no exact loss.")
    expect(said).to_contain_text("The network at the end: diverged, so there is no exact loss.")
    expect(page.locator("#function circle").first).to_be_visible()
    for what in ("accuracy", "iterations_mean", "spectral_norm", "loss"):
        page.get_by_role("combobox", name="Show").select_option(what)
        expect(page.locator("#along svg").last).to_be_visible()
    expect(page.locator("#along")).to_contain_text("a loss of 0.001 counts as reached")
    bands = page.locator("#along [aria-description^='range of'] path")
    expect(bands).to_have_count(2)
    for place in ("#along_legend", "#part"):
        expect(page.locator(place)).to_contain_text(f"{len(found['runs'][2]['epochs'])} of 300 ep")
    # Nothing is wider than the page.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    (ROOT / "build").mkdir(exist_ok=True)
    page.screenshot(path=ROOT / f"build/explorer_{width}.png", full_page=True)


def test_the_table_is_filtered_sorted_kept_and_saved(opened, written, tmp_path):
    """Seconds: a browser."""
    page = opened(written, 1280, accept_downloads=True)
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(8)
    page.get_by_label("Filter").fill("32 crossed")
    expect(rows).to_have_count(2)
    page.get_by_label("Filter").fill("32")
    expect(page.locator("#count")).to_have_text("4 of 8 runs")
    page.get_by_role("button", name="lowest loss", exact=True).click()
    page.locator("th[aria-sort='ascending'] button").press("Enter")
    lowest = [float(text) for text in page.locator("#rows td:nth-child(5)").all_text_contents()]
    assert lowest == sorted(lowest, reverse=True)
    assert page.locator("th[aria-sort='descending']").count() == 1
    page.locator("#rows button").nth(1).press("Enter")
    expect(page.locator("#rows tr[aria-current='true']")).to_have_count(1)
    # The keyboard stays where it was.
    assert page.evaluate("document.activeElement.closest('tr').ariaCurrent") == "true"
    kept = page.evaluate("location.hash")
    again = opened(written, 1280, anchor=kept)
    expect(again.locator("#rows tr")).to_have_count(4)
    assert again.evaluate("location.hash") == kept
    assert again.locator("#said").text_content() == page.locator("#said").text_content()
    # Another link in the same page keeps nothing of this one.
    again.goto(again.url.partition("#")[0] + "#seed=1")
    expect(again.locator("#rows tr")).to_have_count(8)
    with page.expect_download() as download:
        page.get_by_role("button", name="Table as CSV").click()
    download.value.save_as(tmp_path / "runs.csv")
    table = pd.read_csv(tmp_path / "runs.csv")
    assert (table["batch_size"] == 32).all()
    assert table["lowest_loss"].is_monotonic_decreasing
    headings = page.locator("#head button").all_text_contents()
    assert list(table) == [text.strip(" ▼").replace(" ", "_") for text in headings]
    assert set(table["gradient"]) == {"JFB", "exact gradient"}
    with page.expect_download() as download:
        page.get_by_role("button", name="This run as CSV").click()
    download.value.save_as(tmp_path / "run.csv")
    columns = ["epoch", "train_loss", "train_loss_lowest_since", "train_loss_highest_since"]
    run = pd.read_csv(tmp_path / "run.csv")
    assert list(run)[:4] == columns
    assert (run["train_loss_lowest_since"] <= 1.01 * run["train_loss"]).all()


def test_the_table_starts_with_the_first_run_and_shows_the_chosen_one(found, tmp_path, opened):
    """Seconds: a browser."""
    runs = [found["runs"][0] | {"study": "plain", "seed": seed} for seed in range(60)]
    runs += [found["runs"][4] | {"level": "neumann_5", "seed": seed} for seed in range(2)]
    levels = {"jfb": "JFB", "neumann_5": "Neumann series, order 5"}
    words = {"study": {}} | {
        key: dict.fromkeys(("plain", "crossed"), levels) for key in ("level", "setting")
    }
    path = tmp_path / "explorer.html"
    many = found | {"runs": runs, "words": words}
    path.write_text(explorer.page(many, ROOT / "workflow/explorer"))
    page = opened(path, 1280)
    # The order of the data, not of the alphabet.
    expect(page.locator("#rows tr").first).to_have_attribute("aria-current", "true")
    expect(page.locator("#rows tr").first).to_contain_text("plain")
    assert page.evaluate("scrollY") == 0
    fits = "box => [box.scrollWidth <= box.clientWidth, box.scrollTop]"
    assert page.locator(".scroll").evaluate(fits) == [True, 0]
    heights = "rows => Math.max(...rows.map(row => row.offsetHeight))"
    assert page.locator("#rows tr").evaluate_all(heights) < 35
    page.get_by_role("combobox", name="Seed").select_option("59")
    seen = """row => {
        const [inner, outer] = [row, row.closest(".scroll")].map(e => e.getBoundingClientRect());
        return inner.top >= outer.top + 20 && inner.bottom <= outer.bottom;
    }"""
    chosen = page.locator("#rows tr[aria-current='true']")
    expect(chosen).to_contain_text("59")
    assert chosen.evaluate(seen)
    page.get_by_role("combobox", name="Seed").select_option("3")
    assert chosen.evaluate(seen)
    # A click on another run goes to its last epoch.
    page.get_by_role("slider", name="After epoch").fill("1")
    page.locator("#rows button").nth(4).click()
    expect(page.locator("#function_title")).to_have_text("The network after epoch 300")
    assert "epoch=" not in page.evaluate("location.hash")


@pytest.mark.parametrize("width", [375, 1280])
def test_the_slider_stays_at_the_chart_that_it_moves(width, opened, written):
    """Seconds: a browser."""
    page = opened(written, width, anchor="#study=plain&batch_size=32&seed=1")
    slider, chart = page.get_by_role("slider", name="After epoch"), page.locator("#function")
    box, of_chart = slider.bounding_box(), chart.bounding_box()
    assert box["width"] > 0.95 * of_chart["width"]
    # Both are seen at once on a phone.
    assert 0 < of_chart["y"] - box["y"] < 120
    # Neither it nor the chart moves away from the finger, whatever there is to tell.
    top = "element => element.getBoundingClientRect().top + scrollY"
    tops = []
    for epoch in ("1", "2", "3"):
        slider.fill(epoch)
        tops.append((slider.evaluate(top), page.locator("#function svg").last.evaluate(top)))
    assert len(set(tops)) == 1
    slider.fill("2")
    expect(page.locator("#now")).to_have_text(
        "After epoch 10: one kink, slope on both sides; exact loss 0.009091."
    )
    slider.fill("1")
    expect(page.locator("#now")).to_contain_text("no single fixed point; no exact loss.")


@pytest.mark.parametrize(("lowest", "lower"), [(4.8e-4, True), (5e-4, False), (None, False)])
def test_a_training_loss_below_the_least_loss_is_explained(lowest, lower, opened, found, tmp_path):
    """Seconds: a browser."""
    run = found["runs"][0] | {"lowest": lowest, "least": 4.9e-4}
    said = opened(written_to(tmp_path, found | {"runs": [run]}), 1280).locator("#said")
    assert ("it can be a little below the least loss" in said.text_content()) == lower
    reached = "No training loss is finite" if lowest is None else "It reached a loss of 0.001"
    expect(said).to_contain_text(reached)


def test_a_tip_has_three_digits_and_no_name_of_a_variable(opened, written):
    """Seconds: a browser."""
    page = opened(written, 1280, anchor="#study=plain&batch_size=32&seed=1")
    box = page.locator("#along svg").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 0.8 * box["height"])
    tip = page.locator("#along [aria-label='tip']")
    expect(tip).to_contain_text("Validation loss: 0.000917")
    expect(tip).to_contain_text("since the point before: 0.000917 to 0.000968")
    expect(tip).not_to_contain_text("name")


def test_a_link_that_names_nothing_is_mended(opened, written):
    page = opened(written, 1280, anchor="#study=none&batch_size=7&what=toString&sort=y&epoch=900")
    expect(page.locator("#rows tr")).to_have_count(8)
    expect(page.locator("#function_title")).to_contain_text("after epoch 300")


def test_a_phone_has_a_card_of_each_run(opened, written):
    """Seconds: a browser."""
    page = opened(written, 375, "dark")
    box = page.locator(".scroll")
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    cut = """rows => rows.flatMap(row => [...row.cells])
        .filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"""
    assert page.locator("#rows tr").evaluate_all(cut) == []
    for key in ("study", "level", "batch_size", "seed", "lowest", "end", "form"):
        expect(page.locator(f"#rows tr >> nth=0 >> td[data-key='{key}']")).to_be_visible()
    # Lines that cells do not share with others over them.
    apart = """row => {
        const boxes = [...row.cells].map(c => c.getBoundingClientRect()).filter(b => b.width);
        return boxes.every((a, k) => boxes.slice(k + 1).every(b => a.right <= b.left + 1
            || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1));
    }"""
    assert page.locator("#rows tr").first.evaluate(apart)
    expect(page.get_by_role("cell", name="full 2400").first).to_be_visible()
    page.get_by_label("Sort by").select_option("lowest loss")
    of_lowest = page.locator("#rows td[data-key='lowest']")
    lowest = [float(text) for text in of_lowest.all_text_contents()]
    assert lowest == sorted(lowest)
    page.get_by_role("button", name="ascending").click()
    lowest = [float(text) for text in of_lowest.all_text_contents()]
    assert lowest == sorted(lowest, reverse=True)
    expect(page.get_by_role("button", name="descending")).to_be_visible()
    # A wide page has headings instead.
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.get_by_label("Sort by")).to_be_hidden()
    expect(page.locator("th[aria-sort='descending']")).to_have_text("lowest loss ▼")


def test_the_first_column_stays_in_sight(opened, written):
    """Seconds: a browser."""
    page = opened(written, 850)
    gap = """box => {
        box.scrollLeft = 200;
        const [cell, around] = [box.querySelector("td"), box].map(e => e.getBoundingClientRect());
        return [box.scrollLeft, cell.left - around.left];
    }"""
    scrolled, left = page.locator(".scroll").evaluate(gap)
    assert scrolled > 0
    assert 0 <= left < 5


def test_a_search_that_ended_at_its_limit_is_told(opened, written):
    """Seconds: a browser."""
    page = opened(written, 1280, anchor="#study=plain&batch_size=32&seed=1")
    said = "In 30 of 300 epochs a search for fixed points ended at its limit of 1,000 steps"
    expect(page.locator("#said")).to_contain_text(said)
    expect(page.locator("#said")).not_to_contain_text("the lowest training loss is of such")
    expect(page.locator("#along_legend")).to_contain_text("ended at its limit of 1,000 steps")
    marks = page.locator("#along path[aria-label^='search at its limit']")
    assert marks.count() > 1
    expect(page.locator("#rows tr[aria-current] td[data-key='stopped']")).to_have_text("30")
    page.get_by_role("combobox", name="Show").select_option("iterations_mean")
    expect(page.locator("#along")).to_contain_text("limit of a search: 1,000 steps")
    page.get_by_role("combobox", name="Batch size").select_option("2400")
    expect(page.locator("#said")).not_to_contain_text("limit")
    expect(page.locator("#along")).not_to_contain_text("limit")
    expect(marks).to_have_count(0)


@pytest.mark.parametrize(
    ("form", "kinks", "least", "told", "cell"),
    [
        (
            "three kinks",
            3,
            5.4178e-5,
            "; no function of this form has a loss below 5.418e-5.",
            "5.418e-5",
        ),
        ("5 kinks", 5, None, "; for 5 kinks no least loss was computed.", "not computed"),
    ],
)
def test_kinks_have_their_number_and_least_loss(
    form, kinks, least, told, cell, opened, found, tmp_path
):
    """Seconds: a browser."""
    run = found["runs"][0] | {"form": form, "kinks": kinks, "least": least}
    page = opened(written_to(tmp_path, found | {"runs": [run]}), 1280)
    expect(page.locator("#said")).to_contain_text(f"The network at the end: {form}, with")
    expect(page.locator("#said")).to_contain_text(f"with an exact loss of 0.0003322{told}")
    expect(page.locator("#rows td[data-key='least']")).to_have_text(cell)


def test_a_factor_has_its_name(opened, project, tmp_path):
    """Seconds: a browser."""
    payload = of_two_studies(tmp_path, project, ("schedule", "step_down"))
    assert payload["headings"] == {"plain": "gradient", "crossed": "schedule"}
    page = opened(written_to(tmp_path, payload), 1280)
    expect(page.get_by_role("combobox", name="Gradient")).to_contain_text("JFB")
    page.get_by_role("combobox", name="Study").select_option("crossed")
    expect(page.get_by_role("combobox", name="Schedule")).to_have_text("step down")
    expect(page.get_by_role("columnheader", name="setting")).to_be_visible()
    expect(page.locator("#rows td[data-key='level']").last).to_have_text("schedule step down")
    button = page.locator("#rows button").last
    expect(button).to_have_attribute(
        "aria-label", "Show study crossed, schedule step down, batch size 32, seed 1"
    )
    page.get_by_label("Filter").fill("schedule step")
    expect(page.locator("#rows tr")).to_have_count(4)
