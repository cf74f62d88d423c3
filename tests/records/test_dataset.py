"""The points, the two targets and the split."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import plain
from conftest import ROOT, make_data
from jfb.model import targets
from jfb.records import dataset


@pytest.mark.parametrize(("name", "formula"), [("report", "code"), ("printed", "printed")])
def test_is_the_original_to_the_last_bit(name, formula, project):
    torch.manual_seed(42)
    original = plain.dataset(formula)
    order = torch.randperm(3000, generator=torch.Generator().manual_seed(42)).numpy()
    training, validation = make_data(project.datasets[name])
    assert (len(training), len(validation)) == (2400, 600)
    inputs = np.concatenate([training.inputs, validation.inputs])
    target = np.concatenate([training.target, validation.target])
    np.testing.assert_array_equal(inputs, original.tensors[0].numpy()[order])
    np.testing.assert_array_equal(target, original.tensors[1].numpy()[order, 0])


def test_targets_by_hand():
    """At (0, 0, 0) both are 0; at (1, 2, 1) the parts are 1/(1+e^-2) and 2/3."""
    points = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 1.0]])
    inside, outside = 0.8807970779778823, 2 / 3
    assert targets.code(*points).tolist() == pytest.approx(
        [0, np.tanh(inside) + outside], rel=1e-14
    )
    assert targets.printed(*points).tolist() == pytest.approx(
        [0, np.tanh(inside + outside)], rel=1e-14
    )


@pytest.mark.parametrize("points", [2, 3, 4, 7, 200, 1001, 3000, 100_000])
@pytest.mark.parametrize("lengths", [(20, 13, 8), (0.1, 1 / 3, 1e-3), (7.7, 1e6, 123.456)])
def test_points_are_those_of_torch_linspace(lengths, points):
    expected = torch.stack([torch.linspace(0, side, points) for side in lengths])
    np.testing.assert_array_equal(targets.diagonal(points, *lengths), expected.numpy())


def test_points_lie_on_the_diagonal(project):
    training, validation = make_data(project.datasets["report"])
    points = np.concatenate([training.inputs, validation.inputs]).astype(float)
    assert np.linalg.matrix_rank(points, tol=1e-3) == 1
    assert points.max(axis=0).tolist() == [20.0, 13.0, 8.0]


def test_noise_shifts_points_before_the_target(project):
    still = project.datasets["report"]
    noisy = dataclasses.replace(still, noise_std=0.5)
    (points, _), (shifted, _) = make_data(still), make_data(noisy)
    shift = shifted.inputs - points.inputs
    assert shift.std(axis=0) == pytest.approx([0.5] * 3, rel=0.05)
    assert abs(np.corrcoef(shift.T)[0, 1]) < 0.1
    x, y, z = torch.from_numpy(shifted.inputs).T
    target = torch.tanh(x / (1 + torch.exp(-y))) + y / (1 + x**2 + z**2)
    np.testing.assert_allclose(shifted.target, target, rtol=1e-5, atol=1e-6)


def test_file_keeps_values_order_and_split(project, tmp_path):
    parts = make_data(dataclasses.replace(project.datasets["report"], points=50))
    dataset.write(tmp_path / "d.parquet", *parts)
    table = pq.read_table(tmp_path / "d.parquet")
    assert table.column_names == ["x", "y", "z", "target", "split"]
    assert table["split"].to_pylist() == ["training"] * 40 + ["validation"] * 10
    for part, kept in zip(parts, dataset.read(tmp_path / "d.parquet"), strict=True):
        np.testing.assert_array_equal(part.inputs, kept.inputs)
        np.testing.assert_array_equal(part.target, kept.target)


def test_another_table_is_refused_by_name(tmp_path):
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "other.parquet")
    with pytest.raises(
        ValueError, match=r"other\.parquet: damaged: not what was written as a dataset"
    ):
        dataset.read(tmp_path / "other.parquet")


@pytest.mark.parametrize("name", ["report", "printed"])
def test_the_job_of_a_dataset_makes_the_same_bytes(name, project, tmp_path):
    """In a process of its own, as Snakemake starts it; only the printed formula needs PyTorch."""
    expected, made = tmp_path / "expected.parquet", tmp_path / "made.parquet"
    dataset.write(expected, *make_data(project.datasets[name]))
    told = json.dumps(project.datasets[name].to_dict())
    code = (
        "import json, runpy, sys; from types import SimpleNamespace as Space\n"
        "sys.path.insert(0, 'workflow/scripts')\n"
        "given = Space(log=[sys.argv[2]], output=[sys.argv[3]],"
        " params=Space(dataset=json.loads(sys.argv[1])))\n"
        "runpy.run_path('workflow/scripts/generate.py', init_globals={'snakemake': given})\n"
        "print('torch' in sys.modules, 'numba' in sys.modules)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "MKL_CBWR"}
    output = subprocess.check_output(
        [sys.executable, "-c", code, told, tmp_path / "log", made],
        cwd=ROOT,
        env=environment,
        text=True,
    )
    assert output.split() == [str(name == "printed"), "False"]
    assert made.read_bytes() == expected.read_bytes()
