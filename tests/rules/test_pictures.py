"""A study of pictures, from the configuration to its summary: half a minute, nine jobs."""

import pandas as pd
import pytest

from conftest import Workspace
from jfb.config.datasets import Digits
from jfb.config.names import MEASURED
from jfb.config.project import load
from jfb.records import dataset, parameters, runlog

DIGITS = {"source": "digits", "training_share": 0.5, "split_seed": 1}
RUN = "results/runs/pictures/batch_size=64/seed=0"


@pytest.mark.parametrize("seeds", [[0], pytest.param([0, 1], marks=pytest.mark.long)])
def test_a_study_of_pictures_is_made_by_its_name(seeds, tmp_path):
    """Ten seconds; of two seeds figures are drawn, too."""
    workspace = Workspace(tmp_path)
    workspace.config["datasets"]["digits"] = DIGITS
    workspace.config["studies"]["pictures"] = {
        "engine": "autograd",
        "dataset": "digits",
        "loss": "cross_entropy",
        "network": {"name": "fpn", "channels": 4, "blocks": 1, "gamma": 0.5},
        "solver": {"max_iterations": 30},
        "batch_sizes": [64, 32],
        "seeds": seeds,
        "epochs": 6,
    }
    workspace.save()
    workspace.snakemake("pictures")
    training, validation = dataset.read(tmp_path / "results/data/digits.parquet", Digits.inputs)
    assert (len(training), len(validation)) == (898, 899)
    runs = pd.read_parquet(tmp_path / "results/summaries/pictures.parquet")
    expected = [[size, seed] for size in (64, 32) for seed in seeds]
    assert runs[["batch_size", "seed"]].to_numpy().tolist() == expected
    assert (runs["final_val_accuracy"] > 0.3).all()
    assert runs["exact_best_loss"].isna().all()
    log = runlog.read(tmp_path / RUN / "log.parquet")
    run = runlog.run_of(log)
    assert run.network.cell.name == "fpn"
    final = parameters.load(tmp_path / RUN / "_final.safetensors")
    assert final["blocks.0.0.weight"].shape == (4, 4, 3, 3)
    output = workspace.snakemake("results/figures/levels_pictures.png", check=False)
    assert "must be a study with the loss mse, not cross_entropy" in output
    assert workspace.status != 0


def test_a_study_of_a_picture_as_a_function_with_choices_of_the_papers(tmp_path):
    """Five seconds: Snakemake, the picture, and a job that trains two runs."""
    workspace = Workspace(tmp_path)
    workspace.config["datasets"]["camera"] = {
        "source": "camera",
        "side": 16,
        "frequencies": 2,
        "training_share": 0.75,
        "split_seed": 1,
    }
    workspace.config["studies"]["places"] = {
        "engine": "autograd",
        "dataset": "camera",
        "latent_dim": 8,
        "network": {"name": "mlp", "depth": 1, "normalisation": "batch", "ghost": 32},
        "optimiser": {"name": "lamb", "learning_rate": 0.03},
        "initial_scale": 0.5,
        "batch_sizes": [64],
        "seeds": [0],
        "epochs": 20,
        "block_size": 1,
        "factors": {
            "regulariser": {
                "none": {"regulariser": {"name": "none"}},
                "jacobian": {"regulariser": {"name": "jacobian", "weight": 1.0}},
            }
        },
    }
    workspace.save()
    workspace.snakemake("results/summaries/places.parquet")
    options = load(workspace.config).datasets["camera"]
    training, validation = dataset.read(tmp_path / "results/data/camera.parquet", options.inputs)
    assert training.inputs.shape == (192, 10)
    assert len(validation) == 64
    runs = pd.read_parquet(tmp_path / "results/summaries/places.parquet").set_index("regulariser")
    # Half of the variance of the grey values, and more, is explained.
    assert (runs["final_train_loss"] < 0.5 * training.target.var()).all()
    assert runs["adjoint_applications"].to_dict() == {"none": 0, "jacobian": 20}


def test_what_is_measured_of_classifiers_from_their_snapshots(tmp_path):
    """Ten seconds: Snakemake, and eight jobs that import PyTorch; of few digits."""
    workspace = Workspace(tmp_path)
    workspace.config["datasets"]["digits"] = DIGITS | {"training_share": 0.2}
    workspace.config["studies"]["classes"] = {
        "engine": "autograd",
        "dataset": "digits",
        "loss": "cross_entropy",
        "latent_dim": 8,
        "contraction": {"name": "projection", "bound": 0.9, "norm": "infinity"},
        "optimiser": {"learning_rate": 0.03},
        "batch_sizes": [64],
        "seeds": [0],
        "epochs": 80,
        "snapshots": 6,
        "factors": {"tolerance": {"loose": {"solver": {"tolerance": 0.01}}}},
    }
    workspace.save()
    # The functions of a position are those of the points.
    measured = set(MEASURED) - {"pieces"}
    workspace.snakemake(*(f"results/{name}/classes.parquet" for name in measured))
    found = {
        name: pd.read_parquet(tmp_path / f"results/{name}/classes.parquet") for name in measured
    }
    for table in found.values():
        assert set(table["level"]) == {"loose"}
        assert set(table["seed"]) == {0}
    assert found["impurity"]["updates"].max() == 6 * 80
    assert found["impurity"]["loss"].iloc[-1] < 0.5 * found["impurity"]["loss"].iloc[0]
    assert found["sensitivity"]["perron_frobenius"].item() <= 0.9
    assert found["sensitivity"]["pair_largest"].item() <= 1
    assert len(found["class_sharpness"]) == 2
    assert found["gram"]["samples"].item() == 359
    assert found["stability"]["converged"].item()


def test_what_rests_on_the_reports_network_is_refused(tmp_path):
    workspace = Workspace(tmp_path)
    workspace.config["studies"]["pictures"] = {
        "engine": "autograd",
        "network": {"name": "mlp", "depth": 2},
        "batch_sizes": [64],
        "seeds": [0],
    }
    workspace.save()
    output = workspace.snakemake("-n", "results/sharpness/pictures.parquet", check=False)
    assert "must be a study of the network report with one output, not mlp (outputs: 1)" in output
