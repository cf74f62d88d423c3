"""Folders that cannot be written, files that are gone, locks that are left, and two schedulers."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import COMPILED, Workspace, assert_same_runs, can_mount, unmount

MOUNTS = pytest.mark.skipif(not can_mount(), reason="needs the right to mount")


@MOUNTS
@pytest.mark.parametrize("folder", ["results", "results/runs"])
def test_results_that_cannot_be_written(folder, tmp_path, undisturbed, fault):
    with fault("results/ read-only"):
        made = Workspace(tmp_path / "workspace")
        place = made.path / folder
        place.mkdir(parents=True)
        subprocess.run(["mount", "--bind", place, place], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
            output = made.snakemake("small", check=False)
            assert made.status != 0
            assert "Read-only file system" in output
            assert "results/" in output
            assert "Traceback" not in output
            assert not list(place.iterdir())
        finally:
            unmount(place)
        made.snakemake("small")
        assert_same_runs(undisturbed / "results", made.path / "results", "small")


@MOUNTS
def test_a_clone_that_cannot_be_written(tmp_path, fault, monkeypatch):
    """Its results are made elsewhere, and what it compiles is kept by the user."""
    with fault("clone read-only"):
        made = Workspace(tmp_path / "clone")
        here, own = tmp_path / "here", tmp_path / "own"
        # Beside the compiled bytecode of modules, which are files.
        for package in filter(Path.is_dir, COMPILED.glob("*-*")):
            # Compiled already, so that this takes seconds.
            left_out = shutil.ignore_patterns("lock")
            shutil.copytree(package, own / "jfb" / package.name, ignore=left_out)
        here.mkdir()
        shutil.move(made.path / "config.yaml", here)
        monkeypatch.delenv("NUMBA_CACHE_DIR")
        monkeypatch.setenv("XDG_CACHE_HOME", str(own))
        subprocess.run(["mount", "--bind", made.path, made.path], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", made.path], check=True)
            snakefile = "--snakefile", str(made.path / "Snakefile")
            made.path = here
            output = made.snakemake(*snakefile, "--", "results/summaries/many.parquet")
            assert "Traceback" not in output
            assert (here / "results/summaries/many.parquet").exists()
            assert list(own.rglob("lock")), "its compiled code was opened there"
        finally:
            unmount(tmp_path / "clone")


def test_a_dataset_that_is_gone(undisturbed, tmp_path, fault):
    """It is made again when a run needs it, and is the same."""
    with fault("dataset missing"):
        made = Workspace.again(undisturbed, tmp_path / "workspace")
        (made.path / "results/data/report.parquet").unlink()
        assert "Nothing to be done" in made.snakemake("small")
        (made.path / "results/runs/small/batch_size=64/seed=0/log.parquet").unlink()
        made.snakemake("small")
        assert_same_runs(undisturbed / "results", made.path / "results", "small")


def test_a_lock_that_was_left(undisturbed, tmp_path, fault):
    with fault("stale lock"):
        made = Workspace.again(undisturbed, tmp_path / "workspace")
        summary = "results/summaries/small.parquet"
        (made.path / summary).unlink()
        locks = made.path / ".snakemake/locks"
        locks.mkdir(exist_ok=True)
        (locks / "0.output.lock").write_text(f"{summary}\n")
        made.snakemake("small")
        assert_same_runs(undisturbed / "results", made.path / "results", "small")


def start(made, target="small"):
    command = [sys.executable, "-m", "snakemake", "--cores", "1", target]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=made.path, **pipes)


@pytest.mark.parametrize("apart", [0.0, 0.1, 0.5, 1.5, 3.0])
def test_two_schedulers_at_once(apart, undisturbed, tmp_path, fault):
    """One at least does the work; what the other cannot do, it says, and what is made is whole."""
    with fault("two schedulers at once"):
        made = Workspace(tmp_path / "workspace")
        both = [start(made)]
        time.sleep(apart)
        both.append(start(made))
        outputs = [scheduler.communicate()[0] for scheduler in both]
        failed = [
            output
            for scheduler, output in zip(both, outputs, strict=True)
            if scheduler.returncode != 0
        ]
        assert len(failed) < 2, outputs
        assert all("At work in this folder:" in output for output in failed), failed
        made.snakemake("small")
        assert_same_runs(undisturbed / "results", made.path / "results", "small")


def test_the_lock_of_a_scheduler_at_work_is_left_alone(undisturbed, tmp_path, fault):
    with fault("two schedulers at once"):
        made = Workspace(tmp_path / "workspace")
        made.config["studies"]["small"]["epochs"] = 1500
        made.save()
        first = start(made)
        log = made.path / "results/logs/runs/small/batch_size=64/seed=0.log"
        while not log.exists() and first.poll() is None:
            time.sleep(0.05)
        output = made.snakemake("small", check=False)
        assert made.status != 0
        assert f"process {first.pid} on " in output
        told, _ = first.communicate()
        assert first.returncode == 0, told
