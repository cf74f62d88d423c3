"""The engine that does as the report's program does, and the time of all engines."""

import dataclasses
import gc
import itertools
import platform
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

import plain
from conftest import ROOT
from jfb.analysis import published, table1
from jfb.analysis.timing import as_run, relative, summarised, with_published
from jfb.analysis.timing import read as read_times
from jfb.config import settings
from jfb.engines import dataloader, reference
from jfb.measure import collector, machine, timing
from jfb.measure.collector import Collector
from jfb.measure.machine import Machine
from jfb.output.table1 import to_markdown
from jfb.records.snapshots import Snapshots
from jfb.records.timing import COLUMNS
from jfb.storage import files
from jfb.streams.interface import open_stream


def ignore(row):
    pass


@pytest.mark.parametrize("batch_size", [2400, 64])
def test_the_engine_is_the_reports_program(batch_size, replay, data):
    run = dataclasses.replace(replay[batch_size], engine="dataloader", epochs=4)
    # The stream stands where its predecessors' 3,000 epochs have been drawn.
    stream = open_stream(replay[batch_size])
    outcome = dataloader.train(run, stream, *data, ignore)
    expected, _ = plain.train(batch_size, 4)
    for k, column in enumerate(plain.COLUMNS):
        np.testing.assert_array_equal(outcome.log[column], expected[:, k], err_msg=column)


@pytest.mark.parametrize("batch_size", [2400, 100])
def test_the_engine_agrees_with_the_reference(batch_size, replay, data):
    """But for the square root in Adam, which optim.Adam takes from MKL, and 100 points a batch."""
    run = dataclasses.replace(replay[2400], batch_size=batch_size, stream="per_seed", epochs=5)
    with plain.rounded_square_root():
        found = dataloader.train(run, open_stream(run), *data, ignore)
    expected = reference.train(run, open_stream(run), *data, ignore)
    for column in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[column], expected.log[column], rtol=1e-5)
    for column in ("iterations_mean", "iterations_max", "unconverged"):
        np.testing.assert_array_equal(found.log[column], expected.log[column])
    np.testing.assert_allclose(found.final, expected.final, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(found.snapshots.epochs, expected.snapshots.epochs)
    np.testing.assert_allclose(
        found.snapshots.parameters, expected.snapshots.parameters, rtol=1e-3, atol=1e-5
    )
    assert found.best_epoch == expected.best_epoch


def test_the_engine_stops_where_the_loss_is_not_finite(replay, data):
    optimiser = dataclasses.replace(replay[64].optimiser, learning_rate=1e30)
    run = dataclasses.replace(replay[64], optimiser=optimiser, stream="per_seed", epochs=9)
    rows = []
    outcome = dataloader.train(run, open_stream(run), *data, rows.append)
    assert len(rows) == len(outcome.log["train_loss"]) < 9
    assert not np.isfinite(outcome.log["train_loss"][-1])
    assert outcome.log["unconverged"].sum() > 0


class Clocked:
    """Stands in for engines: remembers what it was asked, and says how long it took."""

    def __init__(self):
        self.asked, self.states = [], []

    def __call__(self, run):
        def train(run, stream, training, validation, after_epoch):
            start = stream.initial_parameters()
            self.asked.append((run.engine, run.batch_size, run.epochs, float(start[0])))
            self.states.append((gc.isenabled(), gc.get_freeze_count() > 0))
            seconds = np.full(run.epochs, {"dataloader": 4.0, "fused": 0.5}[run.engine])
            # What compiles takes long, and so does an epoch with a full collection in it.
            seconds[0] = 90.0
            if run.epochs == 3 and run.engine == "dataloader":
                seconds[1] = 60.0
            if run.epochs > 3 and run.batch_size == 32 and start[0] == 0:
                gc.collect()
            return SimpleNamespace(log={"train_seconds": seconds})

        return train


@pytest.fixture(scope="module")
def wanted():
    engines = {
        "dataloader": settings.Timed(16.0, ("running", "disabled", "frozen")),
        "fused": settings.Timed(0.3, ("running",)),
    }
    return settings.Timing(engines, (0, 100), 2)


@pytest.fixture(scope="module")
def measured(wanted, replay):
    """Takes seconds: every full collection walks all that the tests have imported."""
    clocked = Clocked()
    epochs = np.array([0, 1, 90, 120])
    kept = Snapshots(epochs, np.repeat(epochs[:, None], 28, axis=1).astype(np.float32))
    runs = {replay[size]: kept for size in (600, 32)}
    done = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "open_engine", clocked)
        table = timing.measure(wanted, runs, None, None, done.append)
    # Of two sizes and stages each: three collectors of the one, one of the other; two rounds.
    assert done == list(range(1, 2 * 16 + 1))
    return table, clocked


