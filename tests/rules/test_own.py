"""The examples of docs/own.md, as they are there but for their size, and what is wrong with files.

Snakemake runs each example once: half a minute together with one seed. `make long` runs two, of
which figures are drawn too.
"""

import copy
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
import yaml

from conftest import ROOT, Workspace
from jfb.records import dataset, parameters, runlog

PAGE = (ROOT / "docs/own.md").read_text()
#: By file: the text of each block of code after `name`:
BLOCKS = re.findall(r"^`(\S+?)`[^\n]*:\n\n```\w+\n(.*?)```", PAGE, re.M | re.S)
EXAMPLES = {name.partition(".")[0]: code for name, code in BLOCKS if name != "config.yaml"}
SETTINGS = dict(
    zip(EXAMPLES, (yaml.safe_load(c) for n, c in BLOCKS if n == "config.yaml"), strict=True)
)
EPOCHS = 30


@pytest.fixture(params=[1, pytest.param(2, marks=pytest.mark.long)])
def seeds(request):
    return list(range(request.param))


def workspace_of(path, example, seeds, **changes):
    """A workspace with an example's file and settings, of few seeds and epochs."""
    workspace = Workspace(path)
    (path / f"{example}.py").write_text(EXAMPLES[example])
    # A test may change what it is given, and the next one starts from the page again.
    told = copy.deepcopy(SETTINGS[example])
    workspace.config["datasets"] |= told.get("datasets", {})
    workspace.config["datasets"]["report"]["points"] = 3000
    for name, study in told["studies"].items():
        small = {"seeds": seeds, "epochs": EPOCHS, "snapshots": 3}
        workspace.config["studies"][name] = study | small | changes
    workspace.save()
    return workspace


def summary(workspace, name, seeds):
    """The runs of a batch size of 32: of all samples, so few epochs are as few updates."""
    runs = pd.read_parquet(workspace.path / f"results/summaries/{name}.parquet")
    assert len(runs) == 2 * len(seeds)
    return runs[runs["batch_size"] == 32]


def log_of(workspace, name, batch_size=32):
    folder = workspace.path / f"results/runs/{name}/batch_size={batch_size}/seed=0"
    return runlog.read(folder / "log.parquet"), folder


def test_the_page_has_four_examples_of_forty_lines_at_most():
    assert list(EXAMPLES) == ["gated", "halved", "ripples", "make_moons"]
    codes = [code for _, code in BLOCKS]
    for first, second in zip(codes[::2], codes[1::2], strict=True):
        assert len((first + second).splitlines()) <= 40


def test_a_network_of_a_user(seeds, tmp_path):
    """Its first prediction is that of its module, drawn by the seed; an edit trains it anew."""
    workspace = workspace_of(tmp_path, "gated", seeds)
    workspace.snakemake("gated")
    runs = summary(workspace, "gated", seeds)
    assert (runs["final_train_accuracy"] > 0.9).all()
    assert runs["final_spectral_norm"].isna().all()
    log, folder = log_of(workspace, "gated", 2400)
    assert runlog.run_of(log).network.cell.file == "gated.py"
    first = {
        name: part[0] for name, part in parameters.load(folder / "_snapshots.safetensors").items()
    }
    scope = {}
    exec(EXAMPLES["gated"], scope)
    torch.manual_seed(0)
    module = scope["Gated"]((3,), 8, 1)
    for name, tensor in module.state_dict().items():
        np.testing.assert_array_equal(first[name], tensor.numpy(), err_msg=name)
    training, _ = dataset.read(tmp_path / "results/data/report.parquet")
    d, u = torch.from_numpy(training.inputs), torch.zeros(2400, 8)
    with torch.no_grad():
        for _ in range(200):
            u = module(u, d)
        error = module.read_out(u)[:, 0] - torch.from_numpy(training.target)
    assert log["train_loss"][0].as_py() == pytest.approx(error.square().mean().item(), rel=1e-3)
    measured = "results/linearisation/gated/batch_size=2400.parquet"
    workspace.snakemake(measured)
    rows = pq.read_table(tmp_path / measured).to_pylist()
    assert any(row["converged"] and row["radius"] < 1 for row in rows)
    assert not workspace.planned("gated", measured)
    edited = EXAMPLES["gated"].replace("torch.tanh", "torch.sin")
    (tmp_path / "gated.py").write_text(edited)
    planned = workspace.planned("gated", measured)
    assert "Run of gated: batch size 32, seed 0" in planned


