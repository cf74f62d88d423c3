"""From logs to what people read: log files, summaries, Table 1, figures."""

import dataclasses
import itertools
import math
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.text import Text
from PIL import Image

from conftest import ROOT, WARM
from jfb.analysis import table1
from jfb.analysis.shares import shares
from jfb.engines import summary
from jfb.output.figures import cost, factors, published, seeds, sheet, style
from jfb.output.figures.inputs import read_logs
from jfb.output.table1 import side_by_side, to_html, to_latex, to_markdown, write
from jfb.records import layout, parameters, runlog
from jfb.records.dataset import Part
from jfb.records.runlog import Epoch
from jfb.storage import files, parquet


def rows(losses, accuracies=None, **changes):
    accuracies = accuracies or [0.5] * len(losses)
    made = [
        Epoch(
            epoch=k,
            train_loss=loss,
            val_loss=2 * loss,
            train_accuracy=accuracy,
            val_accuracy=0.25,
            train_seconds=0.5,
            iterations_mean=10.0,
            iterations_max=12,
            unconverged=k % 2,
            applications=8.0 + k,
            adjoint_applications=3.0,
            spectral_norm=0.9,
            unconverged_adjoints=0,
        )._replace(**changes)
        for k, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True), start=1)
    ]
    columns = map(np.array, zip(*made, strict=True))
    return dict(zip(Epoch._fields, columns, strict=True))


@pytest.fixture
def log(replay, tmp_path):
    def write(losses, accuracies=None, batch_size=64, name="log", seed=42):
        path = tmp_path / f"{name}.parquet"
        run = dataclasses.replace(replay[batch_size], seed=seed, epochs=len(losses))
        runlog.write(path, rows(losses, accuracies), run, {"torch": "2"})
        return path

    return write


def test_a_log_comes_back_as_it_was(log, replay):
    table = runlog.read(log([3.0, 1.0, 2.0]))
    assert table.column_names == list(Epoch._fields)
    assert table["train_loss"].to_pylist() == [3.0, 1.0, 2.0]
    assert runlog.run_of(table) == dataclasses.replace(replay[64], epochs=3)


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
    parquet.write(path, pq.read_table(path).drop_columns("val_loss"))


def with_a_gap(path):
    parquet.write(path, pq.read_table(path).take([0, 2]))


def without_rows(path):
    parquet.write(path, pq.read_table(path)[:0])


def without_its_end(path):
    parquet.write(path, pq.read_table(path)[:2])


def with_run(text):
    def spoil(path):
        table = pq.read_table(path)
        parquet.write(path, table.replace_schema_metadata({"run": text} if text else None))

    return spoil


SPOILT = {
    truncated: "not a whole Parquet file",
    without_a_column: "not a log of a run",
    with_a_gap: "epochs do not count from 1",
    without_rows: "epochs do not count from 1",
    without_its_end: "ends after 2 of 3 epochs",
    with_run(None): "does not tell which run",
    with_run("no JSON"): "no run that this version knows",
    with_run('{"levels": []}'): "no run that this version knows",
    with_run("[]"): "no run that this version knows",
}


@pytest.mark.parametrize(("spoil", "told"), SPOILT.items())
def test_a_spoilt_log_is_refused_by_name(spoil, told, log):
    path = log([3.0, 1.0, 2.0])
    spoil(path)
    with pytest.raises(files.Unreadable, match=rf"log\.parquet: .*{told}"):
        runlog.read(path)


def summarised(path):
    """The summary of a log of whichever run, whose best network is 0.5 on a target of zero."""
    training = Part(np.zeros((4, 3), np.float32), np.zeros(4, np.float32))
    run = runlog.run_of(runlog.read(path))
    best = path.with_name("_best.safetensors")
    flat = np.zeros(layout.size(run.network), np.float32)
    flat[-1] = 0.5
    parameters.write(best, flat, layout.shapes(run.network), 1)
    return summary.of_logs([path], [best], [run], training)


