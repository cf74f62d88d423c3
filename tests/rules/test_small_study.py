"""A small study from nothing to its figures, through Snakemake."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect, sync_playwright
from safetensors.numpy import load_file

from conftest import ROOT, Workspace, assert_same_runs, of_the_reports_stream
from jfb.config.project import load
from jfb.records import parameters, runlog

RUN = "results/runs/small/batch_size=64/seed=0"


def test_all_products_are_there(made):
    results = made / "results"
    several = ("bands_other", "levels_other", "ecdf_other", "ecdf_many", "shares_crossed")
    several += ("spectral_norm_crossed", "spectral_norm_small", "alignment_small", "cost")
    several += ("shares_crossed_many", "updates_equal", "timing", "kinks_small", "kinks_other")
    several += ("fates_other", "sharpness_other", "loss_by_level_crossed", "levels_many")
    for name in ("figure1", "figure2", "figure3", *several):
        for ending in ("svg", "pdf", "png"):
            assert (results / f"figures/{name}.{ending}").stat().st_size > 1000
    assert list(pd.read_csv(results / "table1.csv")) == [
        "batch_size",
        "source",
        "training_seconds",
        "lowest_loss",
        "epoch_of_lowest_loss",
        "lowest_loss_q1",
        "lowest_loss_q3",
        "epoch_of_lowest_loss_q1",
        "epoch_of_lowest_loss_q3",
        "runs",
        "reached",
        "diverged",
        "share_reached",
        "share_low",
        "share_high",
        "reached_exact",
        "share_reached_exact",
    ]
    for ending in ("md", "tex"):
        assert "a total, not a time per epoch" in (results / f"table1.{ending}").read_text()
    assert len(pd.read_parquet(results / "summaries/other.parquet")) == 2
    assert not list(results.rglob(".*")), "no temporary file is left"


def test_claims_follow_a_log(made, tmp_path):
    workspace = Workspace.again(made, tmp_path / "again")
    results = workspace.path / "results"

    def gap():
        evidence = pd.read_csv(results / "evidence.csv").set_index(["id", "evidence_id"])
        return evidence.loc[("mirrored", "published"), "estimate"]

    assert len(pd.read_csv(results / "claims.csv")) == 19
    missing = commands(results / "claims.md")
    assert missing == {
        "catalogue updates",
        *("directions", "gradients", "landscape", "printed", "splits", "splits_few"),
        *("updates", "updates_few"),
    }
    before = gap()
    change(workspace.path / RUN / "log.parquet", train_loss=lambda loss: loss / 1000)
    workspace.snakemake("claims")
    assert 2 < gap() - before < 4
    # What lies there and is no target of this command is not taken.
    assert commands(results / "claims.md") == missing | {"cost", "timing", "catalogue"}


def commands(page):
    """The targets that the page of claims tells the reader to name, one text per row."""
    missing = page.read_text().partition("### What is missing")[2]
    told = re.findall(r"\| ((?:`[a-z_]+` ?)+)\|$", missing, re.MULTILINE)
    return {" ".join(sorted(re.findall("[a-z_]+", targets))) for targets in told}


def test_a_run_that_the_catalogue_knows_is_placed_where_it_is_there(made, tmp_path):
    workspace = Workspace.again(made, tmp_path / "again")
    results = workspace.path / "results"
    workspace.snakemake("results/catalogue/runs_small.csv")
    placed = pd.read_csv(results / "catalogue/runs_small.csv")
    known = pd.read_csv(results / "catalogue_runs.csv").query("source == 'small'")
    columns = ["batch_size", "seed", "at", "id", "start_loss", "loss", "steps"]
    pd.testing.assert_frame_equal(placed[columns], known[columns].reset_index(drop=True))
    entries = pd.read_csv(results / "catalogue.csv").set_index("id")
    assert len(placed) == 2
    for _, run in placed[placed["id"] > 0].iterrows():
        assert run["entry_loss"] == entries.loc[run["id"], "loss"]
        assert run["what"] == entries.loc[run["id"], "what"]


# The project's own pages speak of studies at full size, which this one has not.
PAGE = """{{ one("shares_updates", batch_size=64) | share }}
{% for piece in rows("evidence", id="mirrored") %}
{{ piece.evidence_id }}: {{ piece | interval }}
{%- endfor %}
"""


@pytest.mark.long
def test_findings_follow_a_log(made, tmp_path):
    """A minute: what claims rest on is made under the names that they ask for."""
    workspace = Workspace.again(made, tmp_path / "again")
    studies = workspace.config["studies"]
    for name, like in (("landscape", "many"), ("updates", "equal"), ("gradients", "crossed_many")):
        studies[name] = studies.pop(like)
    del studies["crossed"]
    workspace.config["catalogue"]["studies"] = ["small", "landscape"]
    workspace.save()
    for template in (workspace.path / "workflow/report").glob("*.md.jinja"):
        # That of claims is the template of a result, too.
        if template.name != "claims.md.jinja":
            template.write_text(PAGE)
    workspace.snakemake("findings")
    page = workspace.path / "docs/findings.md"
    before = page.read_text()
    assert before.startswith("0/2 = 0 % [0, 66]\n")
    assert len(list((workspace.path / "docs/figures").iterdir())) == 8
    origin = json.loads(
        before.rstrip().rpartition("\n")[2].removeprefix("<!--").removesuffix("-->")
    )
    assert origin["commit"] is None
    columns = change(workspace.path / RUN / "log.parquet", train_loss=lambda loss: loss / 1000)
    assert len(columns["epoch"]) == 5
    workspace.snakemake("findings")
    assert page.read_text() != before
    assert page.read_text().splitlines()[0] == before.splitlines()[0]


def change(path, **columns):
    """Write a log anew with some of its columns changed; the columns."""
    log = runlog.read(path)
    changed = {name: log[name].to_numpy().copy() for name in log.column_names}
    changed |= {name: function(changed[name]) for name, function in columns.items()}
    runlog.write(path, changed, runlog.run_of(log), {})
    return changed


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
# Without these Chromium looks for hosts outside.
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
QUIET += ("--disable-background-networking", "--disable-component-update")


def test_a_page_to_look_at_runs_with(made, tmp_path):
    """Four seconds: Snakemake, and two jobs."""
    workspace = Workspace.again(made, tmp_path / "again")
    workspace.snakemake("explore")
    page = (workspace.path / "results/explorer.html").read_text()
    data = page.partition('type="application/json">')[2].partition("</script>")[0]
    runs = [run for run in json.loads(data)["runs"] if run["study"] == "small"]
    study = load(workspace.config).studies["small"]
    assert [(run["batch_size"], run["seed"]) for run in runs] == [key[-2:] for key in study.runs]
    summary = pd.read_parquet(workspace.path / "results/summaries/small.parquet")
    assert [run["lowest"] for run in runs] == pytest.approx(list(summary["lowest_loss"]), rel=1e-4)
    assert all(run["snapshots"][-1]["corners"] for run in runs)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's package chromium")
def test_the_report_can_be_read(made, tmp_path):
    """A screenshot of each page is left in build/."""
    workspace = Workspace.again(made, tmp_path / "again")
    workspace.snakemake("everything", "--report", "report.html")
    shots = ROOT / "build"
    shots.mkdir(exist_ok=True)
    errors = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto((workspace.path / "report.html").as_uri())
        expect(page.get_by_text("trains a deep equilibrium network").first).to_be_visible()

        def show(category, group, name):
            page.get_by_text(category, exact=True).first.click()
            if group:
                page.get_by_text(group, exact=True).first.click()
            row = page.locator("tr", has=page.get_by_role("cell", name=name, exact=True))
            row.locator("a").first.click()

        question = "How does the training loss of the published runs fall?"
        show("Figures", "The report's figures", question)
        picture = page.locator("img[src*='filename=figure1.svg']")
        expect(picture).to_be_visible()
        assert picture.bounding_box()["width"] > 300
        assert picture.evaluate("image => image.naturalWidth") > 300
        page.screenshot(path=shots / "report_figure1.png")
        for name, heading, cell in (
            ("Table 1", "Table 1", "0.0202"),
            ("Claims: this run", "What the report claims, and what holds", "fails"),
        ):
            page.get_by_text("Results", exact=True).first.click()
            show("Table 1 and claims", None, name)
            frame = page.frame_locator("iframe")
            expect(frame.get_by_role("heading", name=heading)).to_be_visible()
            expect(frame.get_by_role("cell", name=cell).first).to_be_visible()
            page.screenshot(
                path=shots / f"report_{name.split(':')[0].replace(' ', '').lower()}.png"
            )
        browser.close()
    assert not errors


def test_the_report_as_one_page(made, tmp_path):
    """A process of its own: Snakemake looks for reporters where it starts."""
    workspace = Workspace.again(made, tmp_path / "again")
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--reporter", "page"]
    subprocess.run(
        [*command, "--report-page-path", "results/report.html", "everything"],
        cwd=workspace.path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        check=True,
        capture_output=True,
    )
    page = (workspace.path / "results/report.html").read_text()
    shown = {path.name for path in (workspace.path / "results/figures").glob("*.svg")}
    assert len(shown) > 20
    for name in shown - {"ecdf_many.svg"}:
        assert page.count(f'data-file="{name}"') == 1, name
    for name in ("evidence.csv", "minima_small.csv", "cost.csv", "timing.csv"):
        assert f'download="{name}"' in page
    assert "<h3>Study small</h3>" in page
    assert re.search(r"<b>\d of \d+</b> published losses and epochs", page)
    # The rules, with the times of their jobs and their code.
    train = '<tr id="rule-train"><td data-label="rule"><code>train</code></td>'
    assert f'{train}<td data-label="jobs" class="number">' in page
    assert "&lt;NA&gt;" not in page
    assert ">nan</td>" not in page.lower()


@pytest.mark.parametrize(("study", "rows"), [("small", 2 * 5), ("crossed", 8 * 6)])
def test_the_lines_of_the_page_read_a_study_as_one_table(study, rows, made, monkeypatch):
    """Those of docs/studies.md, each by its library: pandas, pyarrow, polars and DuckDB."""
    page = (ROOT / "docs/studies.md").read_text()
    block = page.partition("## Reading the results")[2].partition("```python\n")[2]
    imports, *lines = filter(None, block.partition("```")[0].splitlines())
    assert len(lines) == 4
    monkeypatch.chdir(made)
    names = {}
    exec(imports, names)
    factors = ["gradient", "contraction"] if study == "crossed" else []
    for line in lines:
        table = eval(line.replace("trajectories", study), names)
        columns = getattr(table, "column_names", None) or list(table.columns)
        assert table.shape[0] == rows, line
        assert {*factors, "batch_size", "seed", "epoch", "train_loss"} <= set(columns), line
        to_frame = getattr(table, "df", None) or getattr(table, "to_pandas", None)
        frame = to_frame() if to_frame else table
        assert (frame["batch_size"] > 1).all(), line
        logs = list((made / "results/runs" / study).rglob("log.parquet"))
        expected = pd.concat([runlog.read(log).to_pandas() for log in logs])["train_loss"].mean()
        assert frame["train_loss"].mean() == pytest.approx(expected), line


def test_the_study_reads_as_one_table(made):
    table = pq.read_table(made / "results/runs/small")
    assert set(table["batch_size"].to_pylist()) == {64, 32}
    assert table.num_rows == 2 * 5


def test_a_log_tells_its_run_and_its_libraries(made):
    log = runlog.read(made / RUN / "log.parquet")
    run = runlog.run_of(log)
    assert (run.batch_size, run.seed, run.epochs, run.engine) == (64, 0, 5, "reference")
    assert b'"torch"' in log.schema.metadata[b"versions"]
    assert pq.read_metadata(made / RUN / "log.parquet").row_group(0).column(1).compression == (
        "ZSTD"
    )


#: What jobs make that start cold: one at least of each script, engine, choice and kind of figure.
COLD = (
    *("figure2", "results/figures/levels_many.png", "results/summaries/small.parquet"),
    "results/runs/other/batch_size=600/seed=3/log.parquet",
    "results/runs/crossed/gradient=explicit_2/contraction=0.5/batch_size=64/seed=0/log.parquet",
    "results/blocks/crossed_many/seeds_2_2.parquet",
    "results/alignment/small/batch_size=64/alignment.parquet",
)


@pytest.mark.parametrize(
    "studies",
    [
        ("small", "other", "many"),
        pytest.param(("small", "other", "many", "crossed", "crossed_many"), marks=pytest.mark.long),
    ],
)
def test_cores_change_nothing_but_the_time(studies, made, tmp_path):
    """Ten seconds, or half a minute: made again from nothing, one job at a time.

    Of all studies, half of the jobs are new processes, of each kind some: another process changes
    nothing either.
    """
    in_turn = of_the_reports_stream(tmp_path)
    whole = "crossed" in studies
    summaries = [f"results/summaries/{study}.parquet" for study in studies]
    sizes = (64, 32) if whole else (32,)
    paths = [f"results/alignment/small/batch_size={size}/alignment.parquet" for size in sizes]
    figures = ["figure2", "figure3", "levels", "ecdf", "bands"] if whole else ["figure2"]
    if whole:
        command = [sys.executable, "-m", "snakemake", "--cores", "1", *COLD]
        subprocess.run(command, cwd=in_turn.path, check=True, capture_output=True)
    in_turn.snakemake(*figures, *summaries, *paths, cores=1)
    pair = in_turn.path / "results", made / "results"
    drawn = [path.relative_to(in_turn.path) for path in pair[0].glob("figures/*")]
    # Without the first, which shows seconds.
    assert len(drawn) == 3 * (len(figures) + whole)
    for path in [*paths, *drawn]:
        assert (in_turn.path / path).read_bytes() == (made / path).read_bytes(), path
    runs = sum(assert_same_runs(*pair, study) for study in studies)
    assert runs == (len(list(made.rglob("log.parquet"))) if whole else 4)
    assert runs == (12 if whole else 4)


def test_a_study_in_blocks_has_a_row_per_run_and_no_logs(made):
    many = pd.read_parquet(made / "results/summaries/many.parquet")
    assert list(many) == list(pd.read_parquet(made / "results/summaries/small.parquet"))
    assert list(zip(many["batch_size"], many["seed"], strict=True)) == [
        (batch_size, seed) for batch_size in (64, 32) for seed in range(5)
    ]
    assert not (made / "results/runs/many").exists()
    assert len(list((made / "results/blocks/many").iterdir())) == 2
    told = (made / "results/logs/blocks/many/seeds_0_2.log").read_text()
    assert "run 6/6" in told


def test_a_study_with_factors_has_a_column_for_each(made):
    crossed = pd.read_parquet(made / "results/summaries/crossed.parquet")
    assert list(crossed)[:4] == ["gradient", "contraction", "batch_size", "seed"]
    places = list(
        crossed[["gradient", "contraction", "batch_size", "seed"]].itertuples(index=False)
    )
    assert [tuple(place) for place in places] == [
        (gradient, contraction, 64, seed)
        for gradient in ("jfb", "explicit_2")
        for contraction in ("off", "0.5")
        for seed in (0, 1)
    ]
    norms = crossed.groupby("contraction")["final_spectral_norm"]
    assert norms.max()["0.5"] <= 0.5 < norms.min()["off"]
    losses = crossed.set_index(["gradient", "contraction", "seed"])["final_train_loss"]
    assert len(set(losses)) == 8
    # The folder reads as one table with a column per factor.
    logs = pq.read_table(made / "results/runs/crossed").to_pandas()
    assert set(logs["gradient"]) == {"jfb", "explicit_2"}
    assert len(logs) == 8 * 6


def test_a_study_with_factors_in_blocks(made):
    crossed = pd.read_parquet(made / "results/summaries/crossed_many.parquet")
    places = crossed[["gradient", "batch_size", "seed"]].to_numpy().tolist()
    assert places == [
        [gradient, batch_size, seed]
        for gradient in ("jfb", "implicit")
        for batch_size in (64, 32)
        for seed in range(3)
    ]
    many = pd.read_parquet(made / "results/summaries/many.parquet")
    jfb = crossed[crossed["gradient"] == "jfb"].drop(columns=["gradient", "training_seconds"])
    same = many[many["seed"] <= 2].drop(columns="training_seconds")
    pd.testing.assert_frame_equal(jfb.reset_index(drop=True), same.reset_index(drop=True))
    assert crossed["lowest_loss"].nunique() == 12


def test_alignment_and_cost_are_made(made):
    path = "alignment/small/batch_size=64/alignment.parquet"
    rows = pd.read_parquet(made / "results" / path)
    assert rows["epoch"].unique().tolist() == [0, 1, 2, 3, 4, 5]
    assert rows["converged"].all()
    assert set(rows["tolerance"]) == {1e-3, 1e-5}
    assert rows["cosine"].between(-1, 1).all()
    costs = pd.read_csv(made / "results/cost.csv")
    assert len(costs) == 8
    assert (costs["step_seconds"] > 0).all()


def test_parameters_are_kept_with_their_names(made):
    run = runlog.run_of(runlog.read(made / RUN / "log.parquet"))
    tensors = load_file(made / RUN / "_final.safetensors")
    assert tensors["latent.weight"].shape == (3, 3)
    flat = parameters.read(made / RUN / "_final.safetensors", run.network)
    np.testing.assert_array_equal(flat[:9].reshape(3, 3), tensors["latent.weight"])
    log = runlog.read(made / RUN / "log.parquet")
    norm = np.linalg.svd(tensors["latent.weight"].astype(float), compute_uv=False)[0]
    assert log["spectral_norm"][-1].as_py() == pytest.approx(norm, rel=1e-12)


def test_each_job_writes_progress_to_its_own_log(made):
    text = (made / "results/logs/runs/small/batch_size=64/seed=0.log").read_text()
    assert "epoch 1/5  loss" in text
    assert "s left" in text


def test_nothing_names_the_machine(made):
    for path in (made / "results").rglob("*"):
        if path.is_file() and "logs" not in path.parts:
            assert str(made).encode() not in path.read_bytes(), path


@pytest.mark.parametrize(("study", "script"), [("small", "train.py"), ("many", "train_block.py")])
def test_libraries_are_held_to_the_one_thread_of_a_job(study, script, workspace):
    workspace.config["studies"][study]["epochs"] = 1_000_000
    workspace.save()
    command = [sys.executable, "-m", "snakemake", "--cores", "2", study]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen(command, cwd=workspace.path, start_new_session=True, **quiet)
    try:
        found = None
        while scheduler.poll() is None and not found:
            time.sleep(0.1)
            for process in psutil.Process(scheduler.pid).children(recursive=True):
                with suppress(psutil.Error, IndexError):
                    if process.cmdline()[1].endswith(f".{script}"):
                        found = process.environ()
        names = ("OMP", "MKL", "OPENBLAS", "GOTO", "NUMEXPR")
        assert {found[f"{name}_NUM_THREADS"] for name in names} == {"1"}
    finally:
        os.killpg(scheduler.pid, signal.SIGKILL)
        scheduler.wait()


def test_an_interrupted_job_leaves_no_log(workspace):
    workspace.config["studies"]["small"] |= {"epochs": 1_000_000, "batch_sizes": [64]}
    workspace.save()
    told = workspace.path / "results/logs/runs/small/batch_size=64/seed=0.log"
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "small"]
    job = subprocess.Popen(
        command,
        cwd=workspace.path,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while job.poll() is None and not (told.exists() and "epoch 1/" in told.read_text()):
            time.sleep(0.1)
        assert "epoch 1/" in told.read_text()
    finally:
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    assert not [path for path in workspace.path.glob("results/runs/**/*") if path.is_file()]


def test_a_run_that_diverges_is_recorded_and_fails_nothing(workspace):
    workspace.config["datasets"]["report"]["noise_std"] = 1e25
    study = {
        "batch_sizes": [64],
        "seeds": [0],
        "solver": {"name": "picard", "tolerance": 1e-3, "max_iterations": 5},
    }
    workspace.config["studies"] = {"small": study, "other": study | {"engine": "fused"}}
    workspace.save()
    workspace.snakemake()
    for name in workspace.config["studies"]:
        summary = pd.read_parquet(workspace.path / f"results/summaries/{name}.parquet")
        (row,) = summary.to_dict("records")
        assert row["diverged"]
        assert row["epochs"] < 6
        assert row["unconverged_solves"] > 0
