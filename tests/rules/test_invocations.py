"""The ways in which people call the workflow, from where, and with what."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pandas as pd
import pytest
import yaml

from conftest import ROOT, WARM, Workspace

TINY = "results/data/tiny.parquet"


def make(folder, *arguments):
    """Make in a folder, by itself: `make test` would tell it of its own options."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def snakemake(folder, *arguments, told):
    """Snakemake in a folder, warm: the exit status, and what it tells."""
    told = Path(told)
    status = WARM.snakemake(list(arguments), folder, told)
    return status, told.read_text()


@pytest.fixture
def told(tmp_path):
    return tmp_path / "told"


def test_a_folder_whose_name_a_shell_would_take_apart(tmp_path):
    """Seconds: a scheduler and a job that start cold, from a Python below that folder."""
    folder = tmp_path / """a b&[c];it's "$x" #1"""
    workspace = Workspace(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    (site,) = folder.glob(".venv/lib/*/site-packages")
    (site / "packages.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    command = [".venv/bin/python", "-m", "snakemake", "--cores", "1", TINY]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    points = workspace.config["datasets"]["tiny"]["points"]
    assert len(pd.read_parquet(folder / TINY)) == points
    for file in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / file, folder)
    (folder / ".venv/ready").touch()
    done = make(folder, "check")
    assert "results/table1.csv is not there yet; `make` makes it" in done.stderr


@pytest.mark.parametrize("name", ["a{b}", "a}b"])
def test_a_folder_whose_name_cannot_work_is_refused(name, tmp_path, told):
    workspace = Workspace(tmp_path / name)
    status, said = snakemake(workspace.path, "-n", "--cores", "1", told=told)
    assert status != 0
    assert f"{name}/workflow: Snakemake takes a brace in a path for a wildcard" in said


def test_a_folder_to_work_in_whose_name_cannot_work_is_refused(workspace, told):
    status, said = snakemake(workspace.path, "-n", "--cores", "1", "-d", "a{b}", told=told)
    assert status != 0
    assert "/a{b}: Snakemake takes a brace in a path for a wildcard; rename the folder" in said


@pytest.mark.parametrize("name", ["a{b", "a:b"])
def test_make_refuses_such_a_folder_before_it_installs(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "Makefile").write_text((ROOT / "Makefile").read_text())
    done = make(folder, "-n")
    assert done.returncode != 0
    assert "rename it" in done.stderr
    assert not done.stdout


def test_two_makes_do_not_install_at_once(tmp_path):
    for file in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / ".installing").mkdir()
    done = make(tmp_path, "lint")
    assert done.returncode != 0
    assert "Another make installs into .venv: wait for it. If there is none: rmdir" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_a_failed_installation_lets_the_next_one_start(tmp_path):
    for file in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / ".venv").write_text("no folder")
    done = make(tmp_path, "lint")
    assert done.returncode != 0
    assert "installing into .venv" in done.stdout
    assert not (tmp_path / ".installing").exists()


def test_make_ends_with_what_was_made_told_once():
    lines = make(ROOT, "--dry-run", "--old-file", ".venv/ready", "all").stdout.splitlines()
    scripts = [Path(line.split()[1]).name for line in lines if "workflow/scripts/" in line]
    assert scripts == ["show.py"]


@pytest.fixture
def outer(workspace):
    """Another workflow, in a folder of its own, that takes this one as a module as docs say."""
    page = (ROOT / "docs/running.md").read_text().partition("## From another workflow")[2]
    lines = page.partition("```python\n")[2].partition("```")[0]
    assert len(lines.splitlines()) == 6
    folder = workspace.path / "outer"
    folder.mkdir()
    (folder / "Snakefile").write_text(lines.replace("path/to/clone", str(workspace.path)))
    return folder