def test_summary_by_hand(log):
    losses = [1.0, 0.01, 0.1, 0.01]
    path = log(losses, [0.2, 0.98, 0.99, 1.0])
    (row,) = summarised(path).to_pylist()
    assert row["batch_size"] == 64
    assert row["seed"] == 42
    assert row["epochs"] == 4
    assert row["lowest_loss"] == 0.01
    assert row["epoch_of_lowest_loss"] == 2, "the first of equals"
    assert row["training_seconds"] == 2.0
    assert (row["final_train_loss"], row["final_val_loss"]) == (0.01, 0.02)
    assert (row["final_train_accuracy"], row["final_val_accuracy"]) == (1.0, 0.25)
    assert row["first_accurate_epoch"] == 3
    assert row["first_epoch_at_97_percent"] == 2
    # Decades 0, -2, -1, -2: mean -1.25, variance (1.5625 + 0.5625 + 0.0625 + 0.5625) / 4.
    assert row["log10_loss_spread"] == pytest.approx(math.sqrt(2.75 / 4))
    assert row["unconverged_solves"] == 2
    assert row["exact_best_loss"] == 0.25
    assert row["final_spectral_norm"] == 0.9
    assert not row["diverged"]
    assert (row["applications"], row["adjoint_applications"]) == (9 + 10 + 11 + 12, 12)
    assert (row["work_to_1e_3"], row["ended"]) == (None, None)


def test_work_is_counted_up_to_a_loss_of_a_thousandth(log):
    (row,) = summarised(log([1.0, 0.001, 0.1, 0.0001])).to_pylist()
    assert row["work_to_1e_3"] == 9 + 3 + 10 + 3


def test_a_run_that_its_optimiser_ended_is_whole(log, replay, tmp_path):
    path = tmp_path / "ended.parquet"
    run = dataclasses.replace(replay[64], epochs=5)
    runlog.write(path, rows([1.0, 0.5]), run, {"torch": "2"}, "line search")
    assert runlog.ended(runlog.read(path)) == "line search"
    runlog.write(path, rows([1.0, 0.5]), run, {"torch": "2"})
    with pytest.raises(files.Unreadable, match="ends after 2 of 5 epochs"):
        runlog.read(path)


def test_spread_is_over_the_last_500_epochs(log):
    path = log([100.0] * 200 + [1.0, 10.0] * 250)
    (row,) = summarised(path).to_pylist()
    assert row["log10_loss_spread"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("losses", "fall"),
    [
        # The last two of 200 epochs: from 0.1 before them to 0.01; a loss that rises falls by 0.
        ([1.0] * 197 + [0.1, 0.05, 0.01], 1.0),
        ([0.1] * 198 + [0.2, 0.1], 0.0),
        ([0.01], None),
        ([0.1] * 100 + [math.nan] * 100, None),
    ],
)
def test_fall_of_the_lowest_loss_at_the_end(losses, fall, log):
    (row,) = summarised(log(losses)).to_pylist()
    assert row["fall_at_the_end"] == pytest.approx(fall)


def test_a_diverged_run_is_summarised(log):
    path = log([2.0, 1.0, math.nan])
    (row,) = summarised(path).to_pylist()
    assert row["diverged"]
    assert (row["lowest_loss"], row["epoch_of_lowest_loss"]) == (1.0, 2)
    assert row["first_accurate_epoch"] is None


def test_a_run_that_diverges_at_once_has_no_lowest_loss(log):
    (row,) = summarised(log([math.inf])).to_pylist()
    assert row["diverged"]
    assert row["lowest_loss"] is row["epoch_of_lowest_loss"] is row["log10_loss_spread"] is None


def test_a_run_whose_last_step_blows_up_has_diverged(replay, tmp_path):
    log = rows([2.0, 1.0])
    log["val_loss"][-1] = math.nan
    runlog.write(tmp_path / "log.parquet", log, dataclasses.replace(replay[64], epochs=2), {})
    (row,) = summarised(tmp_path / "log.parquet").to_pylist()
    assert row["diverged"]
    assert row["lowest_loss"] == 1.0


def test_the_log_of_another_run_is_refused_by_name(log, replay):
    with pytest.raises(ValueError, match=r"log\.parquet: the log of another run"):
        summary.of_logs([log([1.0])], ["_best.safetensors"], [replay[32]], Part(None, None))


def test_a_finite_loss_beyond_measure_has_diverged(log):
    """Such runs end at 1e29 to 1e34 and never get to infinity."""
    (row,) = summarised(log([2.0, 1.0, 1e7])).to_pylist()
    assert row["diverged"]
    (row,) = summarised(log([2.0, 1e7, 1.0])).to_pylist()
    assert not row["diverged"], "it came back"


def test_unconverged_passes_are_those_of_the_best_epoch(log):
    (row,) = summarised(log([3.0, 2.0, 1.0])).to_pylist()
    assert row["unconverged_at_lowest_loss"] == 1
    (row,) = summarised(log([3.0, 1.0, 2.0])).to_pylist()
    assert row["unconverged_at_lowest_loss"] == 0


