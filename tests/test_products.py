"""From logs to what people read: log files, summaries, Table 1, figures."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from conftest import ROOT
from jfb import figures, files, runlog, summary, table1
from jfb.runlog import Epoch


def rows(losses, accuracies=None, **changes):
    accuracies = accuracies or [0.5] * len(losses)
    return [
        Epoch(k, loss, 2 * loss, accuracy, 0.25, 0.5, 10.0, 12, k % 2, 0.9)._replace(**changes)
        for k, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True), start=1)
    ]


@pytest.fixture
def log(replay, tmp_path):
    def write(losses, accuracies=None, batch_size=64, name="log"):
        path = tmp_path / f"{name}.parquet"
        runlog.write(path, rows(losses, accuracies), replay[batch_size], {"torch": "2"})
        return path

    return write


def test_a_log_comes_back_as_it_was(log, replay):
    table = runlog.read(log([3.0, 1.0, 2.0]))
    assert table.column_names == list(Epoch._fields)
    assert table["train_loss"].to_pylist() == [3.0, 1.0, 2.0]
    assert runlog.run_of(table) == replay[64]


def half_write(path):
    with files.whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError):
        half_write(tmp_path / "a.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(RuntimeError):
        half_write(tmp_path / "a.txt")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def truncated(path):
    path.write_bytes(path.read_bytes()[:-30])


def without_a_column(path):
    pq.write_table(pq.read_table(path).drop_columns("val_loss"), path)


def with_a_gap(path):
    pq.write_table(pq.read_table(path).take([0, 2]), path)


@pytest.mark.parametrize("spoil", [truncated, without_a_column, with_a_gap])
def test_a_spoilt_log_is_refused_by_name(spoil, log):
    path = log([3.0, 1.0, 2.0])
    spoil(path)
    with pytest.raises(ValueError, match=r"log\.parquet: "):
        runlog.read(path)


def test_summary_by_hand(log, replay):
    losses = [1.0, 0.01, 0.1, 0.01]
    path = log(losses, [0.2, 0.98, 0.99, 1.0])
    (row,) = summary.of_study([path], [replay[64]]).to_dict("records")
    assert row["batch_size"] == 64
    assert row["seed"] == 42
    assert row["epochs"] == 4
    assert row["lowest_loss"] == 0.01
    assert row["epoch_of_lowest_loss"] == 2, "the first of equals"
    assert row["training_seconds"] == 2.0
    assert (row["final_train_loss"], row["final_val_loss"]) == (0.01, 0.02)
    assert (row["final_train_accuracy"], row["final_val_accuracy"]) == (1.0, 0.25)
    assert row["first_accurate_epoch"] == 3
    # Decades 0, -2, -1, -2: mean -1.25, variance (1.5625 + 0.5625 + 0.0625 + 0.5625) / 4.
    assert row["log10_loss_spread"] == pytest.approx(math.sqrt(2.75 / 4))
    assert row["unconverged_solves"] == 2
    assert row["final_spectral_norm"] == 0.9
    assert not row["diverged"]


def test_spread_is_over_the_last_500_epochs(log, replay):
    path = log([100.0] * 200 + [1.0, 10.0] * 250)
    (row,) = summary.of_study([path], [replay[64]]).to_dict("records")
    assert row["log10_loss_spread"] == pytest.approx(0.5)


def test_a_diverged_run_is_summarised(log, replay):
    path = log([2.0, 1.0, math.nan])
    (row,) = summary.of_study([path], [replay[64]]).to_dict("records")
    assert row["diverged"]
    assert (row["lowest_loss"], row["epoch_of_lowest_loss"]) == (1.0, 2)
    assert pd.isna(row["first_accurate_epoch"])


def test_a_run_that_diverges_at_once_has_no_lowest_loss(log, replay):
    (row,) = summary.of_study([log([math.inf])], [replay[64]]).to_dict("records")
    assert row["diverged"]
    assert math.isnan(row["lowest_loss"])
    assert pd.isna(row["epoch_of_lowest_loss"])


def test_a_run_whose_last_step_blows_up_has_diverged(replay, tmp_path):
    last = rows([2.0, 1.0])
    last[-1] = last[-1]._replace(val_loss=math.nan)
    runlog.write(tmp_path / "log.parquet", last, replay[64], {})
    (row,) = summary.of_study([tmp_path / "log.parquet"], [replay[64]]).to_dict("records")
    assert row["diverged"]
    assert row["lowest_loss"] == 1.0


def test_the_log_of_another_run_is_refused_by_name(log, replay):
    with pytest.raises(ValueError, match=r"log\.parquet: log of a run with other settings"):
        summary.of_study([log([1.0])], [replay[32]])


@pytest.fixture
def replayed():
    """A summary with Table 1's cells but one, in another order."""
    return pd.DataFrame(
        {
            "batch_size": [32, 64, 600, 1200, 2400],
            "seed": 42,
            "lowest_loss": [0.00048, 0.00054, 0.02024, 0.02016, 0.00045],
            "epoch_of_lowest_loss": pd.array([2863, 1410, 2775, 2561, 2999], dtype="Int64"),
            "training_seconds": [38.04, 21.0, 4.0, 2.0, 3.0],
        }
    )