def test_a_measurement_is_as_long_as_its_seconds_allow(measured):
    table, clocked = measured
    assert [(engine, size, n) for engine, size, n, _ in clocked.asked[:4]] == [
        (engine, size, 3) for size, engine in itertools.product((600, 32), ("dataloader", "fused"))
    ]
    # 16 s at 4 s an epoch; 0.3 s at 0.5 s an epoch would be one, and two is the fewest.
    epochs = table.groupby("engine")["epochs"].unique()
    assert epochs["dataloader"].tolist() == [4]
    assert epochs["fused"].tolist() == [2]
    # The seconds of an epoch, not of all that were timed.
    seconds = table.groupby("engine")["seconds_per_epoch"].unique()
    assert seconds["dataloader"].tolist() == [(90 + 3 * 4) / 4]
    assert seconds["fused"].tolist() == [(90 + 0.5) / 2]


def test_each_round_has_each_measurement_once_in_an_order_of_its_own(measured):
    table, clocked = measured
    keys = ["engine", "collector", "batch_size", "stage"]
    rounds = [rows[keys] for _, rows in table.groupby("round")]
    assert len(rounds) == 2
    for rows in rounds:
        assert len(rows) == len(rows.drop_duplicates()) == 16
        # Those of one collector follow one another.
        assert (rows["collector"] != rows["collector"].shift()).sum() == 3
    one, other = (rows[rows["collector"] == "running"].to_numpy() for rows in rounds)
    assert not (one == other).all()
    # A stage is started from the snapshot that is nearest: 90 for 100.
    starts = {0: 0.0, 100: 90.0}
    asked = [(engine, size, start) for engine, size, _, start in clocked.asked[4:]]
    assert asked == [(row.engine, row.batch_size, starts[row.stage]) for row in table.itertuples()]


def test_the_collector_is_as_the_row_says_and_as_it_was_afterwards(measured):
    table, clocked = measured
    expected = {"running": (True, False), "disabled": (False, False), "frozen": (True, True)}
    assert clocked.states[4:] == [expected[name] for name in table["collector"]]
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    collected = table[table["collections"] > 0]
    keys = ["engine", "batch_size", "stage", "collections"]
    assert collected[keys].drop_duplicates().to_numpy().tolist() == [["dataloader", 32, 0, 1]]
    assert len(collected) == 2 * 3
    assert (table["collection_seconds"] > 0).tolist() == (table["collections"] > 0).tolist()
    # What was there before is walked unless it is frozen.
    tracked = table.groupby("collector")["tracked_objects"].min()
    assert tracked["running"] > 10_000
    assert tracked["frozen"] < 1000


def test_the_collector_is_set_back_after_an_error():
    for state in Collector:
        with pytest.raises(KeyError), collector.set_to(state):
            raise KeyError
        assert gc.isenabled()
        assert gc.get_freeze_count() == 0


def test_only_full_collections_count_and_only_within_the_block(monkeypatch):
    """On a clock that goes on by two seconds whenever it is read."""
    monkeypatch.setattr(collector.time, "perf_counter", itertools.count(0.0, 2.0).__next__)
    gc.collect()
    with collector.FullCollections() as full:
        gc.collect(1)
        assert (full.count, full.seconds) == (0, 0.0)
        gc.collect()
        gc.collect()
    gc.collect()
    assert (full.count, full.seconds) == (2, 4.0)