def test_a_summary_reads_in_pandas(log, tmp_path):
    parquet.write(tmp_path / "summary.parquet", summarised(log([math.inf])))
    (row,) = pd.read_parquet(tmp_path / "summary.parquet").to_dict("records")
    assert row["diverged"]
    assert math.isnan(row["lowest_loss"])


@pytest.mark.parametrize("kind", [pa.bool_(), pa.int64(), pa.float64()])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 300])
def test_cells_become_arrow_arrays(kind, count):
    cells = [None if k % 3 == 1 else kind.to_pandas_dtype()(k % 2) for k in range(count)]
    assert parquet.from_cells(cells, kind).equals(pa.array(cells, kind))


def test_texts_become_arrow_arrays():
    texts = ["jfb", "", "0.95", "grad\u00ed"]
    found = parquet.from_texts(texts, pa.string())
    found.validate(full=True)
    assert found.equals(pa.array(texts))


@pytest.fixture
def replayed():
    """A summary with Table 1's cells but one, in another order."""
    return pd.DataFrame(
        {
            "batch_size": [32, 64, 600, 1200, 2400],
            "seed": 42,
            "lowest_loss": [0.00048, 0.00054, 0.02024, 0.02016, 0.00045],
            "epoch_of_lowest_loss": [2863, 1410, 2775, 2561, 2999],
            "training_seconds": [38.04, 21.0, 4.0, 2.0, 3.0],
        }
    )


@pytest.fixture
def many():
    """A summary of five seeds at two batch sizes, one run without a finite loss."""
    table = pd.DataFrame(
        {
            "batch_size": [32] * 5 + [600] * 5,
            "seed": [0, 1, 2, 3, 4] * 2,
            "lowest_loss": [0.001, 0.0005, 0.02, 0.004, 0.0006, 0.02, 0.03, np.nan, 0.01, 0.04],
            "epoch_of_lowest_loss": [10, 20, 30, 40, 50, 1, 2, np.nan, 3, 4],
            "training_seconds": [0.2] * 5 + [0.1] * 5,
            "diverged": [False] * 7 + [True] + [False] * 2,
        }
    )
    return table.assign(exact_best_loss=1.1 * table["lowest_loss"])


@pytest.fixture
def table(replayed, many):
    return table1.tidy(replayed, "again", many, "seeds")


def test_the_distribution_by_hand(many):
    small, large = table1.distribution(many).to_dict("records")
    assert (small["batch_size"], small["runs"], small["reached"]) == (32, 5, 3)
    # Sorted: 0.0005, 0.0006, 0.001, 0.004, 0.02; quartiles at the places 1, 2 and 3.
    assert [small[f"lowest_loss{q}"] for q in ("_q1", "", "_q3")] == [0.0006, 0.001, 0.004]
    assert [small[f"epoch_of_lowest_loss{q}"] for q in ("_q1", "", "_q3")] == [20, 30, 40]
    # Wilson 1927: centre (p + z^2/2n) / (1 + z^2/n), here n = 5, p = 0.6, z = 1.959964.
    z = 1.959964
    centre = (0.6 + z**2 / 10) / (1 + z**2 / 5)
    half = z / (1 + z**2 / 5) * math.sqrt(0.6 * 0.4 / 5 + z**2 / 100)
    assert small["share_reached"] == 0.6
    assert (small["reached_exact"], small["share_reached_exact"]) == (2, 0.4)
    assert small["share_low"] == pytest.approx(centre - half, abs=1e-6)
    assert small["share_high"] == pytest.approx(centre + half, abs=1e-6)
    # A run without a finite loss counts as not reached, and not in the quartiles.
    assert (large["runs"], large["reached"], large["share_reached"]) == (5, 0, 0)
    assert large["lowest_loss"] == pytest.approx(0.025)
    assert large["share_low"] == pytest.approx(0, abs=1e-12)
    assert large["share_high"] == pytest.approx(z**2 / 5 / (1 + z**2 / 5), abs=1e-6)


def test_table1_is_tidy_and_in_the_reports_order(table):
    published = table[table["source"] == "published"]
    assert published["batch_size"].tolist() == [2400, 1200, 600, 64, 32]
    assert table["batch_size"].is_monotonic_decreasing
    again = table[table["source"] == "again"]
    assert again["lowest_loss"].tolist() == [0.0004, 0.0202, 0.0202, 0.0005, 0.0005]
    assert again["training_seconds"].tolist() == [3.0, 2.0, 4.0, 21.0, 38.0]
    assert again["runs"].isna().all()
    seeds = table[table["source"] == "seeds"]
    assert seeds["batch_size"].tolist() == [600, 32]


