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
    assert not list(notes.iterdir()), "it may be a dry run"
    first.started()
    # As if it was another process of this machine.
    (notes / f"{machine}-{os.getpid()}").rename(notes / f"{machine}-{os.getppid()}")
    second = locks.Scheduler(tmp_path, [])
    second.started()
    told = second.others()
    assert f"process {os.getppid()} on {machine}, since 20" in told
    assert ": snakemake 'two words'\n" in told
    assert f"flock {tmp_path}/schedulers.lock true" in told
    (notes / f"{machine}-{os.getppid()}").rename(notes / f"{machine}-{2**22 + 1}")
    assert "no scheduler is known" in second.others(), "it was killed"
    (notes / ".nfs0001").write_text("")
    (notes / "node-7-12").write_text("since then")
    assert "process 12 on node-7, since then" in second.others()
    first.ended()
    second.ended()
    assert {note.name for note in notes.iterdir()} == {".nfs0001", "node-7-12"}


def test_locks_are_left_where_a_scheduler_of_another_machine_may_be_at_work(tmp_path):
    """A disk may keep locks of the operating system for each machine apart."""
    lock = tmp_path / "locks/0.output.lock"
    note = tmp_path / "schedulers/node-7-12"
    for path in (lock, note):
        path.parent.mkdir()
        path.write_text("")
    locks.Scheduler(tmp_path, []).ended()
    assert lock.exists()
    note.unlink()
    locks.Scheduler(tmp_path, []).ended()
    assert not lock.exists()


def test_the_note_of_a_scheduler_ends_with_its_process(tmp_path):
    script = f"from jfb.scheduler import locks; locks.Scheduler({str(tmp_path)!r}, []).started()"
    scripts = ROOT / "workflow/scripts"
    subprocess.run([sys.executable, "-c", script], cwd=scripts, check=True)
    assert not list((tmp_path / "schedulers").iterdir())