def test_table1_is_tidy_and_in_the_reports_order(replayed):
    table = table1.tidy(replayed, "again")
    assert table["batch_size"].tolist() == [b for b in (2400, 1200, 600, 64, 32) for _ in "ab"]
    assert table["source"].tolist() == ["published", "again"] * 5
    again = table[table["source"] == "again"]
    assert again["lowest_loss"].tolist() == [0.0004, 0.0202, 0.0202, 0.0005, 0.0005]
    assert again["training_seconds"].tolist() == [3.0, 2.0, 4.0, 21.0, 38.0]


def test_matches_finds_the_cells_that_differ(replayed):
    cells = table1.matches(table1.tidy(replayed, "again"), "again")
    assert len(cells) == 10
    wrong = cells[~cells["equal"]]
    assert wrong[["batch_size", "cell"]].to_numpy().tolist() == [
        [2400, "lowest_loss"],
        [2400, "epoch_of_lowest_loss"],
    ]


def test_a_missing_row_is_no_match(replayed):
    cells = table1.matches(table1.tidy(replayed.iloc[:1], "again"), "again")
    assert cells["equal"].sum() == 2
    assert len(cells) == 10


def check(path):
    command = [sys.executable, "workflow/scripts/check.py", str(path), "config.yaml"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_check_fails_where_a_cell_differs(replayed, tmp_path):
    table1.tidy(replayed, "replay").to_csv(tmp_path / "table1.csv", index=False)
    done = check(tmp_path / "table1.csv")
    assert done.returncode == 1
    assert "8 of 10 published cells match" in done.stdout
    assert "DIFFERS: replay has 2999" in done.stdout


def test_check_passes_where_all_cells_are_equal(replayed, tmp_path):
    replayed.loc[4, "lowest_loss"] = 0.0005
    replayed.loc[4, "epoch_of_lowest_loss"] = 3000
    table1.tidy(replayed, "replay").to_csv(tmp_path / "table1.csv", index=False)
    done = check(tmp_path / "table1.csv")
    assert done.returncode == 0
    assert "10 of 10 published cells match" in done.stdout


def test_check_says_what_to_do_without_a_table(tmp_path):
    done = check(tmp_path / "table1.csv")
    assert done.returncode == 1
    assert "`make` makes it" in done.stderr


def test_markdown_and_latex_show_both_side_by_side(replayed):
    table = table1.tidy(replayed, "again")
    lines = table1.to_markdown(table).splitlines()
    assert [part.strip() for part in lines[2].split("|")[1:-1]] == [
        *("2400", "146.5", "0.0005", "3000"),
        *("3.0", "0.0004", "2999"),
    ]
    latex = table1.to_latex(table)
    assert r"2400 & 146.5 & 0.0005 & 3000 & 3.0 & 0.0004 & 2999 \\" in latex
    assert r"\multicolumn{3}{c}{published} & \multicolumn{3}{c}{again}" in latex
    for text in (latex, lines[-1]):
        assert "a total, not a time per epoch" in text


@pytest.fixture
def logs(log):
    rng = np.random.default_rng(0)
    paths = [
        log(list(np.exp(-np.linspace(0, 5, 300)) + rng.random(300) / 100), None, size, f"l{size}")
        for size in (32, 2400, 600)
    ]
    return figures.read_logs(paths)


def test_logs_get_batch_size_and_running_time(logs):
    run = logs[logs["batch_size"] == 600]
    assert run["seconds"].tolist() == pytest.approx(list(np.arange(1, 301) * 0.5))


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_names_its_axes_and_orders_its_batch_sizes(name, logs):
    figure = figures.FIGURES[name](logs)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["2400", "600", "32"]
    for axes in figure.axes:
        assert axes.get_xlabel() in ("Epoch", "Training time (s); dotted: end of the run")
        assert "(" in axes.get_ylabel()
        assert axes.get_legend() is None
        assert axes.get_yscale() == ("log" if "loss" in axes.get_ylabel() else "linear")
    figure.draw_without_rendering()
    box = legend.get_window_extent()
    assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)


def test_figure1_marks_the_end_of_each_run(logs):
    over_time = figures.figure1(logs).axes[0]
    ends = [line.get_xdata() for line in over_time.lines if len(line.get_xdata()) == 1]
    assert [float(end[0]) for end in ends] == [150.0] * 3


@pytest.mark.parametrize("losses", [[math.nan], [2.0, math.inf]])
def test_figures_of_diverged_runs_can_be_drawn(losses, log, tmp_path):
    logs = figures.read_logs([log(losses)])
    for name, draw in figures.FIGURES.items():
        figures.write(draw(logs), [tmp_path / f"{name}.png"])


def test_lightness_tells_batch_sizes_apart(logs):
    looks = figures._looks(logs).values()
    grey = [np.dot(look["color"][:3], (0.299, 0.587, 0.114)) for look in looks]
    assert all(b - a > 0.1 for a, b in itertools.pairwise(grey))
    assert len({look["marker"] for look in looks}) == 3


def test_figures_are_the_same_bytes_each_time(logs, tmp_path):
    for name in ("a", "b"):
        paths = [tmp_path / f"{name}.{ending}" for ending in ("svg", "pdf", "png")]
        figures.write(figures.figure1(logs), paths)
    for ending in ("svg", "pdf", "png"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] == pytest.approx(figures.PAGE_WIDTH * 300, abs=1)
