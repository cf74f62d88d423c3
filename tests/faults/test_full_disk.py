"""A disk that is full while a log, a summary, a table or a figure is written."""

import re
import shutil
import subprocess

import pytest

from conftest import Workspace, assert_same_runs, can_mount, unmount

pytestmark = pytest.mark.skipif(not can_mount(), reason="needs the right to mount")

RUN = "results/runs/small/batch_size=32/seed=0"
#: What is written, its folder, the bytes left, its target, and the file that the error names.
PLACES = [
    ("parameters", "runs/small", 0, f"{RUN}/log.parquet", rf"{RUN}/_best\.safetensors"),
    # A page for each file of parameters, none for the log.
    ("log", "runs/small", 3 * 4096, f"{RUN}/log.parquet", rf"{RUN}/log\.parquet"),
    ("summary", "summaries", 0, "small", r"results/summaries/small\.parquet"),
    ("summary", "summaries", 4096, "small", r"results/summaries/small\.parquet"),
    ("figure", "figures", 0, "figure1", r"results/figures/figure1\.svg"),
    ("figure", "figures", 40_960, "figure1", r"results/figures/figure1\.\w+"),
]


@pytest.fixture
def small_disk(tmp_path):
    mounted = []

    def mount(folder):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=True)
        mounted.append(folder)

    yield mount
    for folder in mounted:
        unmount(folder)


def fill(folder, left):
    """Fill a disk but for `left` bytes."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            filler.truncate(filler.tell() - left)


@pytest.mark.parametrize(("what", "place", "left", "target", "named"), PLACES)
def test_a_disk_that_is_full(
    what, place, left, target, named, small_disk, tmp_path, undisturbed, fault
):
    with fault(f"disk full while a {what} is written"):
        made = Workspace.again(undisturbed, tmp_path / "workspace")
        folder = made.path / "results" / place
        shutil.rmtree(folder, ignore_errors=True)
        small_disk(folder)
        fill(folder, left)
        output = made.snakemake(target, check=False)
        assert made.status != 0
        told = re.search(rf"{named}: could not be written: No space left on device", output)
        assert told, output
        # What was made before the disk was full goes with the job that failed.
        assert {path.name for path in folder.rglob("*") if path.is_file()} == {"filler"}
        (folder / "filler").unlink()
        made.snakemake(target, "small")
        assert_same_runs(undisturbed / "results", made.path / "results", "small")
        assert not list(folder.rglob(".*"))
