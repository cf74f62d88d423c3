"""What is built and what is rebuilt, read off the job lists of dry runs."""

import re

import pytest

from conftest import Workspace, read_yaml
from jfb.config.names import NO_STUDIES, OF_FIGURES

RUNS = {
    "Run of small: batch size 64, seed 0",
    "Run of small: batch size 32, seed 0",
    "Run of other: batch size 600, seed 3",
    "Run of other: batch size 600, seed 1",
}
SMALL_RUNS = {run for run in RUNS if "small" in run}
OTHER_RUNS = RUNS - SMALL_RUNS
SUMMARIES = {"Summary of small", "Summary of other"}
REPORT_FIGURES = {
    "Figure 1: training loss",
    "Figure 2: training accuracy",
    "Figure 3: validation loss and accuracy",
}
BANDS = "Loss over epochs of other"
LEVELS = "Lowest loss of each run of other"
ECDF = "Distribution of the lowest loss of other"
CLAIMS = "Verdicts on the claims"
FIGURES = REPORT_FIGURES | {LEVELS, ECDF}
DATASETS = {"Dataset report", "Dataset tiny"}
#: What claims are decided by besides summaries.
ENDS_OF_SMALL = "Contraction and fixed points at the end of the runs of small"
ENDS_OF_OTHER = "Contraction and fixed points at the end of the runs of other"
ALIGNED = {f"Gradients along the runs of small: batch size {size}" for size in (64, 32)}
TIMING = "Seconds per epoch by engine and batch size, short"
COST = "Cost of a step by gradient, short"
MEASURED = {ENDS_OF_SMALL, ENDS_OF_OTHER, TIMING, COST} | ALIGNED
DOWNSTREAM_OF_SMALL = {"Summary of small", ENDS_OF_SMALL, TIMING, "Table 1", CLAIMS}
DOWNSTREAM_OF_SMALL |= REPORT_FIGURES | ALIGNED
DOWNSTREAM_OF_OTHER = {"Summary of other", ENDS_OF_OTHER, "Table 1", CLAIMS, LEVELS, ECDF}
BLOCKS = {"Block of many: seeds 0 to 2", "Block of many: seeds 3 to 4"}
#: What is measured of the final networks that blocks keep.
ENDS_OF_MANY = "Contraction and fixed points at the end of the runs of many"
FIGURES_OF_MANY = {"Lowest loss of each run of many", "Distribution of the lowest loss of many"}
DOWNSTREAM_OF_MANY = {"Summary of many", ENDS_OF_MANY} | FIGURES_OF_MANY
CROSSED = {
    f"Run of crossed: gradient={gradient}/contraction={contraction}/batch size 64, seed {seed}"
    for gradient in ("jfb", "explicit_2")
    for contraction in ("off", "0.5")
    for seed in (0, 1)
}
CROSSED_FIGURES = {
    "Share of runs of crossed that reach the minimum",
    "Lowest loss of each run of crossed by level",
    "Spectral norm along training of crossed",
}
ALIGNMENT = {
    "Gradients along the runs of small: batch size 64",
    "Gradients along the runs of small: batch size 32",
    "Gradients along training of small",
    "Gradients and their references: small",
    "Spectral norm along training of small",
}
EVERYTHING = RUNS | SUMMARIES | FIGURES | DATASETS | MEASURED | {"Table 1", CLAIMS}


