"""What one sees of the page of runs while one moves the slider or goes from the table to charts."""

from playwright.sync_api import expect

from explored import written_to

pytest_plugins = ["browser", "explored"]


def test_the_axes_stay_while_the_slider_moves(opened, found, tmp_path):
    """Seconds: a browser. The line at the start leaves the chart unless one asks for all of it."""
    run = found["runs"][0]
    first = run["snapshots"][0] | {"corners": [[0, -8.0], [25, 0.2]]}
    run = run | {"snapshots": [first, *run["snapshots"][1:]]}
    page = opened(written_to(tmp_path, found | {"runs": [run, *found["runs"][1:]]}), 1280)
    slider, whole = page.get_by_role("slider"), page.get_by_label("whole line")
    ticks = {}
    for is_whole in (False, True):
        whole.set_checked(is_whole)
        seen = set()
        for place in range(len(run["snapshots"])):
            slider.fill(str(place))
            texts = page.locator("#function svg g[aria-label$='tick label'] text")
            scale = page.locator("#function [class*='-ramp']").text_content()
            seen.add((*texts.all_text_contents(), scale))
        assert len(seen) == 1
        ticks[is_whole] = seen.pop()
        slider.fill("0")
        leaves = "Its line goes on beyond the chart: it has values from -8 to 0.2."
        assert (leaves in page.locator("#now").text_content()) != is_whole
    assert "\N{MINUS SIGN}8" in ticks[True]
    assert "\N{MINUS SIGN}8" not in ticks[False]
    assert "whole=1" in page.evaluate("location.hash")
    # Another run stays within the chart, so there is nothing to ask for.
    page.get_by_role("combobox", name="Seed").select_option("1")
    expect(whole).to_be_hidden()


def test_forms_along_training_are_told_and_gone_to(opened, written):
    """Seconds: a browser."""
    page = opened(written, 1280, anchor="#study=plain&batch_size=2400&seed=0")
    forms = page.locator("#course button")
    assert forms.all_text_contents() == [
        "epoch 0: straight line",
        "from epoch 10: one kink, slope on both sides",
    ]
    expect(forms.nth(1)).to_have_attribute("aria-current", "true")
    forms.nth(0).press("Enter")
    expect(page.locator("#function_title")).to_have_text("The network after epoch 0")
    expect(forms.nth(0)).to_be_focused()
    expect(page.get_by_role("slider")).to_have_value("0")


def test_a_card_shows_what_it_is_sorted_by_and_leads_to_its_charts(opened, written):
    """Seconds: a browser."""
    page = opened(written, 375)
    cell = page.locator("#rows tr >> nth=0 >> td[data-key='best']")
    expect(cell).to_be_hidden()
    for key in ("at epoch", "epochs at limit", "least loss of its form"):
        page.get_by_label("Sort by").select_option(key)
        expect(page.locator("#rows tr").first.locator("td.sorted")).to_be_visible()
    expect(cell).to_be_hidden()
    page.locator("#rows tr").nth(3).click()
    heading = page.get_by_role("heading", name="The run:")
    expect(heading).to_be_focused()
    assert 0 <= heading.bounding_box()["y"] < 50
    kept = page.evaluate("location.hash")
    page.get_by_role("link", name="the table").click()
    assert 0 <= page.get_by_role("heading", name="All runs").bounding_box()["y"] < 50
    assert page.evaluate("location.hash") == kept


def test_a_row_brings_the_charts_in_sight(opened, written):
    """Seconds: a browser."""
    page = opened(written, 1280)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    row = page.locator("#rows tr").nth(5)
    row.click()
    assert page.locator(".charts").bounding_box()["y"] >= 0
    expect(row.locator("button")).to_be_focused()