def test_times_below_a_second_have_two_digits(replayed, many):
    fast = replayed.assign(training_seconds=[0.0776, 0.1234, 0.9996, 1.04, 38.04])
    table = table1.tidy(fast, "again", many, "seeds")
    wide = side_by_side(table, "fused")
    again, seeds = wide["made again (compiled code)"], wide["5 seeds"]
    assert again["total time (s)"].tolist() == ["38.0", "1.0", "1.0", "0.12", "0.078"]
    assert seeds["total time (s)"].tolist() == ["-", "-", "0.10", "-", "0.20"]
    assert seeds["seeds at 0.001 or less"].tolist()[-1].startswith("3/5 = 60 % [")


def test_matches_finds_the_cells_that_differ(table):
    cells = table1.matches(table, "again")
    assert len(cells) == 10
    wrong = cells[~cells["equal"]]
    assert wrong[["batch_size", "cell"]].to_numpy().tolist() == [
        [2400, "lowest_loss"],
        [2400, "epoch_of_lowest_loss"],
    ]


def test_a_missing_row_is_no_match(replayed, many):
    cells = table1.matches(table1.tidy(replayed.iloc[:1], "again", many, "seeds"), "again")
    assert cells["equal"].sum() == 2
    assert len(cells) == 10


@pytest.fixture
def check(tmp_path):
    """Checks a table: the exit status, what is told, and the errors."""

    def checked(path):
        told, errors = tmp_path / "told", tmp_path / "errors"
        script = ROOT / "workflow/scripts/check.py"
        status = WARM.script(script, [str(path), "config.yaml"], ROOT, told, errors)
        return status, told.read_text(), errors.read_text()

    return checked


def write_table(replayed, many, folder):
    """The table's forms; the path of the CSV."""
    paths = [folder / f"table1.{ending}" for ending in ("csv", "md", "tex", "html")]
    write(table1.tidy(replayed, "replay", many, "seeds"), "fused", "{}", *paths)
    return paths[0]


def test_check_fails_where_a_cell_differs(check, replayed, many, tmp_path):
    write_table(replayed, many, tmp_path)
    status, told, _ = check(tmp_path / "table1.csv")
    assert status == 1
    assert "8 of 10 published cells match" in told
    (row,) = (line.split() for line in told.splitlines() if line.split()[:1] == ["2400"])
    assert row == ["2400", "0.0005", "0.0004", "DIFFERS", "3000", "2999", "DIFFERS"]


def test_check_passes_where_all_cells_are_equal(check, replayed, many, tmp_path):
    replayed.loc[4, "lowest_loss"] = 0.0005
    replayed.loc[4, "epoch_of_lowest_loss"] = 3000
    write_table(replayed, many, tmp_path)
    status, told, _ = check(tmp_path / "table1.csv")
    assert status == 0
    assert "10 of 10 published cells match" in told


def test_check_says_what_to_do_without_a_table(check, tmp_path):
    status, _, errors = check(tmp_path / "table1.csv")
    assert status == 1
    assert "`make` makes it" in errors


def test_the_csv_keeps_whole_numbers_whole(replayed, many, tmp_path):
    lines = write_table(replayed, many, tmp_path).read_text().splitlines()
    assert lines[1].startswith("2400,published,146.5,0.0005,3000,")
    assert lines[-1].startswith("32,seeds,0.2,0.001,30,0.0006,0.004,20,40,5,3,0,0.6,0.23")


def test_markdown_and_latex_show_all_side_by_side(table):
    lines = to_markdown(table, "reference").splitlines()
    parts = [[part.strip() for part in line.split("|")[1:-1]] for line in lines[2:7]]
    assert parts[0] == [
        *("2400", "146.5", "0.0005", "3000"),
        *("3.0", "0.0004", "2999"),
        *("-", "-", "-", "-"),
    ]
    assert parts[4][7:] == [
        *("0.20", "0.0010 [0.0006, 0.0040]", "30 [20, 40]"),
        "3/5 = 60 % [23, 88]",
    ]
    latex = to_latex(table, "reference")
    assert r"2400 & 146.5 & 0.0005 & 3000 & 3.0 & 0.0004 & 2999 \\" in latex
    assert r"2400 & - & - & - & - \\" in latex
    assert r"3/5 = 60 \% [23, 88] \\" in latex
    again = r"\multicolumn{3}{c}{made again (reference engine)}"
    assert r"\multicolumn{3}{c}{published} & " + again in latex
    for text in (latex, lines[-1]):
        assert "a total, not a time per epoch" in text
    assert "its 95 % interval" in lines[-1]
    assert r"its 95 \% interval" in latex
    assert "``Avg time per epoch (s)''" in latex


