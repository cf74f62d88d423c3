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
from scipy.stats import kstest

import plain
from conftest import ROOT, make_data
from jfb.model import targets
from jfb.records import dataset
from jfb.streams import splits


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


@pytest.fixture
def uniform(project):
    return dataclasses.replace(project.datasets["report"], geometry="uniform", position_seed=5)


def points_of(options):
    """Inputs (n, 3) and target (n,) of both parts, in the order of the points."""
    parts = make_data(options)
    order = splits.permutation(options.points, options.split_seed)
    points, target = np.empty((options.points, 3)), np.empty(options.points)
    points[order] = np.concatenate([part.inputs for part in parts])
    target[order] = np.concatenate([part.target for part in parts])
    return points, target


def test_uniform_points_fill_the_room(uniform):
    points, target = points_of(uniform)
    assert np.linalg.matrix_rank(points - points.mean(axis=0)) == 3
    for place, side in zip(points.T, (20, 13, 8), strict=True):
        assert kstest(place, "uniform", (0, side)).pvalue > 0.001
    correlated = np.corrcoef(points.T)[np.triu_indices(3, 1)]
    assert np.abs(correlated).max() < 0.05
    x, y, z = points.T
    expected = np.tanh(x / (1 + np.exp(-y))) + y / (1 + x**2 + z**2)
    np.testing.assert_allclose(target, expected, rtol=1e-5, atol=1e-6)


def test_uniform_points_belong_to_their_seed(uniform, tmp_path):
    """And to no other seed of the dataset; of the split, their order is."""
    seeds = {
        "again": {},
        "noise": {"noise_seed": 1},
        "split": {"split_seed": 1},
        "other": {"position_seed": 6},
    }
    files = {name: tmp_path / name for name in ("first", *seeds)}
    dataset.write(files["first"], *make_data(uniform))
    for name, seed in seeds.items():
        dataset.write(files[name], *make_data(dataclasses.replace(uniform, **seed)))
    written = {name: file.read_bytes() for name, file in files.items()}
    assert written["first"] == written["again"] == written["noise"]
    points = {
        name: points_of(dataclasses.replace(uniform, **seed))[0] for name, seed in seeds.items()
    }
    np.testing.assert_array_equal(points["split"], points["again"])
    assert written["split"] != written["first"]
    assert not np.isclose(points["other"], points["again"]).all(axis=1).any()


@pytest.mark.parametrize("formula", ["code", "printed"])
@pytest.mark.parametrize("geometry", ["diagonal", "uniform"])
def test_noise_on_inputs_leaves_the_targets(geometry, formula, uniform):
    still = dataclasses.replace(
        uniform,
        geometry=geometry,
        formula=formula,
        position_seed=5 if geometry == "uniform" else None,
    )
    (points, target), (shown, given) = (
        points_of(options)
        for options in (still, dataclasses.replace(still, noise_std=0.5, noise_on="inputs"))
    )
    np.testing.assert_array_equal(given, target)
    shift = shown - points
    assert shift.std(axis=0) == pytest.approx([0.5] * 3, rel=0.05)
    assert np.abs(shift.mean(axis=0)).max() < 4 * 0.5 / 3000**0.5
    assert np.abs(np.corrcoef(shift.T)[np.triu_indices(3, 1)]).max() < 0.1


@pytest.mark.parametrize("std", [0.01, 0.5])
@pytest.mark.parametrize("formula", ["code", "printed"])
def test_noise_on_targets_leaves_the_inputs(formula, std, uniform):
    still = dataclasses.replace(uniform, formula=formula)
    (points, target), (shown, given) = (
        points_of(options)
        for options in (still, dataclasses.replace(still, noise_std=std, noise_on="targets"))
    )
    np.testing.assert_array_equal(shown, points)
    shift = given - target
    assert shift.std() == pytest.approx(std, rel=0.05)
    assert abs(shift.mean()) < 4 * std / 3000**0.5
    assert kstest(shift / std, "norm").pvalue > 0.001
    others = np.column_stack([target, points])
    assert np.abs(np.corrcoef(shift, others.T)[0, 1:]).max() < 0.1


def test_noise_on_something_else_is_the_same_noise(uniform):
    """Drawn by the same seed: what differs between two datasets is where it is added."""
    points, _ = points_of(uniform)
    on_position, on_inputs = (
        points_of(dataclasses.replace(uniform, noise_std=0.5, noise_on=place))
        for place in ("position", "inputs")
    )
    np.testing.assert_array_equal(on_position[0], on_inputs[0])
    assert (on_position[0] != points).all(axis=1).mean() > 0.99
    assert (on_position[1] != on_inputs[1]).mean() > 0.99


@pytest.mark.parametrize("geometry", ["diagonal", "uniform"])
def test_no_noise_is_the_same_on_anything(geometry, uniform, tmp_path):
    seed = 5 if geometry == "uniform" else None
    written = []
    for place in ("position", "inputs", "targets"):
        options = dataclasses.replace(
            uniform, geometry=geometry, position_seed=seed, noise_on=place
        )
        dataset.write(tmp_path / place, *make_data(options))
        written.append((tmp_path / place).read_bytes())
    assert written[0] == written[1] == written[2]


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


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("report", {}),
        ("printed", {}),
        ("report", {"geometry": "uniform", "position_seed": 3}),
        ("report", {"noise_std": 0.1, "noise_on": "targets"}),
    ],
)
def test_the_job_of_a_dataset_makes_the_same_bytes(name, changes, project, tmp_path):
    """In a process of its own, as Snakemake starts it: a second, or three where it loads PyTorch.

    Only the printed formula and noise need that.
    """
    expected, made = tmp_path / "expected.parquet", tmp_path / "made.parquet"
    options = dataclasses.replace(project.datasets[name], **changes)
    dataset.write(expected, *make_data(options))
    told = json.dumps(options.to_dict())
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
    assert output.split() == [str(name == "printed" or "noise_std" in changes), "False"]
    assert made.read_bytes() == expected.read_bytes()
