"""A page of the explorer of made-up runs: a plugin of pytest, as `browser` is."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from jfb.output import explorer
from jfb.records import dataset, runlog
from jfb.records.dataset import Part

ORIGIN = json.dumps({"settings_sha256": "a" * 64, "commit": None, "versions": {}})
EPOCHS = 300
SNAPSHOTS = (0, 1, 10, 300)
#: Batch size and seed of runs in which searches for fixed points end at their limit, and when.
STOPPED = 32, 1
FIRST_STOPPED, LAST_STOPPED = 201, 230


def made_up(folder, run, losses):
    """The path of a log with these losses."""
    path = folder / f"{run.batch_size}_{run.seed}_{len(run.levels)}.parquet"
    log = runlog.empty(run.epochs) | {"train_loss": losses, "val_loss": 1.1 * losses}
    log |= {"iterations_mean": np.full(run.epochs, 7.0), "spectral_norm": np.full(run.epochs, 0.9)}
    if (run.batch_size, run.seed) == STOPPED:
        log["unconverged"][FIRST_STOPPED - 1 : LAST_STOPPED] = 3
    runlog.write(path, log, run, {})
    return path


def functions(runs):
    """A straight line at first, then one kink at 10 m."""
    rows = []
    for run in runs:
        level = "/".join(level for _, level in run.levels) or "none"
        place = {"level": level, "batch_size": run.batch_size, "seed": run.seed}
        for epoch in SNAPSHOTS:
            corners = [(0, 0.0), (10, 1.0), (25, 0.2)] if epoch > 1 else [(0, 0.5), (25, 0.5)]
            told = {"loss": 0.1 / (1 + epoch), "converged": True, "diverged": False}
            told |= {"function_kinks": len(corners) - 2, "flat_pieces": 0}
            rows += [place | told | {"epoch": epoch, "position": x, "value": y} for x, y in corners]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def found(tmp_path_factory, project):
    """What a page has of eight runs of two studies, of which the second has the exact gradient."""
    return of_two_studies(tmp_path_factory.mktemp("explorer"), project, ("gradient", "implicit"))


def of_two_studies(folder, project, level):
    """What a page has of a study without factors, and of one with this factor and level."""
    way = np.linspace(0, 1, 200)[:, None] * np.float32([20, 13, 8])
    part = Part(way.astype(np.float32), np.sin(way[:, 0]).astype(np.float32))
    dataset.write(folder / "data.parquet", part, part)
    first = project.studies["replay"].runs[2400, 42]
    runs = [
        dataclasses.replace(first, batch_size=size, seed=seed, epochs=EPOCHS, levels=levels)
        for levels in ((), (level,))
        for size in (2400, 32)
        for seed in (0, 1)
    ]
    losses = [1 / np.arange(1, EPOCHS + 1) / (k + 1) for k in range(len(runs))]
    losses[1][100] = 1e-6
    losses[2][250:] = np.nan
    # A run that diverged has snapshots without a function.
    pieces = functions(runs[:4])
    lost = (pieces["batch_size"] == 32) & (pieces["seed"] == 0) & (pieces["epoch"] > 1)
    pieces.loc[lost, ["position", "value", "loss"]] = np.nan
    pieces.loc[lost, "converged"], pieces.loc[lost, "diverged"] = False, True
    paths = [made_up(folder, run, loss) for run, loss in zip(runs, losses, strict=True)]
    studies = {
        "plain": (paths[:4], pieces),
        "crossed": (paths[4:], functions(runs[4:])),
    }
    without = (pieces["batch_size"] == 32) & (pieces["seed"] == 1) & (pieces["epoch"] == 1)
    pieces.loc[without, ["position", "value", "loss"]] = np.nan
    pieces.loc[without, "converged"] = False
    least = pd.DataFrame({"category": ["one kink, slope on both sides"], "loss": [0.00049]})
    return explorer.payload(studies, folder / "data.parquet", least, 0.1, "plain", ORIGIN)


def written_to(folder, payload):
    """The path of a page with this payload."""
    path = folder / "explorer.html"
    path.write_text(explorer.page(payload, ROOT / "workflow/explorer"))
    return path


@pytest.fixture
def written(found, tmp_path):
    """The path of the page."""
    return written_to(tmp_path, found)