def test_sources_are_named_in_words_in_every_form(replayed, many):
    """Not by the names of studies."""
    table = table1.tidy(replayed, "replay", many, "landscape")
    for form in (to_markdown, to_html, to_latex):
        text = form(table, "fused")
        assert "made again (compiled code)" in text
        assert "5 seeds" in text
        assert "replay" not in text
        assert "landscape" not in text
    uneven = table1.tidy(replayed, "replay", many.drop(0), "landscape")
    assert "4 to 5 seeds: lowest loss" in to_markdown(uneven, "fused")


def test_every_cell_of_the_page_names_its_column(table):
    labels = re.findall('<td data-label="(.*?)">', to_html(table, "fused"))
    assert labels[:3] == ["batch size", "published, time (s)", "published, loss"]
    assert labels[10] == "5 seeds, at 0.001 or less"
    assert labels == labels[:11] * 5
    assert "<td>" not in to_html(table, "fused")


ARTICLE = r"""
\documentclass{article}
\usepackage{booktabs}
\begin{document}
\input{table1.tex}
\end{document}
"""


def has_latex():
    find = ["kpsewhich", "booktabs.sty"]
    return shutil.which("pdflatex") and not subprocess.run(find, capture_output=True).returncode


@pytest.mark.skipif(not has_latex(), reason="needs pdflatex and booktabs")
@pytest.mark.parametrize("times", [False, True], ids=["", "with times"])
def test_latex_sets_the_table_within_the_text_of_an_article(times, replayed, many, tmp_path):
    """Of 1,000 seeds, as in the largest study."""
    many = pd.concat([many] * 200, ignore_index=True)
    table = table1.tidy(replayed, "replay", many, "landscape")
    if times:
        seconds = pd.DataFrame({"batch_size": [2400, 32], "engine": "dataloader", "median": 999.9})
        table = table1.with_times(table, seconds)
    (tmp_path / "table1.tex").write_text(to_latex(table, "fused"))
    (tmp_path / "article.tex").write_text(ARTICLE)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "article.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "Overfull" not in done.stdout


def test_the_end_of_make_fits_in_eighty_columns(replayed, many, tmp_path):
    """Each cell with what is published, verdicts, files to open, seconds; nothing twice."""
    csv = write_table(replayed, many, tmp_path)
    claims = tmp_path / "claims.csv"
    claims.write_text("id,general\na,holds\na,holds\nb,\n")
    told = tmp_path / "told"
    script = ROOT / "workflow/scripts/show.py"
    given = [str(csv), str(claims), "config.yaml", "128"]
    assert WARM.script(script, given, ROOT, told, told) == 0
    # pytest's folder is longer than results/.
    lines = told.read_text().replace(str(tmp_path), "results").splitlines()
    assert max(map(len, lines)) <= 80
    written = [line for line in lines if line]
    assert len(set(written)) == len(written)
    rows = [line.split() for line in lines if line[:10].strip().isdigit()]
    assert [row[0] for row in rows] == ["2400", "1200", "600", "64", "32"]
    assert rows[0] == ["2400", "0.0005", "0.0004", "DIFFERS", "3000", "2999", "DIFFERS"]
    assert rows[3] == ["64", "0.0005", "0.0005", "equal", "1410", "1410", "equal"]
    for line in (
        "8 of 10 published cells match",
        "otherwise: docs/speed.md, Exactness.",
        "The 2 claims of the report, in general",
        "    1  holds",
        "    1  about the published runs only",
    ):
        assert line in lines
    opened = [line.split()[0] for line in lines if line.startswith("  results/")]
    assert opened == ["results/table1.md", "results/claims.md", "results/figures/"]
    assert lines[-1] == "`make` took 128 s."


@pytest.fixture
def logs(log):
    rng = np.random.default_rng(0)
    paths = [
        log(list(np.exp(-np.linspace(0, 5, 300)) + rng.random(300) / 100), None, size, f"l{size}")
        for size in (32, 2400, 600)
    ]
    return read_logs(paths)


REPORT = published.figure1, published.figure2, published.figure3


def test_logs_get_batch_size_and_running_time(logs):
    run = logs[logs["batch_size"] == 600]
    assert run["seconds"].tolist() == pytest.approx(list(np.arange(1, 301) * 0.5))