#: What targets need.
TARGETS = {
    "dataset": DATASETS,
    "small": {"Dataset report", "Summary of small"} | SMALL_RUNS,
    "many": {"Dataset report"} | BLOCKS | DOWNSTREAM_OF_MANY,
    "table1": RUNS | DATASETS | SUMMARIES | {"Table 1"},
    "bands": OTHER_RUNS | {"Dataset tiny", BANDS},
    "levels": OTHER_RUNS | {"Dataset tiny", "Summary of other", LEVELS},
    "ecdf": OTHER_RUNS | {"Dataset tiny", "Summary of other", ECDF},
    "figure2": {"Dataset report", "Figure 2: training accuracy"} | SMALL_RUNS,
    "results/figures/figure3.png": {"Dataset report", "Figure 3: validation loss and accuracy"}
    | SMALL_RUNS,
    "results/data/tiny.parquet": {"Dataset tiny"},
    "crossed": {"Dataset report", "Summary of crossed"} | CROSSED | CROSSED_FIGURES,
    "crossed_many": {
        "Dataset report",
        "Block of crossed_many: seeds 0 to 1",
        "Block of crossed_many: seeds 2 to 2",
        "Summary of crossed_many",
        "Share of runs of crossed_many that reach the minimum",
        "Lowest loss of each run of crossed_many by level",
    },
    "alignment": {"Dataset report"} | SMALL_RUNS | ALIGNMENT,
    "claims": RUNS | DATASETS | SUMMARIES | MEASURED | {CLAIMS},
    "timing": {"Dataset report", "Seconds per epoch by engine and batch size"}
    | SMALL_RUNS
    | {"Figure of the time of an epoch"},
    # Its runs are those of `many`, but for their epochs.
    "equal": BLOCKS
    | {"Dataset report", "Summary of many"}
    | {"Block of equal: seeds 0 to 1", "Summary of equal"}
    | {"Shares after the same epochs and the same updates: equal"}
    | {"Lowest loss of each run of equal", "Distribution of the lowest loss of equal"}
    | {"Sharpness at the end of the runs of equal", "Sharpness against loss: equal"},
    "cost": {"Dataset report", "Cost of a step by gradient", "Figure of the cost of a step"},
}
#: Those that change what the claims take in, if they are asked for.
ASKED_FOR = ["alignment", "cost", "timing"]


@pytest.fixture
def finished(built, tmp_path):
    """A finished workflow, to be edited."""
    return Workspace.again(built, tmp_path / "finished")


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """All jobs behind the targets that do not change what others take in."""
    targets = [target for target in TARGETS if target not in ASKED_FOR]
    return Workspace(tmp_path_factory.mktemp("plan")).plan("all", *targets)


def test_everything_is_planned_at_first(workspace):
    assert workspace.planned() == EVERYTHING


def test_everything_is_a_target(workspace):
    planned = workspace.planned("everything")
    assert planned > EVERYTHING - {TIMING, COST} | {BANDS}
    assert planned > BLOCKS | CROSSED | CROSSED_FIGURES | ALIGNMENT
    assert planned.isdisjoint({TIMING, COST})
    assert "Figure of the cost of a step" in planned
    assert "Sharpness against loss: other" in planned


def test_nothing_is_planned_after_a_full_run(finished):
    for targets in ([], ["many"]):
        assert "Nothing to be done" in finished.snakemake("--dry-run", *targets)


def test_another_seed_plans_its_runs_and_what_is_downstream(finished):
    finished.config["studies"]["other"]["seeds"] += [7]
    finished.save()
    assert finished.planned() == {"Run of other: batch size 600, seed 7"} | DOWNSTREAM_OF_OTHER


def test_another_batch_size_plans_its_runs_and_what_is_downstream(finished):
    finished.config["studies"]["small"]["batch_sizes"] += [16]
    finished.save()
    assert finished.planned() == (DOWNSTREAM_OF_SMALL - ALIGNED) | {
        "Run of small: batch size 16, seed 0",
        "Gradients along the runs of small: batch size 16",
    }


def test_another_study_plans_nothing_of_the_others(finished):
    finished.config["studies"]["third"] = {"batch_sizes": [8], "seeds": [0]}
    finished.save()
    assert finished.planned() == set()
    assert finished.planned("third") == {"Run of third: batch size 8, seed 0", "Summary of third"}