@pytest.mark.parametrize("target", ["small", pytest.param("claims", marks=pytest.mark.long)])
def test_as_a_module_of_another_workflow(target, outer, told):
    """Seconds: a small study, or the claims, which rest on most tables."""
    status, said = snakemake(outer, "--cores", "4", f"jfb_{target}", told=told)
    assert status == 0, said
    if target == "claims":
        claims = pd.read_csv(outer / "deq/results/claims.csv")
        assert {"cells/replay", "summaries/seeds", "timing_short/dataloader"} <= set(
            claims["table"]
        )
    else:
        assert len(pd.read_parquet(outer / "deq/results/summaries/small.parquet")) == 2
    assert sorted(path.name for path in outer.iterdir()) == [".snakemake", "Snakefile", "deq"]
    for script in (outer.parent / "workflow/scripts").rglob("*.py"):
        script.touch()
    triggers = "--rerun-triggers", "mtime", "params", "input", "software-env", "--"
    again, said = snakemake(outer, "-n", "--cores", "1", *triggers, f"jfb_{target}", told=told)
    assert again == 0
    assert "Nothing to be done" in said
    status, said = snakemake(outer, "-n", "--cores", "1", *triggers, "jfb_figure1", told=told)
    assert status == 0
    assert "deq/results/figures/figure1.png" in said


def test_targets_of_a_module_change_what_its_claims_rest_on(outer, told):
    status, said = snakemake(
        outer, "-n", "--cores", "1", "jfb_claims", "jfb_cost", "jfb_many", told=told
    )
    assert status == 0, said
    assert "jfb_measure_cost" in said
    assert "jfb_measure_cost_short" not in said


def test_a_module_without_a_configuration_says_so(outer, told):
    snakefile = outer / "Snakefile"
    lines = snakefile.read_text().splitlines()
    snakefile.write_text("\n".join(line for line in lines if "config:" not in line))
    status, said = snakemake(outer, "-n", "--cores", "1", told=told)
    assert status != 0
    assert "config.yaml: a module needs `config:`" in said


def test_a_configuration_and_a_folder_elsewhere(workspace, told):
    here = workspace.path / "here"
    here.mkdir()
    (workspace.path / "config.yaml").rename(here / "my.yaml")
    elsewhere = "-s", "../Snakefile", "--cores", "1", TINY
    status, said = snakemake(here, *elsewhere, told=told)
    assert status != 0
    assert "config.yaml: there is none in this folder; name one with --configfile" in said
    status, said = snakemake(here, "--configfile", "my.yaml", *elsewhere, told=told)
    assert status == 0, said
    assert (here / TINY).exists()
    assert not (workspace.path / "results").exists()


def test_nested_values_on_the_command_line_take_effect(workspace):
    given = "datasets={tiny: {points: 900}}", "datasets={tiny: {split_seed: 7}}"
    workspace.snakemake("--config", *given, "--", TINY, cores=1)
    assert len(pd.read_parquet(workspace.path / TINY)) == 900


def test_nested_values_that_a_configuration_may_not_have_are_refused(workspace):
    given = "--config", "defaults={epochs: 7, epochs: 8}"
    output = workspace.snakemake("-n", *given, "--", TINY, check=False)
    assert workspace.status != 0
    assert "Error in the configuration: defaults.epochs: 'epochs' must not be set twice" in output


WITHOUT_CORES = [
    *(
        "--unlock",
        "--summary",
        "--dag",
        "--rulegraph",
        "--list-untracked",
        "--list-rules",
        "--lint",
    ),
    *("--delete-all-output --dry-run", "--touch"),
]


@pytest.mark.parametrize("options", WITHOUT_CORES)
def test_commands_that_start_no_jobs_need_no_cores(options, workspace, told):
    status, said = snakemake(workspace.path, *options.split(), told=told)
    assert status == 0, said


def test_times_of_files_plan_nothing(built, tmp_path):
    """As after a git stash; and of a new clone, which knows nothing of what was made before."""
    finished = Workspace.again(built, tmp_path / "finished")
    for path in (finished.path / "workflow").rglob("*"):
        if path.is_file():
            path.touch()
    assert finished.planned() == set()
    for path in finished.path.glob(".snakemake/metadata*"):
        shutil.rmtree(path)
    assert finished.planned() == set()


@pytest.mark.parametrize("file", ["claims.yaml", "rule_changes.yaml"])
def test_contents_of_versioned_files_plan_what_reads_them(file, built, tmp_path):
    finished = Workspace.again(built, tmp_path / "finished")
    finished.edit(file, "# Another word.")
    assert finished.planned() == {"Verdicts on the claims"}