@pytest.mark.parametrize("draw", REPORT)
def test_a_figure_names_its_axes_and_lines(draw, logs):
    figure = draw(logs, 2400)
    figure.draw_without_rendering()
    # A name begins with the marker of its line.
    names = [text for text in figure.axes[-1].texts if not text.get_text()[0].isdigit()]
    sizes = [text.get_text()[2:].partition(":")[0] for text in names]
    assert sizes == ["2400 (full)", "600", "32"]
    for axes in figure.axes:
        assert axes.get_xlabel() in ("", "Epoch", "Epoch (log scale)", "Training time (s)")
        assert "(" in axes.get_ylabel() or draw is published.figure1
        assert axes.get_yscale() == ("linear" if "accuracy" in axes.get_ylabel().lower() else "log")
        boxes = [Text.get_window_extent(text) for text in names]
        assert not any(box.overlaps(axes.get_window_extent()) for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_figure1_marks_the_end_of_each_run(logs):
    over_time = published.figure1(logs, 2400).axes[0]
    ends = [line.get_xdata() for line in over_time.lines if len(line.get_xdata()) == 1]
    assert [float(end[0]) for end in ends] == [150.0] * 3


@pytest.mark.parametrize("losses", [[math.nan], [2.0, math.inf]])
def test_figures_of_diverged_runs_can_be_drawn(losses, log, tmp_path):
    logs = read_logs([log(losses)])
    for draw in REPORT:
        sheet.write(draw(logs, 2400), [tmp_path / f"{draw.__name__}.png"], "{}")


def drawn(figure):
    figure.draw_without_rendering()
    return figure


@pytest.fixture
def several(log):
    """Logs of four seeds at two batch sizes; the last stops early without a finite loss."""
    paths = [
        log([seed + 1.0, 10.0 ** -(seed + 1)], None, size, f"l{size}_{seed}", seed)
        for size in (32, 600)
        for seed in range(3)
    ]
    paths += [log([4.0, 1e-4], None, 600, "l600_3", 3), log([math.nan], None, 32, "l32_3", 3)]
    return read_logs(paths)


def test_bands_are_runs(several):
    left, right = drawn(seeds.bands(several, 2400)).axes
    titles = [axes.get_title() for axes in (left, right)]
    first = "Batch size 600\n2 of 4 reach 0.001"
    assert titles == [first, "Batch size 32\n1 of 4 diverged\n1 of 4 reach 0.001"]
    # Losses 1, 2, 3, 4 and then 0.1, 0.01, 0.001, 0.0001; the dashed line is the first.
    shown = [[list(line.get_ydata()) for line in axes.lines[1:]] for axes in (left, right)]
    assert sorted(shown[0]) == [[1, 0.1], [2, 0.01], [3, 0.001], [4, 0.0001]]
    # The seed without a finite loss is left out.
    assert sorted(shown[1]) == [[1, 0.1], [2, 0.01], [3, 0.001]]
    assert left.get_yscale() == "log"
    assert left.get_xlabel() == "Epoch (logarithmic)"


def test_levels_show_every_run(many):
    points, counts = drawn(seeds.levels(many, 600)).axes
    shown = [line.get_ydata() for line in points.lines if line.get_marker() in ("o", "s")]
    np.testing.assert_array_equal(shown, many["lowest_loss"].to_numpy().reshape(2, 5)[::-1])
    labels = [text.get_text() for text in points.get_xticklabels()]
    assert labels == ["600 (full)\n0 reach\n1 diverged", "32\n3 reach"]
    assert points.get_yscale() == "log"
    assert sum(counts.patches[0].get_data().values) == 9


def test_the_ecdf_counts_runs_without_a_finite_loss_as_above(many):
    (axes,) = drawn(seeds.ecdf(many, 600)).axes
    steps = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    full, small = ([line.get_xdata(), line.get_ydata()] for line in steps)
    finite = np.isfinite(full[0])
    assert full[1][finite].max() == 0.8
    assert small[1][small[0] <= 0.001].max() == 0.6
    assert axes.get_xscale() == "log"
    # At the dashed line, the marker of a batch size has the share of the legend.
    marks = [line.get_ydata() for line in axes.lines if line.get_marker() in ("o", "s")]
    assert [list(mark) for mark in marks] == [[0], [0.6]]
    (legend,) = axes.figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["600 (full): 0 %\n1 of 5 diverged", "32: 60 %"]


@pytest.mark.parametrize("runs", [1, 2])
def test_figures_of_few_or_lost_seeds_can_be_drawn(runs, several, many, tmp_path):
    lost = many.iloc[:runs].assign(lowest_loss=np.nan)
    for k, summary_ in enumerate((many.iloc[:runs], lost)):
        for draw in (seeds.levels, seeds.ecdf):
            sheet.write(draw(summary_, 600), [tmp_path / f"{draw.__name__}{k}.png"], "{}")
    one = several[several["seed"] == 0]
    for k, logs in enumerate((one, one.assign(train_loss=np.nan))):
        sheet.write(seeds.bands(logs, 2400), [tmp_path / f"bands{k}.png"], "{}")


@pytest.fixture
def crossed():
    """A summary of 2 gradients x 2 batch sizes x 4 seeds; of the first group, 3 reach 0.001."""
    losses = {
        ("jfb", 600): [0.001, 0.0002, 0.02, 0.0009],
        ("jfb", 32): [0.02, math.nan, 0.02, 0.02],
        ("implicit", 600): [0.0001] * 4,
        ("implicit", 32): [0.01, 0.01, 0.01, 0.0001],
    }
    return pd.DataFrame(
        [
            {"gradient": gradient, "batch_size": size, "seed": seed, "lowest_loss": loss}
            # Seed 3 stopped at no fixed point; at the exact ones its loss is four times as high.
            | {"exact_best_loss": 4 * loss if seed == 3 else loss}
            for (gradient, size), group in losses.items()
            for seed, loss in enumerate(group)
        ]
    ).assign(diverged=lambda table: table["lowest_loss"].isna())


def test_shares_by_hand(crossed):
    table = shares(crossed, ["gradient", "batch_size"])
    assert table["reached"].tolist() == [3, 0, 4, 1]
    assert table["diverged"].tolist() == [0, 1, 0, 0]
    assert table["share_reached"].tolist() == [0.75, 0, 1, 0.25]
    # Wilson (1927): (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).
    z, n, p = 1.959964, 4, 0.75
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    edges = [(centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)]
    assert table.loc[0, ["share_low", "share_high"]].tolist() == pytest.approx(edges)
    assert table["reached_exact"].tolist() == [2, 0, 4, 1]
    assert table["share_reached_exact"].tolist() == [0.5, 0, 1, 0.25]


def test_networks_without_fixed_points_have_no_exact_share(crossed):
    table = shares(crossed.assign(exact_best_loss=None), ["gradient"])
    assert table["share_reached_exact"].isna().all()
    assert table["reached"].tolist() == [3, 5]


def test_a_share_is_of_all_runs_those_that_diverged_among_them(crossed):
    table = shares(crossed, ["gradient"])
    assert table["diverged"].tolist() == [1, 0]
    assert table["share_reached"].tolist() == [3 / 8, 5 / 8]


def test_shares_stand_beside_each_other_by_level(crossed):
    figure = drawn(factors.shares(crossed, ["gradient"], 600))
    (axes,) = figure.axes
    jfb, implicit = axes.containers
    np.testing.assert_array_equal(jfb[0].get_ydata(), [0.75, 0])
    np.testing.assert_array_equal(implicit[0].get_ydata(), [1, 0.25])
    assert all(jfb[0].get_xdata() < implicit[0].get_xdata())
    assert [text.get_text() for text in axes.get_xticklabels()] == ["600 (full)", "32"]
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["jfb\n1 of 8 diverged", "implicit"]
    ends = np.array(implicit[2][0].get_segments())[1, :, 1]
    row = shares(crossed, ["gradient", "batch_size"]).iloc[3]
    assert ends.tolist() == pytest.approx([row["share_low"], row["share_high"]])


def test_losses_stand_below_each_other_by_level(crossed):
    figure = drawn(factors.loss_by_level(crossed, ["gradient"], 600))
    full, small = figure.axes
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Batch size 600 (full)", "Batch size 32"]
    shown = [
        [list(line.get_xdata()) for line in axes.lines if line.get_marker() == mark]
        for axes in (full, small)
        for mark in "os"
    ]
    assert shown == [
        [[0.001, 0.0002, 0.02, 0.0009]],
        [[0.0001] * 4],
        [[0.02, 0.02, 0.02]],
        [[0.01, 0.01, 0.01, 0.0001]],
    ]
    # A seed has one place within each level, and levels stand apart by 1.
    jfb, implicit = [line for line in full.lines if line.get_marker() in ("o", "s")]
    np.testing.assert_allclose(implicit.get_ydata() - jfb.get_ydata(), 1)
    assert len(set(jfb.get_ydata())) == 4
    # How many reach 0.001, of all: the lost run is among them.
    reached = [[text.get_text() for text in axes.texts] for axes in (full, small)]
    assert reached == [["3/4", "4/4"], ["0/4", "1/4"]]
    labels = [text.get_text() for text in full.get_yticklabels()]
    assert labels == ["jfb\n1 of 8 diverged", "implicit"]
    assert not figure.legends
    assert "1 of 16 runs not shown: no finite loss" in figure.get_supxlabel().replace("\n", " ")


def test_a_run_that_diverged_late_is_a_cross_at_the_loss_before(crossed):
    late = crossed.assign(diverged=crossed["lowest_loss"] == 0.0002)
    full, _ = drawn(factors.loss_by_level(late, ["gradient"], 600)).axes
    crosses = [list(line.get_xdata()) for line in full.lines if line.get_marker() == "x"]
    assert crosses == [[0.0002], []]


def test_the_spectral_norm_is_shown_by_batch_size_and_level(several):
    logs = pd.concat(
        several.assign(gradient=name, spectral_norm=several["seed"] + shift)
        for name, shift in (("jfb", 0.0), ("implicit", 10.0))
    )
    figure = drawn(factors.spectral_norm(logs, ["gradient"], 600))
    titles = [axes.get_title() for axes in figure.axes]
    # Seed 3 of batch size 32 diverges with both gradients.
    assert titles == ["Batch size 600 (full)", "Batch size 32\n2 of 8 diverged"]
    # A line per run, and that at 1.
    first = [[line.get_ydata()[0] for line in axes.lines] for axes in figure.axes]
    assert first == [[0, 1, 2, 3, 10, 11, 12, 13, 1], [0, 1, 2, 10, 11, 12, 1]]
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    # Seed 0 at either batch size.
    counts = "2 of 8 runs below 1 in the end", "0 of 8 runs below 1 in the end"
    assert labels == [f"jfb: {counts[0]}", f"implicit: {counts[1]}"]
    (legend,) = drawn(factors.spectral_norm(several, [], 600)).legends
    assert "runs below 1 in the end" in legend.get_texts()[0].get_text()


def test_the_cost_is_drawn_by_what_varied():
    table = pd.DataFrame(
        [
            ("iterations", "jfb", 1, 3, 100, 0.1),
            ("iterations", "jfb", 9, 3, 100, 0.2),
            ("iterations", "unrolled", 1, 3, 100, 0.1),
            ("iterations", "unrolled", 9, 3, 900, 0.5),
            ("latent_dim", "jfb", 4, 3, 100, 0.1),
            ("latent_dim", "jfb", 4, 8, 300, 0.3),
            ("latent_dim", "unrolled", 4, 3, 400, 0.2),
            ("latent_dim", "unrolled", 4, 8, 1200, 0.6),
        ],
        columns=["varied", "gradient", "iterations", "latent_dim", "peak_bytes", "step_seconds"],
    )
    figure = drawn(cost.cost(table.assign(rounds=3)))
    # JFB, then unrolled, in multiples of JFB.
    shown = [[list(line.get_ydata()) for line in axes.lines[:2]] for axes in figure.axes]
    assert shown == [
        [[1, 1], [1, 9]],
        [[1, 1], [4, 4]],
        [[1, 1], [1, pytest.approx(2.5)]],
        [[1, 1], [2, pytest.approx(2)]],
    ]
    assert [list(axes.lines[0].get_xdata()) for axes in figure.axes[:2]] == [[1, 9], [3, 8]]
    assert [axes.get_xlabel() for axes in figure.axes[2:]] == [
        "Fixed-point iterations",
        "Latent dimension",
    ]


def test_lightness_tells_batch_sizes_apart(logs):
    looks = style.looks(logs["batch_size"]).values()
    grey = [np.dot(look["color"][:3], (0.299, 0.587, 0.114)) for look in looks]
    assert all(b - a > 0.1 for a, b in itertools.pairwise(grey))
    assert len({look["marker"] for look in looks}) == 3


def test_figures_are_the_same_bytes_each_time(logs, tmp_path):
    for name in ("a", "b"):
        paths = [tmp_path / f"{name}.{ending}" for ending in ("svg", "pdf", "png")]
        sheet.write(published.figure1(logs, 2400), paths, "{}")
    for ending in ("svg", "pdf", "png"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] == pytest.approx(style.PAGE_WIDTH * 300, abs=1)
