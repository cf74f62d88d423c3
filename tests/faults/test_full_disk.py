"""A disk that is full while a log, a summary, a table or a figure is written."""

import os
import re
import subprocess

import pytest

from conftest import Workspace, assert_same_runs

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="mounts a small file system, for which it has to be root"
)

#: What is written, its folder, its target, and the file that the error names.
PLACES = {
    "log": ("runs/small", "small", r"results/runs/small/batch_size=\d+/seed=0/\S+"),
    "summary": ("summaries", "small", r"results/summaries/small\.parquet"),
    "figure": ("figures", "figure1", r"results/figures/figure1\.\w+"),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    made = Workspace(tmp_path_factory.mktemp("undisturbed"))
    made.snakemake("small")
    return made.path / "results"


@pytest.fixture
def small_disk(tmp_path):
    mounted = []

    def mount(folder):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=True)
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def fill(folder, left):
    """Fill a disk but for `left` bytes."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            filler.truncate(filler.tell() - left)


@pytest.mark.parametrize("left", [0, 4096])
@pytest.mark.parametrize("what", PLACES)
def test_a_disk_that_is_full(what, left, small_disk, tmp_path, undisturbed, fault):
    place, target, named = PLACES[what]
    with fault(f"disk full while a {what} is written"):
        made = Workspace(tmp_path / "workspace")
        if what != "log":
            made.snakemake("dataset", "results/runs/small/batch_size=64/seed=0/log.parquet")
        folder = made.path / "results" / place
        small_disk(folder)
        fill(folder, left)
        output = made.snakemake(target, check=False)
        assert made.status != 0
        told = re.search(rf"{named}: could not be written: No space left on device", output)
        assert told, output
        whole = [path for path in folder.rglob("*") if path.is_file() and path.name != "filler"]
        # A page is room for parameters, not for a log.
        assert all(left and path.name.startswith("_") for path in whole), whole
        (folder / "filler").unlink()
        made.snakemake(target)
        if target == "small":
            assert_same_runs(undisturbed, made.path / "results", "small")
        assert not list(folder.rglob(".*"))