@pytest.mark.parametrize(
    ("file", "planned"),
    [
        ("jfb/output/figures/published.py", REPORT_FIGURES),
        ("jfb/output/figures/seeds.py", {LEVELS, ECDF}),
        ("draw.py", FIGURES),
        ("jfb/output/figures/inputs.py", FIGURES),
        ("jfb/output/figures/cost.py", set()),
        ("jfb/output/figures/style.py", FIGURES),
        ("jfb/model/solvers.py", SMALL_RUNS | DOWNSTREAM_OF_SMALL | {COST}),
        ("jfb/engines/fused/lanes.py", OTHER_RUNS | DOWNSTREAM_OF_OTHER | {TIMING}),
        ("jfb/engines/fused/kernel.py", OTHER_RUNS | DOWNSTREAM_OF_OTHER | {TIMING}),
        ("jfb/engines/blocks.py", set()),
        ("jfb/measure/alignment.py", ALIGNED | {CLAIMS}),
        ("jfb/records/alignment.py", ALIGNED | {CLAIMS}),
        ("jfb/analysis/statistics.py", {CLAIMS}),
        ("jfb/measure/units.py", set()),
        ("jfb/output/drift.py", set()),
        ("jfb/model/deq.py", {COST, CLAIMS}),
        ("jfb/model/adjoints.py", SMALL_RUNS | DOWNSTREAM_OF_SMALL | {COST}),
        ("jfb/engines/fused/adjoint.py", OTHER_RUNS | DOWNSTREAM_OF_OTHER | {TIMING}),
        ("jfb/output/figures/factors.py", set()),
    ],
)
def test_what_follows_from_a_file_of_the_library(file, planned, plan):
    found = plan.after(f"workflow/scripts/{file}") & plan.before("all")
    assert found == planned


@pytest.mark.parametrize(
    ("target", "file", "planned"),
    [
        ("all", "jfb/engines/fused/lanes.py", OTHER_RUNS | DOWNSTREAM_OF_OTHER | {TIMING}),
        ("many", "jfb/engines/fused/sums.py", BLOCKS | DOWNSTREAM_OF_MANY),
    ],
)
def test_an_edit_plans_what_reads_it(target, file, planned, finished):
    finished.edit(f"scripts/{file}")
    assert finished.planned(target) == planned


@pytest.mark.parametrize(
    ("file", "planned"),
    [
        ("jfb/engines/blocks.py", BLOCKS | DOWNSTREAM_OF_MANY),
        ("jfb/streams/recording.py", BLOCKS | DOWNSTREAM_OF_MANY),
        ("jfb/engines/fused/sums.py", BLOCKS | DOWNSTREAM_OF_MANY),
        ("gather.py", {"Summary of many"} | FIGURES_OF_MANY),
        ("jfb/engines/reference.py", set()),
        ("jfb/analysis/shares.py", FIGURES_OF_MANY),
        ("jfb/output/figures/minima.py", set()),
    ],
)
def test_which_blocks_follow_from_a_file_of_the_library(file, planned, plan):
    assert plan.after(f"workflow/scripts/{file}") & plan.before("many") == planned


def test_comments_and_new_times_of_files_plan_nothing(finished):
    for script in (finished.path / "workflow/scripts").rglob("*.py"):
        finished.edit(script.relative_to(finished.path / "workflow"), "# A remark.")
    assert finished.planned("all", "many") == set()


def test_another_block_size_plans_its_blocks(finished):
    finished.config["studies"]["many"]["block_size"] = 4
    finished.save()
    assert finished.planned("many") == {
        "Block of many: seeds 0 to 3",
        "Block of many: seeds 4 to 4",
        *DOWNSTREAM_OF_MANY,
    }


def test_a_study_that_is_to_keep_logs_plans_its_runs(finished):
    del finished.config["studies"]["many"]["block_size"]
    finished.save()
    planned = finished.planned("many")
    assert len(planned) == 14
    assert {"Run of many: batch size 64, seed 0", "Summary of many"} | FIGURES_OF_MANY <= planned
    assert "Loss over epochs of many" in planned


def test_more_seeds_plan_their_blocks_only(finished):
    finished.config["studies"]["many"]["seeds"] = {"first": 0, "last": 6}
    finished.save()
    assert finished.planned("many") == {
        "Block of many: seeds 3 to 5",
        "Block of many: seeds 6 to 6",
        *DOWNSTREAM_OF_MANY,
    }


def test_from_a_stream_follow_the_runs_that_draw_from_it(plan):
    found = plan.after("workflow/scripts/jfb/streams/per_seed.py") & plan.before("all")
    assert found == EVERYTHING - DATASETS - {COST}


@pytest.mark.parametrize("file", ["storage/machine_code.py", "streams/orders.py"])
def test_from_what_is_compiled_for_streams_follow_all_runs(file, plan):
    found = plan.after(f"workflow/scripts/jfb/{file}") & plan.before("all")
    assert found == EVERYTHING - DATASETS - {COST}