def test_a_gradient_of_a_user(seeds, tmp_path):
    """Also beside another in blocks, where an edit of its file is noticed too."""
    workspace = workspace_of(tmp_path, "halved", seeds)
    gradients = {"jfb": {"name": "jfb"}, "mine": workspace.config["studies"]["halved"]["gradient"]}
    factor = {name: {"gradient": gradient} for name, gradient in gradients.items()}
    blocked = {"gradient": {"name": "jfb"}, "block_size": 2, "factors": {"by": factor}}
    # What its runs come to is not looked at.
    blocked |= {"epochs": 2, "batch_sizes": [2400], "seeds": [0, 1]}
    workspace.config["studies"]["both"] = workspace.config["studies"]["halved"] | blocked
    workspace.save()
    workspace.snakemake("halved")
    log, _ = log_of(workspace, "halved")
    assert set(log["adjoint_applications"].to_pylist()) == {2.0}
    assert (summary(workspace, "halved", seeds)["final_train_accuracy"] > 0.8).all()
    workspace.snakemake("both")
    assert not workspace.planned("both")
    (tmp_path / "halved.py").write_text(EXAMPLES["halved"].replace("/ 4", "/ 5"))
    assert "Block of both: seeds 0 to 1" in workspace.planned("both")


def test_a_formula_of_a_user(seeds, tmp_path):
    workspace = workspace_of(tmp_path, "ripples", seeds)
    workspace.snakemake("ripples")
    training, validation = dataset.read(tmp_path / "results/data/ripples.parquet")
    for part in (training, validation):
        x, y, z = part.inputs.astype(float).T
        expected = np.sin(x) * np.exp(-z / 4) + 0.1 * y
        np.testing.assert_allclose(part.target, expected, atol=1e-6)
    losses = summary(workspace, "ripples", seeds)["final_train_loss"]
    assert (losses < np.var(training.target)).all()
    assert not workspace.planned("ripples")
    (tmp_path / "ripples.py").write_text(EXAMPLES["ripples"].replace("/ 4", "/ 5"))
    assert "Dataset ripples" in workspace.planned("ripples")


