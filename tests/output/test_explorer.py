"""The page on which runs are looked at: what it holds, and what it does in a browser."""

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from conftest import ROOT
from jfb.output import explorer
from jfb.records import dataset, runlog
from jfb.records.dataset import Part

pytest_plugins = ["browser"]
ORIGIN = json.dumps({"settings_sha256": "a" * 64, "commit": None, "versions": {}})
EPOCHS = 300
SNAPSHOTS = (0, 1, 10, 300)


def made_up(folder, run, losses):
    """The path of a log with these losses."""
    path = folder / f"{run.batch_size}_{run.seed}_{len(run.levels)}.parquet"
    log = runlog.empty(run.epochs) | {"train_loss": losses, "val_loss": 1.1 * losses}
    log |= {"iterations_mean": np.full(run.epochs, 7.0), "spectral_norm": np.full(run.epochs, 0.9)}
    runlog.write(path, log, run, {})
    return path


def functions(runs):
    """A straight line at first, then one kink at 10 m."""
    rows = []
    for run in runs:
        level = "/".join(level for _, level in run.levels) or "none"
        place = {"level": level, "batch_size": run.batch_size, "seed": run.seed}
        for epoch in SNAPSHOTS:
            corners = [(0, 0.0), (10, 1.0), (25, 0.2)] if epoch > 1 else [(0, 0.5), (25, 0.5)]
            told = {"loss": 0.1 / (1 + epoch), "converged": True, "diverged": False}
            told |= {"function_kinks": len(corners) - 2, "flat_pieces": 0}
            rows += [place | told | {"epoch": epoch, "position": x, "value": y} for x, y in corners]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def found(tmp_path_factory, project):
    folder = tmp_path_factory.mktemp("explorer")
    way = np.linspace(0, 1, 200)[:, None] * np.float32([20, 13, 8])
    part = Part(way.astype(np.float32), np.sin(way[:, 0]).astype(np.float32))
    dataset.write(folder / "data.parquet", part, part)
    first = project.studies["replay"].runs[2400, 42]
    runs = [
        dataclasses.replace(first, batch_size=size, seed=seed, epochs=EPOCHS, levels=levels)
        for levels in ((), (("gradient", "implicit"),))
        for size in (2400, 32)
        for seed in (0, 1)
    ]
    losses = [1 / np.arange(1, EPOCHS + 1) / (k + 1) for k in range(len(runs))]
    losses[1][100] = 1e-6
    losses[2][250:] = np.nan
    # A run that diverged has snapshots without a function.
    pieces = functions(runs[:4])
    lost = (pieces["batch_size"] == 32) & (pieces["seed"] == 0) & (pieces["epoch"] > 1)
    pieces.loc[lost, ["position", "value", "loss"]] = np.nan
    pieces.loc[lost, "converged"], pieces.loc[lost, "diverged"] = False, True
    paths = [made_up(folder, run, loss) for run, loss in zip(runs, losses, strict=True)]
    studies = {
        "plain": (paths[:4], pieces),
        "crossed": (paths[4:], functions(runs[4:])),
    }
    without = (pieces["batch_size"] == 32) & (pieces["seed"] == 1) & (pieces["epoch"] == 1)
    pieces.loc[without, ["position", "value", "loss"]] = np.nan
    pieces.loc[without, "converged"] = False
    least = pd.DataFrame({"category": ["one kink, slope on both sides"], "loss": [0.00049]})
    return explorer.payload(studies, folder / "data.parquet", least, 0.1, "plain", ORIGIN)


def test_what_the_page_has_of_a_run(found):
    assert len(found["runs"]) == 8
    run = found["runs"][1]
    assert (run["study"], run["level"], run["batch_size"], run["seed"]) == ("plain", "jfb", 2400, 1)
    assert (run["lowest"], run["best"]) == (1e-6, 101)
    # The epoch of the lowest loss is shown, wherever it is.
    assert run["series"]["train_loss"][run["epochs"].index(101)] == 1e-6
    assert (run["epochs"][0], run["epochs"][-1]) == (1, EPOCHS)
    assert len(run["epochs"]) <= explorer.EPOCHS + 1
    assert run["form"] == "one kink, slope on both sides"
    assert run["least"] == 0.00049
    assert [snapshot["epoch"] for snapshot in run["snapshots"]] == list(SNAPSHOTS)
    assert run["snapshots"][-1]["corners"] == [[0, 0], [10, 1], [25, 0.2]]
    assert run["trained"] == EPOCHS
    diverged = found["runs"][2]
    assert diverged["series"]["train_loss"][-1] is None
    assert (diverged["form"], diverged["end"], diverged["least"]) == ("diverged", None, None)
    assert diverged["snapshots"][-1]["corners"] == []
    assert found["runs"][-1]["level"] == "implicit"
    position, target = np.array(found["points"]).T
    assert len(position) == explorer.POINTS
    np.testing.assert_allclose(target, np.sin(position * 20 / np.sqrt(633)), atol=1e-3)


