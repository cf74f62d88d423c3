"""A study on a real Slurm of one node: the same results, few submissions, no job lost."""

import os
import re
import subprocess
import sys
import time

import pytest

import cluster
from conftest import Workspace, assert_same_runs

RUNS = 44
IN_ONE_JOB = 11

pytestmark = pytest.mark.skipif(
    bool(cluster.missing()), reason=f"needs {', '.join(cluster.missing())}"
)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The variables under which a cluster is reached, which ends with the tests."""
    folder = tmp_path_factory.mktemp("slurm")
    cluster.start(folder)
    try:
        yield os.environ | cluster.environment(folder)
    finally:
        cluster.stop(folder)


def workspace(path):
    made = Workspace(path)
    made.config["studies"]["small"] |= {
        "seeds": {"first": 0, "last": RUNS // 2 - 1},
        "engine": "fused",
        "epochs": 20,
    }
    made.config["studies"]["one"] = {"batch_sizes": [64], "seeds": [0]}
    made.config["replay"] = made.config["alignment"]["study"] = "one"
    made.save()
    return made


def submit(made, reached, *arguments):
    """Start Snakemake, which submits its jobs; what it tells goes to a file that is returned."""
    told = made.path / "told.txt"
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm"]
    command += ["--group-components", f"runs={IN_ONE_JOB}"]
    command += ["--slurm-init-seconds-before-status-checks", "2"]
    command += ["--default-resources", "slurm_partition=other", "--", *arguments]
    with told.open("w") as file:
        job = subprocess.Popen(
            command, cwd=made.path, env=reached, stdout=file, stderr=subprocess.STDOUT
        )
    return job, told


def running(reached):
    """The job ids of the bundles of runs that are at work."""
    command = ["squeue", "--noheader", "--states=RUNNING", "--format=%i %k"]
    found = subprocess.run(command, env=reached, capture_output=True, text=True, check=True)
    return [line.split()[0] for line in found.stdout.splitlines() if "runs" in line]


def test_a_study_on_slurm(slurm, tmp_path, fault):
    """One of its bundles is cancelled while it runs: it is submitted again, and nothing is lost."""
    made = workspace(tmp_path / "slurm")
    with fault("job of Slurm cancelled"):
        job, told = submit(made, slurm, "small")
        try:
            cancelled = cancel_one(made, job, slurm)
            assert job.wait() == 0, told.read_text()
        finally:
            job.kill()
        local = workspace(tmp_path / "local")
        local.snakemake("small")
        same = assert_same_runs(local.path / "results", made.path / "results", "small")
        assert same == RUNS

    found = re.findall(
        r"submitted with SLURM jobid (\d+) \(log: .*slurm_logs/(\w+)", told.read_text()
    )
    bundles = [number for number, place in found if place.startswith("group_runs")]
    figures = [place for _, place in found if place.startswith("group_figures")]
    assert figures
    # The dataset, the summary, the figures, each bundle, and the one that was cancelled again.
    assert len(bundles) == RUNS // IN_ONE_JOB + 1
    assert len(found) == len(bundles) + len(figures) + 2
    print(f"{RUNS} runs in {len(found)} submissions; job {cancelled} cancelled and recovered")
    command = ["scontrol", "show", "job", cancelled]
    asked = subprocess.run(command, env=slurm, capture_output=True, text=True, check=True).stdout
    assert "JobState=CANCELLED" in asked
    # From the rules: bundled runs take turns on one core, with the memory of one, two minutes each.
    for part in ("NumCPUs=1 ", "MinMemoryNode=1000M", "TimeLimit=00:22:00", "Partition=other"):
        assert part in asked


def cancel_one(made, job, reached):
    """Cancel a bundle that has made some of its runs; its number."""
    while job.poll() is None:
        time.sleep(0.5)
        if len(list(made.path.glob("results/runs/small/*/*/log.parquet"))) >= 3:
            for number in running(reached)[:1]:
                subprocess.run(["scancel", number], env=reached, check=True)
                return number
    raise AssertionError("no bundle was found at work")