def test_full_batches_age_what_small_ones_do_not(replay, data):
    """Why collections come with large batches: their samples are all alive at once.

    What survived two young passes is counted by gc.get_objects(generation=2), with a threshold that
    keeps the oldest generation from being collected.
    """
    survivors = {}
    before = gc.get_threshold()
    gc.set_threshold(before[0], before[1], 1_000_000)
    try:
        for size in (2400, 32):
            run = dataclasses.replace(replay[size], stream="per_seed", epochs=1)
            seen = []

            def see(phase, info, seen=seen):
                if phase == "stop" and info["generation"] == 1:
                    seen.append(len(gc.get_objects(generation=2)))

            gc.collect()
            start = len(gc.get_objects(generation=2))
            gc.callbacks.append(see)
            dataloader.train(run, open_stream(run), *data, ignore)
            gc.callbacks.remove(see)
            survivors[size] = max(seen, default=start) - start
    finally:
        gc.set_threshold(*before)
    assert survivors[2400] > 3000
    assert survivors[32] < 0.2 * survivors[2400]


MACHINE = Machine("Fast", 2, 8, "3.11.7", "2.13.0", "MKL 2024.2", 1)


def rows_of(machine=MACHINE, seconds=None, scale=1.0, **columns):
    """Two rounds of two stages: at 600 1 s and 3 s, then 2 s and 4 s; at 32 ten times as much."""
    seconds = seconds or {(0, 0): 1, (0, 9): 3, (1, 0): 2, (1, 9): 4}
    rows = [
        {
            "engine": "dataloader",
            "collector": "running",
            "batch_size": size,
            "stage": stage,
            "round": round_,
            "epochs": 2,
            "seconds_per_epoch": factor * scale * value,
            "collections": 1,
            "collection_seconds": 0.1,
            "tracked_objects": 5,
            "load": 1.0,
        }
        for size, factor in ((600, 1.0), (32, 10.0))
        for (round_, stage), value in seconds.items()
    ]
    return pd.DataFrame(rows).assign(**dataclasses.asdict(machine) | columns)


@pytest.fixture
def times():
    """As run, and without the collector in half the time at 600."""
    without = rows_of(collector="disabled")
    without.loc[without["batch_size"] == 600, "seconds_per_epoch"] /= 2
    return pd.concat([rows_of(), without], ignore_index=True)


def test_times_are_means_over_stages_and_medians_over_rounds(times):
    found = summarised(times, 100).set_index(["collector", "batch_size"])
    assert found.loc[("running", 600), ["median", "lowest", "highest"]].tolist() == [250, 200, 300]
    assert found.loc[("running", 32), "median"] == 2500
    assert found.loc[("disabled", 600), "median"] == 125
    ratios = relative(times).set_index(["collector", "batch_size"])
    columns = ["median", "lowest", "highest"]
    assert ratios.loc[("running", 32), columns].tolist() == pytest.approx([10] * 3)
    assert ratios.loc[("disabled", 32), columns].tolist() == pytest.approx([20] * 3)
    assert ratios.loc[("running", 600), "median"] == 1
    assert set(as_run(ratios.reset_index())["collector"]) == {"running"}


def test_the_published_column_is_a_total(times):
    both = with_published(times)
    found = summarised(both, 3000).set_index(["engine", "collector", "batch_size"])["median"]
    assert found["published", "running", 600] == pytest.approx(114.2)
    assert found["published", "running", 32] == pytest.approx(750.8)
    assert set(both["batch_size"]) == {600, 32}


def test_machines_lie_side_by_side_and_the_last_file_of_one_is_taken(tmp_path):
    slow = dataclasses.replace(MACHINE, processor="Slow", cores=4)
    newer = dataclasses.replace(MACHINE, torch="2.14.1")
    for name, rows in {
        "slow": rows_of(slow, scale=3.0),
        "old": rows_of(),
        "own": rows_of(newer, scale=2.0),
    }.items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    table = read_times([tmp_path / f"{name}.csv" for name in ("slow", "old", "own")])
    first = table.groupby("machine")["seconds_per_epoch"].first().to_dict()
    assert first == {"Slow, 4 cores, 8 GiB": 3.0, "Fast, 2 cores, 8 GiB": 2.0}
    assert len(table) == 16


def test_a_timing_without_its_machine_is_refused(tmp_path):
    path = tmp_path / "timing.csv"
    rows_of().drop(columns=["processor", "load"]).to_csv(path, index=False)
    with pytest.raises(files.Unreadable, match=r"timing\.csv: lacks .*: load, processor$"):
        read_times([path])


