"""What a configuration says of a user's files is held against them before any job runs."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from jfb.config.datasets import File, from_dict
from jfb.config.errors import ConfigError
from jfb.config.project import load
from jfb.model import own_data
from jfb.storage.own import Faulty

OWN = {"name": "own", "file": "mine.py", "cell": "Mine"}
DATA = {"file": "a.npz", "points": 60, "shape": [2], "training_share": 0.5, "split_seed": 1}
STUDY = {"engine": "autograd", "batch_sizes": [32], "seeds": [0]}


@pytest.fixture
def config(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("class Mine:\n    pass\n\ndef w(v, pull):\n    return v\n")
    (tmp_path / "broken.py").write_text("x = 1\ndef f(:\n")
    rng = np.random.default_rng(0)
    np.savez("a.npz", inputs=rng.normal(size=(60, 2)), target=np.arange(60) % 3)
    return config


NETWORKS = [
    ({"file": "none.py"}, "network.file: 'none.py' can't be read: No such file or directory"),
    ({"file": "broken.py"}, "network.file: 'broken.py' is no Python, line 2: "),
    ({"file": "/tmp/mine.py"}, "network.file: '/tmp/mine.py' must be a path from the folder"),
    ({"file": "mine.txt"}, "network.file: 'mine.txt' must end in .py"),
    ({"cell": "Other"}, "network.cell: 'Other' must be one of what mine.py defines: Mine, w"),
]


@pytest.mark.parametrize(("changes", "said"), NETWORKS)
def test_a_network_that_its_file_does_not_define_is_refused(changes, said, config):
    config["studies"]["mine"] = STUDY | {"network": OWN | changes}
    with pytest.raises(ConfigError) as error:
        load(config)
    assert str(error.value).startswith(f"studies.mine.{said}")


def test_an_own_network_has_no_other_activation_and_no_other_engine(config):
    config["studies"]["mine"] = STUDY | {"network": OWN, "activation": "tanh"}
    with pytest.raises(ConfigError, match="must be relu, as by default: the network own has what"):
        load(config)
    config["studies"]["mine"] = STUDY | {"network": OWN, "engine": "reference"}
    with pytest.raises(ConfigError, match="'own' is not offered by engine reference"):
        load(config)
    config["studies"]["mine"] = STUDY | {"network": OWN, "stream": "report"}
    with pytest.raises(ConfigError, match="others need the stream per_seed"):
        load(config)
    config["studies"]["mine"] = STUDY | {"network": OWN}
    (run,) = load(config).studies["mine"].runs.values()
    assert (run.network.cell.file, run.network.cell.cell) == ("mine.py", "Mine")


def test_a_gradient_that_its_file_does_not_define_is_refused(config):
    gradient = {"name": "own", "file": "mine.py", "function": "y"}
    config["studies"]["mine"] = STUDY | {"gradient": gradient}
    with pytest.raises(ConfigError, match=r"gradient\.function: 'y' must be one of what mine\.py"):
        load(config)


FORMULAS = [
    ({"formula": "own"}, "formula_file: None must be set for the formula own"),
    (
        {"formula": "own", "formula_file": "mine.py"},
        "formula_function: None must be set for the formula own",
    ),
    ({"formula_file": "mine.py"}, "formula_file: 'mine.py' needs formula: own"),
    (
        {"formula": "own", "formula_file": "none.py", "formula_function": "t"},
        "formula_file: 'none.py' can't be read: No such file or directory",
    ),
    (
        {"formula": "own", "formula_file": "mine.py", "formula_function": "t"},
        "formula_function: 't' must be one of what mine.py defines: Mine, w",
    ),
]


@pytest.mark.parametrize(("changes", "said"), FORMULAS)
def test_a_formula_that_its_file_does_not_define_is_refused(changes, said, config):
    config["datasets"]["report"] |= changes
    with pytest.raises(ConfigError) as error:
        load(config)
    assert str(error.value).startswith(f"datasets.report.{said}")


FILES = [
    ({"file": "none.npz"}, "file: 'none.npz' is no file"),
    ({"file": "mine.py"}, "file: 'mine.py' must end in .parquet or .npz"),
    ({"file": "/tmp/a.npz"}, "file: '/tmp/a.npz' must be a path from the folder"),
    ({"shape": [1, 1, 1, 1]}, "shape: [1, 1, 1, 1] must have at most 3 entries"),
    ({"shape": [64, 65]}, "shape: [64, 65] must have at most 4096 numbers in all"),
    ({"shape": [0]}, "shape: 0 must be at least 1"),
    ({"classes": 1}, "classes: 1 must be at least 2"),
    ({"classes": 40}, "training_share: 0.5 must leave at least 40 of 60 points to each part"),
    ({"size": 1}, "size: 1 is an unknown key; allowed here: file, points, shape, classes, "),
]


@pytest.mark.parametrize(("changes", "said"), FILES)
def test_data_that_is_not_there_is_refused(changes, said, config):
    config["datasets"]["mine"] = DATA | changes
    with pytest.raises(ConfigError) as error:
        load(config)
    assert str(error.value).startswith(f"datasets.mine.{said}")


def test_the_loss_must_be_that_of_the_data(config):
    config["datasets"]["mine"] = DATA | {"classes": 3}
    config["studies"]["mine"] = STUDY | {"dataset": "mine", "batch_sizes": [30]}
    with pytest.raises(ConfigError, match="needs a dataset with one number as its target, not min"):
        load(config)
    config["studies"]["mine"] |= {"loss": "cross_entropy"}
    (run,) = load(config).studies["mine"].runs.values()
    assert (run.network.input_dim, run.network.outputs, run.network.image) == (2, 3, None)
    assert from_dict(run.dataset.to_dict()) == run.dataset


def test_a_measurement_of_points_is_refused_for_a_file(config):
    config["datasets"]["mine"] = DATA
    config["studies"]["mine"] = STUDY | {"dataset": "mine", "batch_sizes": [30]}
    config["trajectories"] = "mine"
    with pytest.raises(ConfigError, match="trajectories: 'mine' must be a study of points of the"):
        load(config)


RNG = np.random.default_rng(1)
INPUTS, TARGET = RNG.normal(size=(60, 2)), np.arange(60) % 3
BROKEN = {
    "no_target": ({"inputs": INPUTS}, "can't be read: 'target is not a file in the archive'"),
    "shape": (
        {"inputs": INPUTS[:, :1], "target": TARGET},
        "has inputs of shape (60, 1), not (60, 2), of points and shape",
    ),
    "points": ({"inputs": INPUTS[1:], "target": TARGET[1:]}, "has inputs of shape (59, 2), not"),
    "targets": (
        {"inputs": INPUTS, "target": TARGET[:, None]},
        "has targets of shape (60, 1), not (60,)",
    ),
    "text": ({"inputs": INPUTS.astype(str), "target": TARGET}, "has inputs of type <U"),
    "nan": (
        {"inputs": np.where(INPUTS > 1, np.nan, INPUTS), "target": TARGET},
        "has inputs that are not finite in float32",
    ),
    "classes": (
        {"inputs": INPUTS, "target": TARGET + 1},
        "must have every class from 0 to 2 as target, twice at least, and no other",
    ),
    "one_of_a_class": (
        {"inputs": INPUTS, "target": np.array([2] + [0, 1] * 29 + [1])},
        "must have every class from 0 to 2 as target, twice at least",
    ),
    "pickle": (
        {"inputs": np.array([{}] * 60, dtype=object), "target": TARGET},
        "can't be read: Object arrays cannot be loaded",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_with_other_samples_is_refused_in_one_line(name, tmp_path):
    arrays, said = BROKEN[name]
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    options = File(str(path), 60, (2,), 0.5, 1, classes=3)
    with pytest.raises(Faulty) as error:
        own_data.make(options)
    assert str(error.value).startswith(f"{path}: {said}")
    assert "\n" not in str(error.value)


def test_what_is_no_file_of_numpy_or_parquet_is_refused(tmp_path):
    for ending in ("npz", "parquet"):
        path = tmp_path / f"a.{ending}"
        path.write_text("no data")
        with pytest.raises(Faulty, match=rf"a\.{ending}: can't be read: "):
            own_data.make(File(str(path), 60, (2,), 0.5, 1))


def test_an_archive_with_a_damaged_member_is_refused_in_one_line(tmp_path):
    path = tmp_path / "a.npz"
    for save in (np.savez, np.savez_compressed):
        save(path, inputs=INPUTS, target=TARGET)
        content = bytearray(path.read_bytes())
        content[300] ^= 0xFF
        path.write_bytes(content)
        with pytest.raises(Faulty, match=r"a\.npz: can't be read: ") as error:
            own_data.make(File(str(path), 60, (2,), 0.5, 1))
        assert "\n" not in str(error.value)


def test_a_picture_keeps_its_order_and_numbers_are_split_plainly(tmp_path):
    path = tmp_path / "a.npz"
    pictures, target = RNG.normal(size=(20, 2, 3, 4)).astype(np.float32), RNG.normal(size=20)
    np.savez(path, inputs=pictures, target=target)
    options = File(str(path), 20, [2, 3, 4], 0.75, 5)
    assert options.image == (2, 3, 4)
    parts = own_data.make(options)
    assert [len(part) for part in parts] == [15, 5]
    known = {np.float32(t): picture for t, picture in zip(target, pictures, strict=True)}
    for part in parts:
        for row, t in zip(part.inputs, part.target, strict=True):
            np.testing.assert_array_equal(row.reshape(2, 3, 4), known[t])
    other = own_data.make(dataclasses.replace(options, split_seed=6))
    assert not np.array_equal(other[0].target, parts[0].target)


def test_columns_of_a_parquet_file_are_inputs_in_their_order(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"b": INPUTS[:, 0], "target": TARGET, "a": INPUTS[:, 1]}).to_parquet(path)
    (training, _) = own_data.make(File(str(path), 60, (2,), 0.5, 1, classes=3))
    rows = {tuple(row) for row in INPUTS.astype(np.float32)}
    assert {tuple(row) for row in training.inputs} <= rows
    assert np.bincount(training.target.astype(int)).tolist() == [10, 10, 10]
