"""Logs that are damaged, or others than they should be: the summary refuses them by name."""

import random
import re
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Workspace, assert_same_runs
from jfb.engines import summary
from jfb.records import runlog
from jfb.records.dataset import Part
from jfb.storage import files, parquet

PLACES = 50
LOG = "results/runs/small/batch_size=64/seed=0/log.parquet"


@pytest.fixture
def log(undisturbed, tmp_path):
    """A copy of a log, and the run that it is of."""
    path = tmp_path / "log.parquet"
    path.write_bytes((undisturbed / LOG).read_bytes())
    return path, runlog.run_of(runlog.read(path))


def refused(path, run, what):
    with pytest.raises(files.Unreadable, match=f"^{re.escape(str(path))}: .*{what}") as caught:
        summary.of_logs([path], ["_best.safetensors"], [run], Part(None, None))
    assert "\n" not in str(caught.value)


def test_a_log_truncated_anywhere(log, fault):
    path, run = log
    whole = path.read_bytes()
    for length in random.Random(0).sample(range(len(whole)), PLACES):
        with fault("log truncated"):
            path.write_bytes(whole[:length])
            refused(path, run, "not readable as a log")


def test_a_byte_flipped_anywhere(log, fault):
    path, run = log
    whole = path.read_bytes()
    rng = random.Random(0)
    for place in rng.sample(range(len(whole)), 10 * PLACES):
        with fault("byte of a log flipped"):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << rng.randrange(8)
            path.write_bytes(flipped)
            refused(path, run, "(not readable as|damaged: not what was written as) a log")


def test_other_readers_read_a_log(log):
    """The digest lies where no reader of Parquet looks."""
    path, _ = log
    table = runlog.read(path)
    assert pq.read_table(path).equals(table, check_metadata=True)
    assert pd.read_parquet(path)["epoch"].tolist() == table["epoch"].to_pylist()


def test_an_empty_log(log, fault):
    path, run = log
    with fault("log empty"):
        path.write_bytes(b"")
        refused(path, run, "not readable as a log")


def test_a_log_that_is_text(log, fault):
    path, run = log
    with fault("log of another format"):
        path.write_text("epoch,train_loss\n1,0.5\n")
        refused(path, run, "not readable as a log")


@pytest.mark.parametrize("column", runlog.Epoch._fields)
def test_a_log_that_lacks_a_column(column, log, fault):
    path, run = log
    with fault("log without a column"):
        parquet.write(path, runlog.read(path).drop_columns(column))
        refused(path, run, "not a log of a run")


@pytest.mark.parametrize("kind", [pa.float32(), pa.int64(), pa.string()])
def test_a_log_with_a_column_of_another_type(kind, log, fault):
    path, run = log
    with fault("log with a wrong type"):
        table = runlog.read(path)
        column = pa.array([0] * len(table)).cast(kind)
        parquet.write(path, table.set_column(1, pa.field("train_loss", kind, False), column))
        refused(path, run, "not a log of a run")


def test_a_log_whose_epochs_have_a_gap(log, fault):
    path, run = log
    with fault("log without an epoch"):
        parquet.write(path, runlog.read(path).take([0, 1, 3]))
        refused(path, run, "its epochs do not count from 1")


def test_a_log_written_by_something_else(log, fault):
    path, run = log
    with fault("log of another origin"):
        pq.write_table(runlog.read(path), path)
        refused(path, run, "damaged")


def test_the_log_of_another_study(undisturbed, log, fault):
    path, run = log
    with fault("log of another study"):
        other = undisturbed / "results/runs/other/batch_size=600/seed=3/log.parquet"
        path.write_bytes(other.read_bytes())
        refused(path, run, "the log of another run .*seed: 3, wanted 0")


DAMAGE = {
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "flipped": lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
}


@pytest.mark.parametrize("how", DAMAGE)
def test_the_workflow_says_what_to_do(how, undisturbed, tmp_path, fault):
    """What it says is done as it says it, and everything is as it was."""
    with fault(f"log {how}, through the workflow"):
        made = Workspace.again(undisturbed, tmp_path / "workspace")
        path = made.path / LOG
        path.write_bytes(DAMAGE[how](path.read_bytes()))
        output = made.snakemake("small", check=False)
        assert made.status != 0
        # One line on standard error, before Snakemake's own.
        (told,) = re.findall(rf"^{LOG}: .*; make it anew: (.*)$", output, re.MULTILINE)
        assert not (made.path / "results/summaries/small.parquet").exists()
        command = shlex.split(told)
        assert command[0] == "snakemake"
        subprocess.run(
            [sys.executable, "-m", *command], cwd=made.path, check=True, capture_output=True
        )
        made.snakemake("small")
        assert assert_same_runs(undisturbed / "results", made.path / "results", "small") == 2


def test_parameters_that_are_damaged(undisturbed, tmp_path, fault):
    made = Workspace.again(undisturbed, tmp_path / "workspace")
    file = "results/runs/small/batch_size=64/seed=0/_snapshots.safetensors"
    with fault("snapshots truncated"):
        (made.path / file).write_bytes((made.path / file).read_bytes()[:50])
        output = made.snakemake("results/units/small.parquet", check=False)
        assert made.status != 0
        assert f"{file}: not readable as safetensors" in output
        assert f"make it anew: snakemake --cores 1 --force {file}" in output


def test_a_dataset_that_is_damaged(undisturbed, tmp_path, fault):
    made = Workspace.again(undisturbed, tmp_path / "workspace")
    with fault("dataset damaged"):
        path = made.path / "results/data/report.parquet"
        table = pq.read_table(path)
        moved = table["x"].to_numpy() + np.float32(1)
        pq.write_table(table.set_column(0, table.schema.field(0), pa.array(moved)), path)
        output = made.snakemake("small", check=False)
        assert made.status != 0
        assert "results/data/report.parquet: damaged" in output
