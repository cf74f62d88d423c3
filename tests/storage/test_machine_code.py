"""The compiled code on disk."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from filelock import FileLock

from conftest import ROOT
from jfb.storage import machine_code
from jfb.storage.machine_code import folder

SUM = """
import sys; sys.path[:0] = ["workflow/scripts"]
from jfb.storage.machine_code import compiled

@compiled
def total(latent, inputs, numbers):
    found = 0.0
    for i in range(len(latent)):
        found += numbers[i]
    return found

size = int(sys.argv[1])
print(total((None,) * size, (), (0.5,) * size))
"""


@pytest.fixture
def program(tmp_path):
    """A program that compiles for a size; of the package below the folder in which it is run."""
    path = tmp_path / "program.py"
    path.write_text(SUM)
    return path


def test_jobs_that_start_together_share_one_cache(program, tmp_path):
    """Seconds: six processes compile for three sizes at once."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"}
    sizes = [1, 2, 3] * 2
    jobs = [
        subprocess.Popen(
            [sys.executable, program, str(size)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for size in sizes
    ]
    results = [job.communicate()[0] for job in jobs]
    assert [job.returncode for job in jobs] == [0] * len(jobs)
    assert [float(text.splitlines()[-1]) for text in results] == [size / 2 for size in sizes]
    assert sum(text.count("data saved to") for text in results) == 3, "each was compiled once"
    assert sum(text.count("data loaded from") for text in results) == 3


def test_what_others_compile_is_not_waited_for(program, tmp_path):
    """While the code for one size is being compiled, that for another is, and loaded again."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"}

    def run(size, **options):
        command = [sys.executable, program, str(size)]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, **options
        )

    assert "data saved to" in run(1).stdout
    (lock,) = tmp_path.glob("*/lock-*")
    with FileLock(lock):
        with pytest.raises(subprocess.TimeoutExpired):
            run(1, timeout=3)
        assert "data saved to" in run(2).stdout
    assert all("data loaded from" in run(size).stdout for size in (1, 2))


def test_copies_of_the_package_share_one_cache(program, tmp_path):
    """The same program with the package in another folder loads what the first has compiled."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"}
    told = []
    for name in ("one", "other"):
        scripts = tmp_path / name / "workflow/scripts"
        compiled = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "workflow/scripts/jfb", scripts / "jfb", ignore=compiled)
        # The function that is compiled lies in another folder too.
        package = tmp_path / name / "package"
        package.mkdir()
        command = [sys.executable, shutil.copy(program, package), "3"]
        told.append(
            subprocess.check_output(command, cwd=tmp_path / name, env=environment, text=True)
        )
    assert [text.count("data saved to") for text in told] == [1, 0]
    assert [text.count("data loaded from") for text in told] == [0, 1]


def test_a_cache_that_cannot_be_written_says_what_to_do(program, tmp_path):
    (tmp_path / "file").write_text("")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "file/cache")}
    command = [sys.executable, program, "1"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.search("file/cache.*; set NUMBA_CACHE_DIR to a folder that can be written", last)


@pytest.fixture
def of_another_user(tmp_path, monkeypatch):
    """A package beside which nothing can be written, and a folder for the user's own cache."""
    package = tmp_path / "clone/package"
    package.mkdir(parents=True)
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    refused = machine_code.os.access
    monkeypatch.setattr(
        machine_code.os,
        "access",
        lambda path, mode: "clone" not in str(path) and refused(path, mode),
    )
    return package


def test_where_the_clone_cannot_be_written_the_user_has_an_own_cache(of_another_user, forgetful):
    assert folder(of_another_user).parent.parts[-2:] == ("own", "jfb")
    with machine_code._locked(folder(of_another_user), machine_code._LOCK):
        pass


def test_a_user_without_a_home_is_told_what_to_do(tmp_path, forgetful, monkeypatch):
    for variable in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    # As for a number that no user has.
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 5)
    (tmp_path / "__pycache__").write_text("")
    with (
        pytest.raises(OSError, match="set NUMBA_CACHE_DIR to a folder that can be written"),
        machine_code._locked(folder(tmp_path), machine_code._LOCK),
    ):
        pass


def test_a_cache_whose_folder_cannot_be_made_is_not_taken(tmp_path, forgetful, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    (tmp_path / "__pycache__").write_text("")
    assert folder(tmp_path).parent == tmp_path / "own/jfb"


def test_a_lock_of_another_user_is_not_taken(tmp_path, forgetful, monkeypatch):
    """In a folder that the group may write, but whose lock only its owner may."""
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    beside = folder(tmp_path)
    assert beside.parent == tmp_path / "__pycache__"
    beside.mkdir(parents=True)
    (beside / "lock").touch()
    allowed = machine_code.os.access
    monkeypatch.setattr(
        machine_code.os, "access", lambda path, mode: path.name != "lock" and allowed(path, mode)
    )
    folder.cache_clear()
    assert folder(tmp_path).parent == tmp_path / "own/jfb"


def test_a_lock_that_cannot_be_taken_says_what_to_do(tmp_path):
    (tmp_path / "lock").mkdir()
    with (
        pytest.raises(OSError, match="set NUMBA_CACHE_DIR to a folder that can be written"),
        machine_code._locked(tmp_path, machine_code._LOCK),
    ):
        pass


@pytest.fixture
def forgetful():
    """The folders are told anew."""
    folder.cache_clear()
    yield
    folder.cache_clear()


@pytest.mark.parametrize("package", ["engines/fused", "streams"])
def test_compiled_code_lies_beside_its_package_unless_told_otherwise(
    package, forgetful, monkeypatch
):
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    path = ROOT / "workflow/scripts/jfb" / package
    assert folder(path).parent == path / "__pycache__"


def test_an_edit_of_any_file_of_a_package_is_another_cache(tmp_path, forgetful):
    folders = []
    for contents in ("a", "b", "a"):
        (tmp_path / "lanes.py").write_text(contents)
        folder.cache_clear()
        folders.append(folder(tmp_path))
    assert folders[0] == folders[2] != folders[1]
    (tmp_path / "more.py").write_text("a")
    folder.cache_clear()
    assert folder(tmp_path) not in folders


def test_linear_algebra_is_not_imported_for_compiled_code(program, tmp_path):
    """Neither to compile nor to load; whoever needs it later can import it."""
    with program.open("a") as file:
        file.write('print("scipy.linalg" in sys.modules)\nimport scipy.linalg\n')
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, program, "1"]
    for _ in range(2):
        told = subprocess.check_output(command, cwd=ROOT, env=environment, text=True)
        assert told.split() == ["0.5", "False"]
