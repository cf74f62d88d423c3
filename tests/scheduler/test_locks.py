"""Locks of schedulers."""

import os
import subprocess
import sys

import pytest

from conftest import ROOT
from jfb.scheduler import locks


def test_the_locks_of_the_dead_are_removed_and_those_of_the_living_are_not(tmp_path):
    lock = tmp_path / "locks/0.output.lock"

    def leave():
        lock.parent.mkdir(exist_ok=True)
        lock.write_text("results/a\n")

    leave()
    first = locks.Scheduler(tmp_path, [])
    assert not lock.exists()
    leave()
    first.started()
    second = locks.Scheduler(tmp_path, [])
    assert lock.exists()
    second.ended()
    locks.Scheduler(tmp_path, []).ended()
    assert lock.exists()
    first.ended()
    third = locks.Scheduler(tmp_path, [])
    assert not lock.exists()
    third.ended()


def test_schedulers_start_one_at_a_time(tmp_path):
    first = locks.Scheduler(tmp_path, [])
    script = (
        "from jfb.scheduler import locks; print('waits', flush=True); "
        f"locks.Scheduler({str(tmp_path)!r}, []); print('started')"
    )
    command = [sys.executable, "-c", script]
    scripts = ROOT / "workflow/scripts"
    with subprocess.Popen(command, cwd=scripts, stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout.readline() == "waits\n"
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.5)
        first.started()
        assert second.communicate()[0] == "started\n"
    first.ended()


def test_the_one_who_holds_the_locks_is_named(tmp_path):
    notes, machine = tmp_path / "schedulers", os.uname().nodename
    first = locks.Scheduler(tmp_path, ["snakemake", "two words"])
    first.started()
    # As if it was another process of this machine.
    (notes / f"{machine}-{os.getpid()}").rename(notes / f"{machine}-{os.getppid()}")
    second = locks.Scheduler(tmp_path, [])
    told = second.others()
    assert f"process {os.getppid()} on {machine}, since 20" in told
    assert ": snakemake 'two words'\n" in told
    assert f"flock {tmp_path}/schedulers.lock true" in told
    (notes / f"{machine}-{os.getppid()}").rename(notes / f"{machine}-{2**22 + 1}")
    assert "no scheduler is known" in second.others(), "it was killed"
    (notes / "node-7-12").write_text("since then")
    assert "process 12 on node-7, since then" in second.others()
    first.ended()
    second.ended()
    locks.Scheduler(tmp_path, []).ended()
    assert not list(notes.iterdir())
