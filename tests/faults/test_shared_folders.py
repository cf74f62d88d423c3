"""Two users of one group who share a clone."""

import os
import tempfile
import traceback
from pathlib import Path

import pyarrow as pa
import pytest

from jfb.scheduler import locks
from jfb.storage import joblog, machine_code, parquet

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")

USERS, GROUP = (64001, 64002), 64000


@pytest.fixture
def place():
    """A folder that all users can pass, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture
def clone(place):
    """A folder of a group, as docs/cluster.md says."""
    folder = place / "clone"
    folder.mkdir()
    os.chown(folder, USERS[0], GROUP)
    folder.chmod(0o2775)
    return folder


def as_user(user, umask, work):
    """Do some work in a process of a user; whether it ended well."""
    process = os.fork()
    if process == 0:
        try:
            os.setgroups([])
            os.setgid(GROUP)
            os.setuid(user)
            os.umask(umask)
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(process, 0)[1] == 0


def test_they_write_each_others_files(clone, monkeypatch, capfd):
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    (clone / "package").mkdir(mode=0o2775)
    os.chown(clone / "package", USERS[0], GROUP)

    def work():
        locks.Scheduler(clone / ".snakemake", ["snakemake"]).started()
        (clone / "logs").mkdir(exist_ok=True)
        with joblog.job_log(clone / "logs/job.log") as log:
            parquet.write(clone / "results/a.parquet", pa.table({"user": [os.getuid()]}))
            log.info("done")
        machine_code.folder.cache_clear()
        cache = machine_code.folder(clone / "package")
        assert cache.is_relative_to(clone)
        with machine_code._locked(cache, machine_code._LOCK):
            (cache / f"{os.getuid()}.nbc").write_text("")

    for user in USERS:
        assert as_user(user, 0o002, work), capfd.readouterr().err
        assert (clone / "results/a.parquet").stat().st_uid == user
        assert (clone / "results/a.parquet").stat().st_gid == GROUP


def test_what_a_user_keeps_for_himself_is_said_and_his_cache_is_not_taken(
    clone, place, monkeypatch, capfd
):
    """With the umask 022 the second user can read, and no more."""
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "own"))
    (clone / "package").mkdir()
    os.chown(clone / "package", USERS[0], GROUP)

    def first():
        parquet.write(clone / "results/a.parquet", pa.table({"user": [1]}))
        machine_code.folder.cache_clear()
        assert machine_code.folder(clone / "package").is_relative_to(clone)

    def second():
        machine_code.folder.cache_clear()
        assert machine_code.folder(clone / "package").is_relative_to(place / "own")
        parquet.write(clone / "results/a.parquet", pa.table({"user": [2]}))

    assert as_user(USERS[0], 0o022, first), capfd.readouterr().err
    assert not as_user(USERS[1], 0o022, second)
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.endswith("results/a.parquet: could not be written: Permission denied")


def test_a_folder_that_cannot_be_searched_is_named(place, capfd):
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    table = pa.table({"user": [1]})
    assert not as_user(USERS[0], 0o022, lambda: parquet.write(closed / "results/a.parquet", table))
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.endswith("closed/results/a.parquet: could not be written: Permission denied")