def test_ranges_hold_each_epoch_that_is_not_shown(found):
    run = found["runs"][1]
    losses = 0.5 / np.arange(1, EPOCHS + 1)
    losses[100] = 1e-6
    lows, highs = run["ranges"]["train_loss"]
    assert len(lows) == len(highs) < len(run["epochs"])
    # Those before have one epoch each.
    alone = len(run["epochs"]) - len(lows)
    assert run["epochs"][:alone] == list(range(1, alone + 1))
    start = alone
    for end, low, high in zip(run["epochs"][alone:], lows, highs, strict=True):
        np.testing.assert_allclose([low, high], [losses[start:end].min(), losses[start]], rtol=5e-3)
        start = end
    assert start == EPOCHS
    # Of a run that diverged, what was finite.
    assert found["runs"][2]["ranges"]["train_loss"][0][-1] is None


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("jfb", "JFB"),
        ("neumann_5", "Neumann series, order 5"),
        ("implicit", "exact gradient"),
        ("implicit/two_units", "exact gradient; two units"),
        ("own_5", "own 5"),
    ],
)
def test_gradients_have_words(level, words):
    assert explorer.gradient_in_words(level) == words


def test_studies_have_a_word_each(found):
    words = found["words"]["study"]
    assert words == {"plain": "plain: the published runs", "crossed": "crossed: 2 seeds"}
    runs = [{"level": level, "seed": 1} for level in ("jfb", "implicit")]
    assert explorer.study_in_words("a", runs, "plain") == "a: 2 gradients"
    assert explorer.study_in_words("a", runs[:1], "plain") == "a"


def test_the_page_reads_nothing_from_elsewhere(found):
    text = explorer.page(found, ROOT / "workflow/explorer")
    own = text.replace((ROOT / "workflow/explorer/vendor/d3-7.9.2.min.js").read_text(), "")
    for reference in re.findall(r"(?:src|href)=[\"']([^\"']*)", own):
        assert reference == "data:,"
    assert not re.search(
        r"\bfetch\(|XMLHttpRequest|import\(",
        "".join(path.read_text() for path in (ROOT / "workflow/explorer").glob("*.js")),
    )
    assert "/* data */" not in text
    # A run takes some 12 kB: 345 of them and the libraries stay below 5 MB.
    each = len(json.dumps(found["runs"][0], separators=(",", ":")))
    libraries = len(explorer.page(found | {"runs": []}, ROOT / "workflow/explorer"))
    assert libraries + 345 * 1.5 * each < 5e6


def test_no_text_of_the_data_ends_the_script(found):
    found = found | {"runs": [found["runs"][0] | {"study": "</script><b>"}]}
    assert "</script><b>" not in explorer.page(found, ROOT / "workflow/explorer")


@pytest.fixture
def written(found, tmp_path):
    """The path of the page."""
    path = tmp_path / "explorer.html"
    path.write_text(explorer.page(found, ROOT / "workflow/explorer"))
    return path


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (1280, "dark"), (1920, "light")])
def test_a_run_is_picked_and_seen(width, scheme, opened, written, found):
    """Seconds: a browser. A screenshot is left in build/."""
    page = opened(written, width, scheme)
    page.get_by_role("combobox", name="Batch size").select_option("32")
    page.get_by_role("combobox", name="Seed").select_option("1")
    said = page.locator("#said")
    expect(said).to_contain_text("(mean over an epoch): 0.0008333, at epoch 300.")
    expect(said).to_contain_text("at exact fixed points: no function of this form has a loss below")
    expect(page.locator("#function circle").first).to_be_visible()
    page.get_by_role("slider", name="After epoch").fill("1")
    expect(page.locator("#function_title")).to_have_text(
        "The network after epoch 1: some points have no single fixed point"
    )
    expect(page.locator("#function path[aria-label^='kink at']")).to_have_count(0)
    page.get_by_role("slider", name="After epoch").press("ArrowRight")
    expect(page.locator("#function_title")).to_contain_text("after epoch 10")
    expect(page.locator("#function path[aria-label^='kink at']")).to_have_count(1)
    expect(page.locator("#function_legend")).to_contain_text("kink")
    # Another run is shown at its last epoch.
    page.get_by_role("combobox", name="Seed").select_option("0")
    expect(page.locator("#function_title")).to_have_text("The network after epoch 300: diverged")
    expect(said).to_contain_text("The network at the end: diverged, so there is no exact loss.")
    expect(page.locator("#function circle").first).to_be_visible()
    for what in ("accuracy", "iterations_mean", "spectral_norm", "loss"):
        page.get_by_role("combobox", name="Show").select_option(what)
        expect(page.locator("#along svg").last).to_be_visible()
    expect(page.locator("#along")).to_contain_text("counts as reached: 0.001")
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
    page.get_by_role("button", name="lowest loss").click()
    page.get_by_role("button", name="lowest loss").press("Enter")
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
    words = {"study": {}, "level": {"jfb": "JFB", "neumann_5": "Neumann series, order 5"}}
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
