"""The ways in which people call the workflow, from where, and with what."""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pandas as pd
import pytest
import yaml

from conftest import ROOT, WARM, Workspace

TINY = "results/data/tiny.parquet"


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


@pytest.mark.parametrize("name", ["a{b}", "a}b"])
def test_a_folder_whose_name_cannot_work_is_refused(name, tmp_path, told):
    workspace = Workspace(tmp_path / name)
    status, said = snakemake(workspace.path, "-n", "--cores", "1", told=told)
    assert status != 0
    assert "takes a brace in a path for a wildcard; rename the folder" in said


@pytest.mark.parametrize("name", ["a{b", "a:b"])
def test_make_refuses_such_a_folder_before_it_installs(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "Makefile").write_text((ROOT / "Makefile").read_text())
    done = subprocess.run(["make", "-n"], cwd=folder, capture_output=True, text=True)
    assert done.returncode != 0
    assert "rename it" in done.stderr
    assert not done.stdout


MODULE = """
import yaml

module jfb:
    snakefile: {snakefile!r}
    config: yaml.safe_load(open({config!r}))
    prefix: "deq"

use rule * from jfb as jfb_*
"""


@pytest.fixture
def outer(workspace):
    """Another workflow, in a folder of its own, that takes this one as a module."""
    folder = workspace.path / "outer"
    folder.mkdir()
    paths = {"snakefile": "../Snakefile", "config": str(workspace.path / "config.yaml")}
    (folder / "Snakefile").write_text(MODULE.format(**paths))
    return folder


def test_as_a_module_of_another_workflow(outer, told):
    """Seconds: a small study and the claims, which rest on most tables."""
    status, said = snakemake(outer, "--cores", "4", "jfb_claims", told=told)
    assert status == 0, said
    claims = pd.read_csv(outer / "deq/results/claims.csv")
    assert {"cells/replay", "summaries/seeds", "timing_short/reference"} <= set(claims["table"])
    assert sorted(path.name for path in outer.iterdir()) == [".snakemake", "Snakefile", "deq"]
    again, said = snakemake(outer, "-n", "--cores", "1", "jfb_claims", told=told)
    assert again == 0
    assert "Nothing to be done" in said


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


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("defaults={epochs: 7, optimiser: {learning_rate: 1.0e-2}}", None),
        ("defaults=epochs: 7", None),
        ("default_studies=[small]", None),
        ("defaults={epochs: seven}", "defaults.epochs: 'seven' must be an integer"),
        ("defaults={epochs: 7, epochs: 8}", "defaults.epochs: 'epochs' must not be set twice"),
        ("defaults={a: !!python/name:os.system x}", "defaults.a: .* type that is not allowed"),
    ],
)
def test_nested_values_on_the_command_line_are_read_as_yaml(argument, said, workspace, told):
    status, output = snakemake(
        workspace.path, "-n", "--cores", "1", "--config", argument, "--", TINY, told=told
    )
    assert (status == 0) == (said is None), output
    if said:
        assert re.search(said, " ".join(output.split()))


def test_a_nested_value_on_the_command_line_takes_effect(workspace):
    data = "results/data/tiny.parquet"
    workspace.snakemake("--config", "datasets={tiny: {points: 900}}", "--", data, cores=1)
    assert len(pd.read_parquet(workspace.path / data)) == 900


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
        subprocess.run(["rm", "-r", path], check=True)
    assert finished.planned() == set()


@pytest.mark.parametrize("file", ["claims.yaml", "rule_changes.yaml"])
def test_contents_of_versioned_files_plan_what_reads_them(file, built, tmp_path):
    finished = Workspace.again(built, tmp_path / "finished")
    finished.edit(file, "# Another word.")
    assert finished.planned() == {"Verdicts on the claims"}


def test_parts_of_a_batch_split_the_runs(workspace):
    summary = "results/summaries/crossed.parquet"
    first, last = (
        workspace.planned("--batch", f"summarise={part}/2", summary)
        if part == 1
        else workspace.planned(summary)
        for part in (1, 2)
    )
    runs = {message for message in last if message.startswith("Run of crossed")}
    assert len(runs) == 8
    assert len(first & runs) == 4
    workspace.snakemake("--batch", "summarise=1/2", summary, cores=4)
    assert {m for m in workspace.planned("--batch", "summarise=2/2", summary) if m in runs} == (
        runs - first
    )


def test_a_job_that_dies_before_its_log_tells_the_cause_and_no_more(workspace):
    script = workspace.path / "workflow/scripts/generate.py"
    script.write_text(f"import nothing_there\n{script.read_text()}")
    output = workspace.snakemake(TINY, check=False)
    assert workspace.status != 0
    assert "ModuleNotFoundError: No module named 'nothing_there'" in output
    assert "Logging error" not in output
    assert "FileNotFoundError" not in output


def test_the_profile_of_slurm_says_how_it_is_called():
    first = (ROOT / "workflow/profiles/slurm/config.yaml").read_text().splitlines()[0]
    command = first.removeprefix("# ").partition(";")[0]
    assert f"`{command}`" in (ROOT / "README.md").read_text()
    name = command.split()[-1]
    assert (ROOT / name / "config.yaml").samefile(ROOT / "workflow/profiles/slurm/config.yaml")


def test_ci_tries_the_pythons_that_the_page_names():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    tried = jobs["test"]["strategy"]["matrix"]["python"]
    assert f"Python {' and '.join(tried)}" in (ROOT / "README.md").read_text()


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