@pytest.mark.parametrize("ending", ["npz", "parquet"])
def test_data_of_a_user(ending, seeds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workspace = workspace_of(tmp_path, "make_moons", seeds)
    exec(EXAMPLES["make_moons"], {})
    if ending == "parquet":
        with np.load("moons.npz") as arrays:
            inputs, target = arrays["inputs"], arrays["target"]
        pd.DataFrame({"a": inputs[:, 0], "target": target, "b": inputs[:, 1]}).to_parquet(
            "moons.parquet"
        )
        workspace.config["datasets"]["moons"]["file"] = "moons.parquet"
        workspace.save()
    # A run reads what has been made of either: from there on all is the same.
    workspace.snakemake("moons" if ending == "npz" else "results/data/moons.parquet")
    names = ("input_0", "input_1")
    parts = dataset.read(tmp_path / "results/data/moons.parquet", names)
    with np.load("moons.npz") as arrays:
        arrays_of = arrays["inputs"], arrays["target"]
        rows = np.column_stack(arrays_of).astype(np.float32)
    found = np.concatenate([np.column_stack([part.inputs, part.target]) for part in parts])
    assert [len(part) for part in parts] == [480, 120]
    assert sorted(map(tuple, found)) == sorted(map(tuple, rows))
    assert [part.target.mean() for part in parts] == [0.5, 0.5]
    assert not workspace.planned("results/data/moons.parquet")
    if ending == "npz":
        assert (summary(workspace, "moons", seeds)["final_val_accuracy"] > 0.85).all()
        assert not workspace.planned("moons")
        np.savez("moons.npz", inputs=arrays_of[0][::-1], target=arrays_of[1][::-1])
        assert "Dataset moons" in workspace.planned("moons")


FAULTS = {
    "raises": (
        "torch.sigmoid(self.gate(d))",
        "torch.sigmoid(self.gat(d))",
        "gated.py, line 19: AttributeError: 'Gated' object has no attribute 'gat'",
    ),
    "shape": (
        "return torch.sigmoid(self.gate(d)) *",
        "return torch.sigmoid(self.gate(d))[:, :2] * 1 if True else",
        "gated.py, line 18: T(u; d) must have the shape of u, (64, 8), not (64, 2)",
    ),
    "readout": (
        "return self.output(a)",
        "return self.output(a)[:, 0]",
        "gated.py, line 21: read_out must return (64, 1), not (64,)",
    ),
    "random": (
        "torch.tanh(",
        "torch.rand(1) * torch.tanh(",
        "gated.py, line 18: T(u; d) is another each time: it must have no dropout",
    ),
    "coupled": (
        "torch.tanh(self.latent(u)",
        "torch.tanh(self.latent(u - u.mean(0))",
        "gated.py, line 18: T of a sample depends on the others of its batch: set coupled = True",
    ),
    "dropout": (
        "return self.output(a)",
        "return self.output(nn.functional.dropout(a, 0.1))",
        "gated.py, line 18: T(u; d) is another each time: it must have no dropout",
    ),
    "not_finite": (
        "torch.tanh(",
        "torch.log(-2 - u) * torch.tanh(",
        "gated.py, line 18: T(u; d) must be finite for u and d in [0, 1]",
    ),
    "arguments": (
        "def forward(self, u, d):",
        "def forward(self, u, d, *, e):",
        "gated.py, line 18: Gated.forward must take (self, u, d)",
    ),
    "latent": (
        "self.latent_shape = (latent_dim,)",
        "self.latent_shape = latent_dim",
        "gated.py, line 7: latent_shape must be a tuple of whole numbers, the shape of u, not 8",
    ),
    "injected": (
        "    def read_out(self, a):",
        "    def inject(self, d):\n        return d, d\n\n    def read_out(self, a):",
        "gated.py, line 21: inject must return a tensor, not tuple",
    ),
    "nothing": (
        "return self.output(a)",
        "self.output(a)",
        "gated.py, line 21: read_out must return (64, 1), not NoneType",
    ),
    "single": (
        "torch.tanh(",
        "self.rate.float() * torch.tanh(",
        "gated.py, line 19: AttributeError: 'Gated' object has no attribute 'rate'",
    ),
    "no_cell": (
        "class Gated(Cell)",
        "class Gated(nn.Module)",
        "gated.py, line 7: Gated must be a subclass of jfb's Cell",
    ),
}


def test_an_error_in_a_users_file_ends_in_one_line_that_says_where(tmp_path):
    """In one command: each fault in a study of its own."""
    workspace = workspace_of(tmp_path, "gated", [0], batch_sizes=[2400])
    study = workspace.config["studies"].pop("gated")
    for name, (before, after, _) in FAULTS.items():
        assert before in EXAMPLES["gated"]
        code = EXAMPLES["gated"].replace(before, after)
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}/gated.py").write_text(code)
        network = study["network"] | {"file": f"{name}/gated.py"}
        workspace.config["studies"][name] = study | {"network": network}
    workspace.save()
    output = workspace.snakemake("--keep-going", *FAULTS, check=False)
    assert workspace.status != 0
    assert "Traceback" not in output
    # The lines of a log are wrapped where they are shown.
    told = " ".join(output.split())
    for name, (_, _, message) in FAULTS.items():
        assert f"failed: {name}/{message}" in told, output
        assert not (tmp_path / f"results/runs/{name}").exists() or not list(
            (tmp_path / f"results/runs/{name}").rglob("*.parquet")
        )
