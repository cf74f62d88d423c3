"""The comparison of two studies of the same runs, bit by bit."""

import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from conftest import ROOT
from jfb.records import runlog
from jfb.storage import parquet


@pytest.fixture
def results(made, tmp_path):
    """The runs of the study small, and the same again as a study twin."""
    for study in ("small", "twin"):
        shutil.copytree(made / "results/runs/small", tmp_path / "runs" / study)
    return tmp_path


def check(results):
    command = [sys.executable, ROOT / "workflow/scripts/check_exact.py", results, "small", "twin"]
    return subprocess.run(command, capture_output=True, text=True)


def log_of(results, study):
    return sorted((results / "runs" / study).rglob("log.parquet"))[0]


def test_equal_studies_pass_whatever_they_took(results):
    path = log_of(results, "twin")
    table = pq.read_table(path)
    place = table.column_names.index("train_seconds")
    slower = pq.read_table(log_of(results, "twin"))["train_seconds"].to_numpy() + 1
    parquet.write(path, table.set_column(place, table.schema.field(place), [slower]))
    done = check(results)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 runs of small are those of twin" in done.stdout


def test_one_bit_of_a_column_fails(results):
    path = log_of(results, "twin")
    table = runlog.read(path)
    place = table.column_names.index("val_loss")
    changed = table["val_loss"].to_numpy().copy()
    changed.view("u8")[-1] ^= 1
    parquet.write(path, table.set_column(place, table.schema.field(place), [changed]))
    done = check(results)
    assert done.returncode == 1
    assert "differ in val_loss" in done.stdout
    assert "1 of 2 runs" in done.stdout


def test_other_parameters_fail(results):
    path = log_of(results, "twin").with_name("_final.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = check(results)
    assert done.returncode == 1
    assert "differ in final parameters" in done.stdout


def test_other_runs_are_refused_with_what_makes_them(results):
    shutil.rmtree(log_of(results, "twin").parent)
    done = check(results)
    assert done.returncode == 1
    assert done.stderr.strip() == "small and twin have other runs; `make check-exact` makes both"