def test_versioned_timings_have_every_column_and_engine(project):
    paths = sorted((ROOT / "timing/machines").glob("*.csv"))
    assert paths
    for path in paths:
        table = read_times([path])
        assert table["machine"].nunique() == 1
        kinds = set(zip(table["engine"], table["collector"], strict=True))
        assert kinds == {
            (engine, state)
            for engine, wanted in project.timing.engines.items()
            for state in wanted.collectors
        }
        assert set(table["batch_size"]) == set(published.TABLE["batch_size"])


def test_a_busy_machine_is_said():
    load = [0.4, 1.0, 1.5, 1.6, 5.2]
    line = machine.of_load(load, 2, "rounds")
    assert line.startswith("busy machine in 2 of 5 rounds, times are too long: ")
    assert "0.4 to 5.2 of 2 cores in use" in line
    assert machine.of_load(load[:3], 2, "cases").startswith("0.4 to 1.5 of 2 cores in use")


def test_cores_in_use_are_those_of_all_processes(monkeypatch):
    """In two seconds the cores worked for 1.5 (processes), 0.5 (the system) and 1 (stolen)."""
    Times = namedtuple("Times", ["user", "system", "idle", "iowait", "steal", "guest"])
    given = [Times(10, 5, 100, 7, 1, 3), Times(11.5, 5.5, 101, 9, 2, 4)]
    monkeypatch.setattr(machine.psutil, "cpu_times", lambda: given.pop(0))
    clock = [50.0, 52.0]
    monkeypatch.setattr(machine.time, "perf_counter", lambda: clock.pop(0))
    with machine.CoresInUse() as in_use:
        pass
    assert in_use.mean == pytest.approx(1.5)


CPUINFO = """processor\t: 0
cpu family\t: 25
model\t\t: 1
model name\t: AMD EPYC

processor\t: 1
cpu family\t: 26
model name\t: another
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CPUINFO, "AMD EPYC (family 25, model 1)"),
        ("model name : Some Arm\n", "Some Arm"),
        ("", platform.processor() or platform.machine()),
    ],
)
def test_the_model_of_the_processor(text, expected):
    assert machine.processor(text) == expected


def test_the_machine_is_no_host_and_no_person():
    build = machine.blas_of(torch.__config__.show())
    here = machine.here(str(torch.__version__), build, 1)
    assert here.cores >= 1
    assert here.memory_gib >= 1
    assert here.threads == 1
    told = str(here)
    assert platform.node() not in told
    assert Path.home().name not in told


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (
            "  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 1 for x",
            "MKL 2024.2",
        ),
        ("  - Build settings: BLAS_INFO=open, BUILD_TYPE=Release", "open"),
        ("PyTorch built with:", "unknown"),
    ],
)
def test_the_library_of_linear_algebra(build, expected):
    assert machine.blas_of(build) == expected


def test_table1_shows_the_time_where_it_was_taken(times):
    base = published.TABLE.assign(runs=pd.NA, reached=pd.NA)
    table = table1.with_times(base, summarised(as_run(times), 3000))
    own = table[table["source"] == "timed"]
    assert own[["batch_size", "training_seconds"]].to_numpy().tolist() == [[600, 7500], [32, 75000]]
    assert own["lowest_loss"].isna().all()
    assert table["batch_size"].drop_duplicates().tolist() == [2400, 1200, 600, 64, 32]
    page = to_markdown(table, "fused")
    assert "timed: total time (s)" in page
    assert "timed: lowest loss" not in page
    assert "Timed: what the report's protocol" in page
    assert "Timed:" not in to_markdown(base, "fused")


def test_a_small_measurement(replay, data):
    run = dataclasses.replace(replay[2400], stream="per_seed")
    kept = Snapshots(np.array([0]), open_stream(run).initial_parameters()[None])
    small = settings.Timing({"reference": settings.Timed(1e-6, ("running",))}, (0,), 1)
    table = timing.measure(small, {run: kept}, *data, ignore)
    assert list(table) == COLUMNS
    (row,) = table.to_dict("records")
    assert (row["engine"], row["batch_size"], row["epochs"]) == ("reference", 2400, 2)
    assert row["seconds_per_epoch"] > 0
    assert (row["threads"], row["torch"]) == (1, str(torch.__version__))