def test_an_edit_of_a_script_plans_its_rule(finished):
    finished.edit("scripts/summarise.py")
    assert finished.planned() == SUMMARIES | {"Table 1", CLAIMS, LEVELS, ECDF}


@pytest.mark.parametrize("file", ["noise.py", "splits.py"])
def test_from_noise_and_split_follow_the_datasets(file, plan):
    assert plan.after(f"workflow/scripts/jfb/streams/{file}") >= DATASETS


def test_from_table1_follows_only_the_table(plan):
    found = plan.after("workflow/scripts/jfb/analysis/table1.py") & plan.before("all")
    assert found == {"Table 1", CLAIMS}


def test_table_and_claims_take_what_is_a_target_and_not_what_is_there(finished):
    timing = finished.path / "results/timing.csv"
    timing.write_text("engine,batch_size,stage,round,epochs,seconds_per_epoch\n")
    assert finished.planned() == set()
    assert finished.planned("all", "timing") >= {"Table 1", CLAIMS}


def test_times_of_other_machines_are_evidence_and_no_rows_of_table_1(workspace):
    other = workspace.path / "timing/machines/other.csv"
    other.parent.mkdir(parents=True)
    other.touch()
    of_time = "Figure of the time of an epoch"
    for targets, read in (
        (["table1", "claims"], {CLAIMS}),
        (["timing", "table1", "claims"], {CLAIMS, of_time}),
    ):
        plan = workspace.plan(*targets)
        assert plan.after("timing/machines/other.csv") == read


def test_another_accuracy_threshold_plans_its_study(finished):
    finished.config["studies"]["small"]["accuracy_threshold"] = 0.2
    finished.save()
    assert finished.planned() == SMALL_RUNS | DOWNSTREAM_OF_SMALL


def test_another_room_plans_its_dataset_and_what_is_downstream(finished):
    finished.config["datasets"]["tiny"]["length"] = 21.0
    finished.save()
    assert finished.planned() == {"Dataset tiny"} | OTHER_RUNS | DOWNSTREAM_OF_OTHER


def test_a_deleted_log_plans_its_run_and_what_is_downstream(finished):
    log = finished.path / "results/runs/small/batch_size=32/seed=0/log.parquet"
    log.unlink()
    assert finished.planned() == DOWNSTREAM_OF_SMALL - {
        "Gradients along the runs of small: batch size 64"
    } | {"Run of small: batch size 32, seed 0"}


@pytest.mark.parametrize("target", [target for target in TARGETS if target not in ASKED_FOR])
def test_a_target_needs(target, plan):
    assert plan.before(target) == TARGETS[target]


@pytest.mark.parametrize("target", ASKED_FOR)
def test_a_target_plans_what_it_needs(target, workspace):
    assert workspace.planned(target) == TARGETS[target]


def test_a_run_that_the_config_lacks_is_refused_with_a_reason(workspace):
    output = workspace.snakemake("results/runs/small/batch_size=7/seed=0/log.parquet", check=False)
    assert workspace.status != 0
    assert "study small has no run with batch size 7 and seed 0" in output


def test_a_block_that_the_config_lacks_is_refused_with_a_reason(workspace):
    output = workspace.snakemake("results/blocks/many/seeds_0_4.parquet", check=False)
    assert workspace.status != 0
    assert "study many has no block of the seeds 0 to 4" in output


def test_a_run_has_one_path_only(workspace):
    workspace.snakemake(
        "--dry-run", "results/runs/small/batch_size=032/seed=00/log.parquet", check=False
    )
    assert workspace.status != 0


def test_every_rule_name_is_reserved(workspace):
    listed = re.findall(r"^\w+$", workspace.snakemake("--list-rules"), re.MULTILINE)
    rules = set(listed) - workspace.config["studies"].keys()
    assert {"align", "alignment", "cost", "draw_levels", "everything"} <= rules
    assert {rule for rule in rules if not rule.startswith(OF_FIGURES)} <= set(NO_STUDIES)
    groups = read_yaml("workflow/profiles/slurm/config.yaml")["groups"]
    assert groups.keys() <= rules
