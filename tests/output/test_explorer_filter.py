"""The filter of the page on which runs are looked at, in a browser."""

import pytest
from playwright.sync_api import expect

from explored import of_two_studies, written_to

pytest_plugins = ["browser", "explored"]


def test_the_filter_takes_columns_with_values_and_words(opened, written, found):
    """Seconds: a browser."""
    page = opened(written, 1280)
    low = sum(run["lowest"] < 5e-4 for run in found["runs"])
    assert 0 < low < 8
    counts = {"seed 1": 4, "seed=1": 4, "Seed: 1, batch 32": 2, "batch size 2,400": 4}
    counts |= {"gradient exact": 4, "exact gradient batch 32": 2, "exact gradient 32": 2}
    counts |= {"crossed and seed 1": 2, "lowest loss < 0.0005": low, "epochs at limit > 0": 2}
    counts |= {"full batch": 4, "batch ≤ 32 crossed": 2, "batch<100 loss < 0,0005": 2}
    # The run that diverged has no kinks.
    counts |= {"1 kink": 7, "kinks = 1": 7, "one kink": 7, "batch 32 1 kink seed 1": 2}
    counts |= {"see": 8, "seed": 8, "batch size": 8, "": 8}
    for text, count in counts.items():
        page.get_by_label("Filter").fill(text)
        assert page.locator("#count").text_content() == f"{count} of 8 runs", text
        assert page.locator("#hint").text_content() == ""
        assert page.locator("#clear").is_visible() == bool(text)
    described = page.get_by_label("Filter").get_attribute("aria-describedby")
    expect(page.locator(f"#{described}")).to_contain_text("words and numbers that a row must have")


def test_what_the_filter_does_not_understand_hides_no_run(opened, written):
    """Seconds: a browser."""
    page = opened(written, 1280)
    hints = {
        "> 0.001": "Before “> 0.001” there must be a column of numbers, as in “lowest loss <",
        "study = plain": "Before “= plain” there must be a column of numbers",
        "loss <": "After “loss <” there must be a number, as in “lowest loss < 0.001”.",
        "seed > x": "After “seed >” there must be a number",
        "lowest": "“lowest” is in the name of a column of numbers: compare it",
    }
    for text, hint in hints.items():
        page.get_by_label("Filter").fill(text)
        assert page.locator("#count").text_content() == "8 of 8 runs", text
        assert page.locator("#hint").text_content().startswith(hint)
    page.get_by_label("Filter").fill("crossed loss <")
    expect(page.locator("#count")).to_have_text("4 of 8 runs")


def test_filters_to_try_find_runs_of_the_study(opened, written):
    """Seconds: a browser."""
    page = opened(written, 1280)
    for study in ("plain", "crossed"):
        page.get_by_role("combobox", name="Study").select_option(study)
        examples = page.locator("#examples button")
        told = examples.all_text_contents()
        assert told == [
            f"{study} batch 32 lowest loss <= 0.001",
            "full batch",
            "seed 1",
            "one kink",
        ]
        for k in range(len(told)):
            examples.nth(k).click()
            assert page.get_by_label("Filter").input_value() == told[k]
            expect(page.get_by_label("Filter")).to_be_focused()
            assert study in " ".join(page.locator("#rows tr").all_text_contents())


def test_the_filter_says_why_no_run_is_left_and_is_cleared(opened, written):
    """Seconds: a browser."""
    page = opened(written, 375)
    hints = {
        "seed 6": "No run has “seed 6”. Runs have: seed 0, 1.",
        "7 kinks": "No run has “7 kinks”. Runs have: 1 kinks.",
        "batch > 2400": "No run has “batch > 2400”. Runs have: batch 32, 2400.",
        "32 foo": "No run has “foo”.",
        "plain exact": "Each of these has runs, but no run has all: plain; exact.",
    }
    for text, hint in hints.items():
        page.get_by_label("Filter").fill(text)
        expect(page.locator("#rows tr")).to_have_count(0)
        assert page.locator("#hint").text_content() == hint
    page.get_by_role("button", name="Clear the filter").press("Enter")
    expect(page.locator("#rows tr")).to_have_count(8)
    expect(page.get_by_label("Filter")).to_be_focused()
    assert "filter" not in page.evaluate("location.hash")
    expect(page.locator("#clear")).to_be_hidden()


def test_a_word_with_its_number_is_one_condition(opened, found, tmp_path):
    """Seconds: a browser. Order 1 is not order 5 of seed 1."""
    runs = [found["runs"][4] | {"level": f"neumann_{k}", "seed": s} for k in (1, 5) for s in (1, 5)]
    levels = {f"neumann_{k}": f"Neumann series, order {k}" for k in (1, 5)}
    words = {"study": {}, "level": {"crossed": levels}, "setting": {"crossed": levels}}
    page = opened(written_to(tmp_path, found | {"runs": runs, "words": words}), 1280)
    page.get_by_label("Filter").fill("order 1")
    expect(page.locator("#rows tr")).to_have_count(2)
    for row in page.locator("#rows tr").all_text_contents():
        assert "order 1" in row
    page.get_by_label("Filter").fill("order 50")
    expect(page.locator("#hint")).to_have_text("No run has “order 50”. Runs have: order 1, 5.")


def test_a_level_with_a_number_is_found_by_it(opened, project, tmp_path):
    """Seconds: a browser. It is not taken for the kinks of the function at the end."""
    payload = of_two_studies(tmp_path, project, ("start", "2_kinks"))
    page = opened(written_to(tmp_path, payload), 1280)
    page.get_by_label("Filter").fill("2 kinks")
    expect(page.locator("#rows tr")).to_have_count(4)
    page.get_by_label("Filter").fill("start 2 kinks seed 1")
    expect(page.locator("#rows tr")).to_have_count(2)


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        ([*range(4), 42], "0, 1, 2, 3, 42"),
        ([3, 4, 8], "3, 4, 8"),
        (range(0, 60, 2), "from 0 to 58"),
    ],
)
def test_the_filter_tells_the_values_that_exist(seeds, told, opened, found, tmp_path):
    """Seconds: a browser."""
    runs = [found["runs"][0] | {"seed": seed} for seed in seeds]
    page = opened(written_to(tmp_path, found | {"runs": runs}), 1280)
    page.get_by_label("Filter").fill("seed 77")
    expect(page.locator("#hint")).to_have_text(f"No run has “seed 77”. Runs have: seed {told}.")
    heading = page.get_by_role("columnheader", name="least loss of its form")
    expect(heading).to_be_visible()
