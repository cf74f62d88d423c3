"""Jobs and schedulers that are killed: the next run ends as an undisturbed one does."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from conftest import Workspace, assert_same_runs, made_once

KILLS = 20


def new(path):
    made = Workspace(path)
    made.config["studies"]["small"]["epochs"] = 1500
    made.save()
    return made


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The study, made, and the seconds that the first of its training jobs took."""

    def make(path):
        scheduler = start(new(path))
        job = wait_for_job(scheduler)
        began = time.monotonic()
        job.wait()
        (path / "seconds").write_text(f"{time.monotonic() - began}")
        assert scheduler.wait() == 0

    made = made_once(tmp_path_factory, "not_killed", make)
    return made / "results", float((made / "seconds").read_text())


@pytest.fixture
def prepared(undisturbed, tmp_path):
    """A workspace with a dataset, but no runs."""
    made = Workspace.again(undisturbed[0].parent, tmp_path / "workspace")
    for name in ("runs", "summaries"):
        shutil.rmtree(made.path / "results" / name)
    return made


def start(made):
    """A scheduler in a process group of its own, as a terminal starts it."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "small"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=made.path, start_new_session=True, **quiet)


def wait_for_job(scheduler):
    """The process of a training job, as soon as there is one."""
    while scheduler.poll() is None:
        for process in psutil.Process(scheduler.pid).children(recursive=True):
            try:
                if process.cmdline()[1].endswith("train.py"):
                    return process
            except (psutil.NoSuchProcess, psutil.ZombieProcess, IndexError):
                continue
        time.sleep(0.01)
    raise AssertionError("no training job was started")


def again(made, undisturbed):
    """The next run of the plain command ends well, and with the same results."""
    made.snakemake("small", cores=4)
    assert assert_same_runs(undisturbed[0], made.path / "results", "small") == 2
    assert not list((made.path / "results").rglob(".*"))


@pytest.mark.parametrize("place", range(KILLS))
def test_a_training_job_that_is_killed(place, prepared, undisturbed, fault):
    moment = undisturbed[1] * (place + random.Random(place).random()) / KILLS
    with fault("training job killed (SIGKILL)"):
        scheduler = start(prepared)
        job = wait_for_job(scheduler)
        time.sleep(moment)
        while not killed(job):
            # It had ended already: a faster one than the one that was timed.
            scheduler.wait()
            for log in prepared.path.glob("results/runs/small/*/*/log.parquet"):
                log.unlink()
            scheduler = start(prepared)
            job = wait_for_job(scheduler)
            moment *= 0.7
            time.sleep(moment)
        assert scheduler.wait() != 0
        again(prepared, undisturbed)


def killed(job):
    try:
        if job.status() == psutil.STATUS_ZOMBIE:
            return False
        job.kill()
    except psutil.NoSuchProcess:
        return False
    return True


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "Ctrl-C"])
def test_a_scheduler_that_is_killed(how, place, prepared, undisturbed, fault):
    """After SIGKILL its jobs go on without it while the next scheduler starts them anew."""
    with fault(f"scheduler killed ({how})"):
        scheduler = start(prepared)
        wait_for_job(scheduler)
        time.sleep(undisturbed[1] * (place + 0.5) / 3)
        jobs = psutil.Process(scheduler.pid).children(recursive=True)
        if how == "Ctrl-C":
            os.killpg(scheduler.pid, signal.SIGINT)
        else:
            scheduler.send_signal(getattr(signal, how))
        scheduler.wait()
        again(prepared, undisturbed)
        psutil.wait_procs(jobs)
        again(prepared, undisturbed)


def test_a_scheduler_that_is_killed_before_its_first_job(prepared, undisturbed, fault):
    with fault("scheduler killed (SIGKILL)"):
        scheduler = start(prepared)
        locks = prepared.path / ".snakemake/locks"
        while not list(locks.glob("*.lock")) and scheduler.poll() is None:
            time.sleep(0.005)
        scheduler.kill()
        scheduler.wait()
        assert list(locks.glob("*.lock"))
        again(prepared, undisturbed)


def test_what_a_killed_process_left_half_written_goes(prepared, undisturbed, fault):
    with fault("training job killed (SIGKILL)"):
        gone = subprocess.Popen(["true"])
        gone.wait()
        folder = prepared.path / "results/runs/small/batch_size=64/seed=0"
        folder.mkdir(parents=True)
        left = folder / f".log.{os.uname().nodename}-{gone.pid}.parquet"
        left.write_bytes(b"PAR1")
        again(prepared, undisturbed)
        assert not left.exists()