@pytest.mark.parametrize(
    "target",
    [pytest.param("crossed", marks=pytest.mark.long), "results/summaries/crossed.parquet"],
)
def test_parts_of_a_batch_split_the_runs(target, workspace):
    def runs(*arguments):
        return {job for job in workspace.planned(*arguments, target) if job.startswith("Run of")}

    everything = runs()
    first = runs("--batch", "summarise=1/2")
    assert (len(everything), len(first)) == (8, 4)
    workspace.snakemake("--batch", "summarise=1/2", target, cores=4)
    assert runs("--batch", "summarise=2/2") == everything - first


def test_a_part_of_the_default_target_makes_runs_of_its_own(workspace):
    runs = workspace.planned("--batch", "summarise=1/2")
    assert runs & RUNS_OF_DEFAULT < RUNS_OF_DEFAULT
    assert "Table 1" not in runs


#: Those of the studies that the default target makes.
RUNS_OF_DEFAULT = {
    *(f"Run of small: batch size {size}, seed 0" for size in (64, 32)),
    *(f"Run of other: batch size 600, seed {seed}" for seed in (3, 1)),
}


def test_a_job_that_dies_before_its_log_tells_the_cause_and_no_more(workspace):
    script = workspace.path / "workflow/scripts/generate.py"
    script.write_text(f"import nothing_there\n{script.read_text()}")
    output = workspace.snakemake(TINY, check=False)
    assert workspace.status != 0
    assert "ModuleNotFoundError: No module named 'nothing_there'" in output
    assert "Logging error" not in output
    assert "FileNotFoundError" not in output
    after = output.partition("No module named 'nothing_there'")[2]
    assert "Traceback" not in after
    assert len(after.splitlines()) < 20


def test_what_is_timed_takes_all_cores(workspace):
    plan = workspace.plan("timing", "cost")
    assert plan.threads("Seconds per epoch by engine and batch size") == 2
    assert plan.threads("Cost of a step by gradient") == 2
    assert plan.threads("Dataset report") == 1


def test_the_times_of_other_machines_plan_nothing_when_they_are_touched(built, tmp_path):
    finished = Workspace.again(built, tmp_path / "finished")
    machines = finished.path / "timing/machines"
    machines.mkdir(parents=True)
    shutil.copy(ROOT / "timing/machines/epyc_2_cores.csv", machines)
    assert finished.planned() == {"Verdicts on the claims"}
    finished.snakemake()
    (machines / "epyc_2_cores.csv").touch()
    assert finished.planned() == set()
    with (machines / "epyc_2_cores.csv").open("a") as file:
        file.write("\n")
    assert finished.planned() == {"Verdicts on the claims"}


def test_the_profile_of_slurm_says_how_it_is_called():
    first = (ROOT / "workflow/profiles/slurm/config.yaml").read_text().splitlines()[0]
    command = first.removeprefix("# ").partition(";")[0]
    assert f"`{command}`" in (ROOT / "README.md").read_text()
    name = command.split()[-1]
    assert (ROOT / name / "config.yaml").samefile(ROOT / "workflow/profiles/slurm/config.yaml")


def test_ci_tries_the_pythons_that_the_page_names():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    tried = jobs["test"]["strategy"]["matrix"]["python"]
    assert f"Python {' and '.join(tried)}" in (ROOT / "docs/running.md").read_text()


def test_results_may_be_a_link(workspace, tmp_path_factory):
    disk = tmp_path_factory.mktemp("disk")
    (workspace.path / "results").symlink_to(disk)
    workspace.snakemake(TINY, cores=1)
    assert (disk / "data/tiny.parquet").exists()
    assert (workspace.path / "results").is_symlink()


def test_a_umask_of_the_group_is_kept(workspace):
    """Cold: the umask is of the process that starts."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", TINY]
    subprocess.run(command, cwd=workspace.path, check=True, capture_output=True, umask=0o027)
    made = workspace.path / TINY
    assert made.stat().st_mode & 0o777 == 0o640
    assert made.parent.stat().st_mode & 0o777 == 0o750
