"""The filter of the page on which runs are looked at, in a browser."""

import pytest
from playwright.sync_api import expect

from explored import written_to

pytest_plugins = ["browser", "explored"]


def test_the_filter_takes_columns_with_values_and_words(opened, written, found):
    """Seconds: a browser."""
    page = opened(written, 1280)
    low = sum(run["lowest"] < 5e-4 for run in found["runs"])
    assert 0 < low < 8
    counts = {"seed 1": 4, "seed=1": 4, "Seed: 1, batch 32": 2, "batch size 2,400": 4}
    counts |= {"gradient exact": 4, "exact gradient batch 32": 2, "exact gradient 32": 2}
    counts |= {"crossed and seed 1": 2, "lowest loss < 0.0005": low, "epochs at limit > 0": 2}
    # The run that diverged has no kinks; a batch size before a word is no number of kinks.
    counts |= {"1 kink": 7, "kinks 1": 7, "32 kink": 3, "one kink": 7}
    # What is being typed hides no run.
    counts |= {"see": 8, "seed": 8, "batch size": 8, "lowest loss <": 8}
    for text, count in counts.items():
        page.get_by_label("Filter").fill(text)
        assert page.locator("#count").text_content() == f"{count} of 8 runs", text
        assert page.locator("#hint").text_content() == ""
        assert not page.locator("#clear").is_visible()
    described = page.get_by_label("Filter").get_attribute("aria-describedby")
    expect(page.locator(f"#{described}")).to_contain_text("seed 6")


def test_the_filter_says_why_no_run_is_left_and_is_cleared(opened, written):
    """Seconds: a browser."""
    page = opened(written, 375)
    hints = {
        "seed 6": "No run has “seed 6”. Values of seed: 0, 1.",
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


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        ([*range(20), 42], "0 to 19, 42"),
        ([3, 4, 8], "3, 4, 8"),
        (range(0, 60, 2), "from 0 to 58"),
    ],
)
def test_the_filter_tells_the_values_that_exist(seeds, told, opened, found, tmp_path):
    """Seconds: a browser."""
    runs = [found["runs"][0] | {"seed": seed} for seed in seeds]
    page = opened(written_to(tmp_path, found | {"runs": runs}), 1280)
    page.get_by_label("Filter").fill("seed 77")
    expect(page.locator("#hint")).to_have_text(f"No run has “seed 77”. Values of seed: {told}.")
    heading = page.get_by_role("columnheader", name="least loss of its form")
    expect(heading).to_be_visible()
