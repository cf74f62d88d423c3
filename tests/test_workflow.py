"""What is built and what is rebuilt, read off the job lists of dry runs."""

import shutil

import pytest

from conftest import ROOT, Workspace, read_yaml

RUNS = {
    "Run of small: batch size 64, seed 0",
    "Run of small: batch size 32, seed 0",
    "Run of other: batch size 600, seed 3",
    "Run of other: batch size 600, seed 1",
}
SMALL_RUNS = {run for run in RUNS if "small" in run}
SUMMARIES = {"Summary of small", "Summary of other"}
FIGURES = {
    "Figure 1: training loss",
    "Figure 2: training accuracy",
    "Figure 3: validation loss and accuracy",
}
DATASETS = {"Dataset report", "Dataset tiny"}
DOWNSTREAM_OF_SMALL = {"Summary of small", "Table 1"} | FIGURES
EVERYTHING = RUNS | SUMMARIES | FIGURES | DATASETS | {"Table 1"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("built"))
    workspace.snakemake()
    return workspace


@pytest.fixture
def finished(built, tmp_path):
    """A finished workflow, which is put back as it was after the test."""
    scripts = built.path / "workflow/scripts"
    kept = shutil.copytree(scripts, tmp_path / "scripts")
    config = (built.path / "config.yaml").read_bytes()
    yield built
    # With its times: Snakemake goes by those of a script.
    shutil.copytree(kept, scripts, dirs_exist_ok=True)
    (built.path / "config.yaml").write_bytes(config)
    built.config = read_yaml(built.path / "config.yaml")


def test_everything_is_planned_at_first(workspace):
    assert workspace.planned() == EVERYTHING


def test_nothing_is_planned_after_a_full_run(finished):
    output = finished.snakemake("--dry-run")
    assert "Nothing to be done" in output


def test_another_seed_plans_its_runs_and_what_is_downstream(finished):
    finished.config["studies"]["other"]["seeds"] += [7]
    finished.save()
    assert finished.planned() == {"Run of other: batch size 600, seed 7", "Summary of other"}


def test_another_batch_size_plans_its_runs_and_what_is_downstream(finished):
    finished.config["studies"]["small"]["batch_sizes"] += [16]
    finished.save()
    assert finished.planned() == {"Run of small: batch size 16, seed 0"} | DOWNSTREAM_OF_SMALL


def test_another_study_plans_nothing_of_the_others(finished):
    finished.config["studies"]["third"] = {"batch_sizes": [8], "seeds": [0]}
    finished.save()
    assert finished.planned() == set()
    assert finished.planned("third") == {"Run of third: batch size 8, seed 0", "Summary of third"}


def test_an_edit_of_the_figures_plans_only_the_figures(finished):
    finished.edit("scripts/jfb/figures.py")
    assert finished.planned() == FIGURES


def test_an_edit_of_the_solver_plans_every_run(finished):
    finished.edit("scripts/jfb/solvers.py")
    assert finished.planned() == EVERYTHING - DATASETS


def test_an_edit_of_a_stream_plans_the_runs_that_draw_from_it(finished):
    finished.edit("scripts/jfb/streams/per_seed.py")
    assert finished.planned() == EVERYTHING - DATASETS


def test_an_edit_of_a_script_plans_its_rule(finished):
    finished.edit("scripts/summarise.py")
    assert finished.planned() == SUMMARIES | {"Table 1"}


def test_an_edit_of_the_reports_stream_plans_the_datasets(finished):
    """Their noise and split are drawn there."""
    finished.edit("scripts/jfb/streams/report.py")
    assert finished.planned() >= DATASETS


def test_an_edit_of_table1_plans_only_the_table(finished):
    finished.edit("scripts/jfb/table1.py")
    assert finished.planned() == {"Table 1"}


def test_another_accuracy_threshold_plans_its_study(finished):
    finished.config["studies"]["small"]["accuracy_threshold"] = 0.2
    finished.save()
    assert finished.planned() == SMALL_RUNS | DOWNSTREAM_OF_SMALL


def test_another_room_plans_its_dataset_and_what_is_downstream(finished):
    finished.config["datasets"]["tiny"]["length"] = 21.0
    finished.save()
    assert finished.planned() == {"Dataset tiny", "Summary of other"} | (RUNS - SMALL_RUNS)


def test_a_deleted_log_plans_its_run_and_what_is_downstream(finished):
    log = finished.path / "results/runs/small/batch_size=32/seed=0/log.parquet"
    kept = log.with_suffix(".kept")
    log.rename(kept)
    try:
        assert finished.planned() == {"Run of small: batch size 32, seed 0"} | DOWNSTREAM_OF_SMALL
    finally:
        kept.rename(log)


@pytest.mark.parametrize(
    ("target", "planned"),
    [
        ("dataset", DATASETS),
        ("small", {"Dataset report", "Summary of small"} | SMALL_RUNS),
        ("table1", {"Dataset report", "Summary of small", "Table 1"} | SMALL_RUNS),
        ("figure2", {"Dataset report", "Figure 2: training accuracy"} | SMALL_RUNS),
        (
            "results/figures/figure3.png",
            {"Dataset report", "Figure 3: validation loss and accuracy"} | SMALL_RUNS,
        ),
        ("results/data/tiny.parquet", {"Dataset tiny"}),
    ],
)
def test_a_target_plans_what_it_needs(workspace, target, planned):
    assert workspace.planned(target) == planned


def test_a_run_that_the_config_lacks_is_refused_with_a_reason(workspace):
    output = workspace.snakemake("results/runs/small/batch_size=7/seed=0/log.parquet", check=False)
    assert workspace.status != 0
    assert "study small has no run with batch size 7 and seed 0" in output


def test_a_run_has_one_path_only(workspace):
    workspace.snakemake(
        "--dry-run", "results/runs/small/batch_size=032/seed=00/log.parquet", check=False
    )
    assert workspace.status != 0


def test_every_rule_name_is_reserved(workspace):
    rules = set(workspace.snakemake("--list-rules").split()) & {
        line.split()[1].rstrip(":")
        for file in [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")]
        for line in file.read_text().replace("use rule figure1 as", "rule").splitlines()
        if line.startswith("rule ")
    }
    schema = read_yaml("workflow/schemas/config.schema.yaml")
    names = schema["properties"]["studies"]["propertyNames"]["allOf"][1]["not"]["enum"]
    assert rules
    assert rules <= set(names)
