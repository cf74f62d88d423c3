"""Every figure of few, of one, and of lost runs: it says what it shows, and what it lacks.

And the table of figures: what each is made of is there.
"""

import ast
import dataclasses
import importlib
import inspect
import itertools

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from jfb.config import requirements
from jfb.measure.collector import Collector
from jfb.output.figures import cost, factors, inputs, minima, published, seeds, sheet, style
from jfb.output.figures import sharpness as of_sharpness
from jfb.output.figures import timing as of_time
from jfb.records import runlog

EPOCHS = 12
UPDATES_PER_EPOCH = {600: 4, 32: 75}
#: The least losses of functions of the kind that networks have here, and of another.
FORMS = pd.DataFrame(
    {"category": ["one kink, slope on both sides", "two kinks"], "loss": [0.001, 0.0003]}
)
ONE_KINK = {"active_units": 2.0, "switching_units": 1.0, "function_kinks": 1.0, "flat_pieces": 0.0}
#: Batch sizes, number of seeds, and which runs diverge.
CASES = {
    "one of three diverged": ([600, 32], 3, {(32, 0)}),
    "a batch size diverged": ([600, 32], 3, {(32, 0), (32, 1), (32, 2)}),
    "all diverged": ([600, 32], 3, set(itertools.product([600, 32], range(3)))),
    "one run": ([32], 1, set()),
    "one run, diverged": ([32], 1, {(32, 0)}),
    "one seed": ([600, 32], 1, set()),
    "one batch size": ([32], 3, set()),
}


def summary(sizes, count, lost, levels=("a", "b")):
    """Of the runs that diverge, the first has no finite loss at all."""
    rows = [
        {"level_of": f, "batch_size": b, "seed": s, "lowest_loss": 10.0 ** -(s + 1)}
        for f, b, s in itertools.product(levels, sizes, range(count))
    ]
    table = pd.DataFrame(rows)
    gone = pd.Series([(r["batch_size"], r["seed"]) in lost for r in rows])
    never = gone & (table["seed"] == 0)
    lowest = table["lowest_loss"].mask(never)
    return table.assign(diverged=gone, lowest_loss=lowest, exact_best_loss=1.1 * lowest)


def logs(sizes, count, lost, levels=("a", "b"), loss="mean squared error"):
    """Diverged runs end after two epochs."""
    parts = []
    for f, b, s in itertools.product(levels, sizes, range(count)):
        gone = (b, s) in lost
        epoch = np.arange(1, 3 if gone else EPOCHS + 1)
        losses = 1.0 / (epoch + s)
        if gone:
            losses[-1 if s else 0 :] = np.nan
        frame = pd.DataFrame({"epoch": epoch, "train_loss": losses, "val_loss": losses})
        place = {"level_of": f, "batch_size": b, "seed": s, "diverged": gone}
        told = {"train_accuracy": 0.5, "val_accuracy": s / (epoch + 1), "spectral_norm": 0.9}
        told |= {"loss": loss, "accurate": "right", "engine": "fused engine (compiled code)"}
        parts.append(frame.assign(seconds=epoch * 0.1, **place, **told))
    return pd.concat(parts, ignore_index=True)


def units(sizes, count, lost):
    """Networks with one kink and a slope on both sides of it."""
    rows = [
        {"batch_size": b, "seed": s, "epoch": e, "diverged": (b, s) in lost and e > 0}
        for b, s, e in itertools.product(sizes, range(count), (0, 1, EPOCHS))
    ]
    table = pd.DataFrame(rows)
    gone = table["diverged"]
    counts = {name: pd.Series(n, table.index).mask(gone) for name, n in ONE_KINK.items()}
    updates = table["epoch"] * table["batch_size"].map(UPDATES_PER_EPOCH)
    return table.assign(updates=updates, converged=~gone, **counts)


def sharpness(sizes, count, lost):
    table = summary(sizes, count, lost, ["a"])
    measured = ["loss", "largest_eigenvalue", "rescaled_eigenvalue", "keskar_sharpness"]
    values = dict.fromkeys(measured, 2.0) | ONE_KINK
    values = {name: pd.Series(n, table.index).mask(table["diverged"]) for name, n in values.items()}
    return table.assign(converged=~table["diverged"], **values)


def plain(sizes, count, lost):
    return summary(sizes, count, lost, ["a"])


FIGURES = {
    "figure1": lambda *case: published.figure1(logs(case[0], 1, case[2], ["a"]), 600),
    "figure2": lambda *case: published.figure2(logs(case[0], 1, case[2], ["a"]), 600),
    "figure3": lambda *case: published.figure3(logs(case[0], 1, case[2], ["a"]), 600),
    "bands": lambda *case: seeds.bands(logs(*case, ["a"]), 600),
    "accuracy": lambda *case: seeds.accuracy(logs(*case, ["a"]), 600),
    "levels": lambda *case: seeds.levels(plain(*case), 600),
    "ecdf": lambda *case: seeds.ecdf(plain(*case), 600),
    "shares": lambda *case: factors.shares(summary(*case), ["level_of"], 600),
    "loss_by_level": lambda *case: factors.loss_by_level(summary(*case), ["level_of"], 600),
    "loss_by_level, one level": lambda *case: factors.loss_by_level(
        plain(*case), ["level_of"], 600
    ),
    "shares, one level": lambda *case: factors.shares(plain(*case), ["level_of"], 600),
    "shares, no factor": lambda *case: factors.shares(plain(*case), [], 600),
    "spectral_norm": lambda *case: factors.spectral_norm(logs(*case), ["level_of"], 600),
    "spectral_norm, one level": lambda *case: factors.spectral_norm(
        logs(*case, ["a"]), ["level_of"], 600
    ),
    "spectral_norm, no factor": lambda *case: factors.spectral_norm(logs(*case, ["a"]), [], 600),
    "kinks": lambda *case: minima.kinks(plain(*case), units(*case), FORMS),
    "fates": lambda *case: minima.fates(units(*case)),
    "sharpness": lambda *case: of_sharpness.sharpness(sharpness(*case)),
}


#: Figures of a loss that one run may not have.
FINITE = ("figure1", "figure3", "levels", "ecdf", "loss_by_level")


def texts(figure):
    """Everything that a figure says."""
    own = [figure.get_supxlabel(), *(t.get_text() for k in figure.legends for t in k.get_texts())]
    for axes in figure.axes:
        own += [axes.get_title(), axes.get_xlabel(), *(t.get_text() for t in axes.texts)]
        own += [label.get_text() for label in axes.get_xticklabels() + axes.get_yticklabels()]
    return "\n".join(own)


#: The cases of `make test`: a figure of all seven takes two seconds, of eighteen figures each.
OFTEN = ("one of three diverged", "one run, diverged")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=() if case in OFTEN else pytest.mark.long) for case in CASES],
)
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_few_or_lost_runs_says_so(name, case):
    sizes, count, lost = CASES[case]
    figure = FIGURES[name](*CASES[case])
    figure.draw_without_rendering()
    said = texts(figure)
    # The report's figures are of one seed, 0.
    shown = {run for run in lost if run[1] == 0} if name.startswith("figure") else lost
    assert ("diverged" in said) == bool(shown)
    assert "1 seeds" not in said
    assert "1 runs" not in said
    if count == 1 and name == "bands":
        assert "median" not in said
    if case == "one run, diverged" and name in FINITE:
        assert "no finite loss" in said
    if name == "kinks":
        # Seed 0 has no loss if it diverges, the others have one of before.
        never = sum(run[1] == 0 for run in lost)
        note = " ".join(figure.get_supxlabel().split())
        assert (f"{never} of {len(sizes) * count} run" in note) == (never > 0)
        assert ("the best network before" in note) == (len(lost) > never)
        assert ("no exact loss" in [t.get_text() for t in figure.axes[0].texts]) == (
            case == "one run, diverged"
        )
    # Nothing sticks out of the page.
    labels = [axis.label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    for artist in [*figure.legends, *(label for label in labels if label.get_text())]:
        box = artist.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y1 <= figure.bbox.height


@pytest.mark.parametrize(("count", "length"), [(7, 16), (3, 4), (2, 200)])
def test_a_legend_is_as_wide_as_the_figure_allows(count, length):
    """Seven long names take three rows; names as wide as the figure have a row each."""
    figure, _ = style.panels(1)
    names = [f"{k}".ljust(length, "n") for k in range(count)]
    style.level_legend(figure, {name: {} for name in names}, "Gradient")
    figure.draw_without_rendering()
    (legend,) = figure.legends
    heights = {round(text.get_window_extent().y0) for text in legend.get_texts()}
    assert len(heights) == {7: 3, 3: 1, 2: 2}[count]
    assert (legend.get_window_extent().width <= figure.bbox.width) == (length < 200)


def test_the_fates_of_diverged_runs_fill_the_panel():
    """One of three at batch size 32 is lost after epoch 0, and stays in the denominator."""
    figure = FIGURES["fates"](*CASES["one of three diverged"])
    small = figure.axes[1].collections
    (kept, lost) = (area.get_paths()[0].vertices for area in small)
    last = EPOCHS * UPDATES_PER_EPOCH[32]
    assert max(y for x, y in kept if x == last) == pytest.approx(200 / 3)
    assert max(y for x, y in lost if x == last) == pytest.approx(100)
    assert max(y for x, y in kept if x == 0) == pytest.approx(100)


def coloured(axes):
    """The lines of runs in a panel, of the colour of those that reach 0.001 and of the others."""
    runs = [line for line in axes.lines if line.get_linestyle() == "-"]
    first = seeds._LOOKS[seeds._REACHES]["color"]
    reach = [line.get_color() == first for line in runs]
    return [[line for line, r in zip(runs, reach, strict=True) if r == told] for told in (1, 0)]


def test_bands_draw_runs_by_whether_they_reach_the_minimum():
    """Seed 0 diverges, seed 1 gets to 0.001 and seed 2 does not."""
    table = logs([32], 3, {(32, 0)}, ["a"])
    ends = (table["seed"] == 1) & (table["epoch"] == EPOCHS)
    figure = seeds.bands(table.assign(train_loss=table["train_loss"].mask(ends, 0.001)), 600)
    (axes,) = figure.axes
    (reaches,), (other,) = coloured(axes)
    assert reaches.get_ydata()[-1] == 0.001
    np.testing.assert_allclose(other.get_ydata()[0], 1 / 3)
    assert axes.get_title() == "Batch size 32\n1 of 3 diverged\n1 of 3 reach 0.001"
    assert "3 seeds" in figure.get_supxlabel()


def test_bands_of_many_seeds_say_how_many_they_draw():
    table = logs([600, 32], 40, set(), ["a"])
    figure = seeds.bands(table, 600)
    drawn = [coloured(axes)[1] for axes in figure.axes]
    assert [len(lines) for lines in drawn] == [30, 30]
    # The same seeds at both batch sizes.
    firsts = [{line.get_ydata()[0] for line in lines} for lines in drawn]
    assert firsts[0] == firsts[1]
    assert "30 of 40 seeds" in figure.get_supxlabel()
    assert "0 of 40 reach" in figure.axes[0].get_title()


def test_bands_of_a_cross_entropy_have_no_levels():
    figure = seeds.bands(logs([600], 3, set(), ["a"], loss="cross-entropy"), 600)
    (axes,) = figure.axes
    assert axes.get_ylabel() == "Training loss\n(cross-entropy)"
    assert axes.get_title() == "Batch size 600 (full)"
    assert not figure.legends
    assert "0.001" not in texts(figure)


def test_accuracies_are_of_runs_in_which_diverged_ones_keep_their_last():
    figure = FIGURES["accuracy"]([32], 3, {(32, 1)})
    (axes,) = figure.axes
    _, lines = coloured(axes)
    # Of s / (epoch + 1) for the seeds 0, 1, 2; the second ends after two epochs.
    assert lines[1].get_ydata()[-1] == pytest.approx(1 / 3)
    # In the last epoch 0, 1 / 3 and 2 / 13: quartiles 1 / 13 and 19 / 78.
    assert axes.get_title().endswith("in the end 7.7 to 24.4 %")
    assert "Accurate: right." in figure.get_supxlabel()


def test_levels_say_how_many_reach_the_minimum_and_name_the_commonest():
    """Losses 0.1, 0.01 and 0.001, the last of three seeds at both batch sizes."""
    points, counts = seeds.levels(plain([600, 32], 3, set()), 600).axes
    assert [t.get_text() for t in points.get_xticklabels()] == [
        "600 (full)\n1 reach",
        "32\n1 reach",
    ]
    assert points.get_xlabel() == "Batch size, and how many of 3 seeds reach 0.001"
    assert [text.get_text() for text in counts.texts] == ["0.001", "0.01", "0.1"]


def test_updates_compare_the_same_seeds():
    """Of five seeds after as many epochs, those three that were trained for as many updates too."""
    epochs, updates = plain([600, 32], 5, set()), plain([600, 32], 3, set())
    # Of seeds 0 to 4 losses are 0.1 to 0.00001: of the first three, one reaches 0.001.
    updates["lowest_loss"] = updates["lowest_loss"].mask(updates["batch_size"] == 32, 1e-4)
    same = [(size, seed) for size in (600, 32) for seed in range(3)]
    figure = factors.updates([epochs, updates], same, ["9 epochs", "8 updates"], 600)
    left, right = figure.axes
    assert [text.get_text() for text in left.texts] == ["33 %", "33 %"]
    assert [text.get_text() for text in right.texts] == ["33 %", "100 %"]
    assert [axes.get_title() for axes in figure.axes] == ["After 9 epochs", "After 8 updates"]
    assert [label.get_text() for label in left.get_yticklabels()] == ["600 (full)", "32"]
    said = "3 seeds, the same in both panels; bars: 95 % intervals. Further right is better."
    assert figure.get_supxlabel() == said


@pytest.mark.filterwarnings("error")
def test_updates_of_other_batch_sizes_say_that_nothing_is_shared():
    parts = [plain([600], 3, set()), plain([32], 3, {(32, 1)})]
    figure = factors.updates(parts, [], ["9 epochs", "8 updates"], 600)
    figure.draw_without_rendering()
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["the studies share no runs"] * 2
    same = [(32, seed) for seed in range(3)]
    lost = factors.updates(parts[1:] * 2, same, ["9 epochs", "8 updates"], 600)
    assert lost.get_supxlabel().replace("\n", " ").endswith("2 runs diverged.")


def test_a_sample_of_seeds_is_always_the_same():
    assert inputs.sample([2, 0, 1], 3).tolist() == [0, 1, 2]
    drawn = inputs.sample(range(100), 30)
    assert len(set(drawn)) == 30
    assert drawn.tolist() == inputs.sample(reversed(range(100)), 30).tolist()


def test_shares_of_one_batch_size_stand_below_each_other():
    """Levels have the names of ticks, without a legend; one of three seeds reaches 0.001."""
    figure = FIGURES["shares"]([600], 3, set())
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert not figure.legends
    assert [text.get_text() for text in axes.texts] == ["33", "33"]
    assert axes.get_title() == "Batch size 600 (full)"


def test_shares_have_their_numbers_beside_them_where_there_is_room():
    few = factors.shares(summary([600, 32], 3, set()), ["level_of"], 600)
    many = factors.shares(summary([600, 32], 3, set(), "abcdefgh"), ["level_of"], 600)
    assert [[t.get_text() for t in f.axes[0].texts] for f in (few, many)] == [["33"] * 4, []]


def test_a_level_is_written_without_underscores():
    figure = factors.loss_by_level(summary([32], 3, set(), ["explicit_10"]), ["level_of"], 600)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["explicit 10"]
    assert [text.get_text() for text in axes.texts] == ["1/3"]


def test_the_report_s_figures_name_lines_where_they_end():
    table = logs([600, 32], 1, set(), ["a"]).assign(train_accuracy=0.5)
    accurate = (table["batch_size"] == 32) & (table["epoch"] >= 7)
    table["train_accuracy"] = table["train_accuracy"].mask(accurate, 0.99)
    (axes,) = published.figure2(table, 600).axes
    names = {text.get_text(): text.xy for text in axes.texts}
    assert names["\N{BLACK CIRCLE} 600 (full): never"] == (EPOCHS, 0.5)
    assert names["\N{BLACK SQUARE} 32: epoch 7"] == (EPOCHS, 0.99)


def test_figure1_compares_epochs_and_no_times():
    table = logs([600, 32], 1, set(), ["a"])
    small = (table["batch_size"] == 32) & (table["epoch"] == 9)
    reaches = table.assign(train_loss=table["train_loss"].mask(small, 1e-3))
    left, right = published.figure1(reaches, 600).axes
    assert left.get_title() == "Over training time:\none run of each batch size"
    assert right.get_title() == "Over epochs: batch 32 is first\nat 0.001, in epoch 9"
    assert [axes.get_xlabel() for axes in (left, right)] == [
        "Training time (s)",
        "Epoch (log scale)",
    ]
    assert [axes.get_xscale() for axes in (left, right)] == ["linear", "log"]
    labels = [axes.get_ylabel() for axes in (left, right)]
    assert labels == ["Training loss (log scale,\nmean squared error)", ""]
    none = published.figure1(table, 600).axes[1]
    assert none.get_title() == "Over epochs: no run\ngets to 0.001"


def test_figure1_names_runs_where_they_end_in_both_panels():
    figure = published.figure1(logs([600, 32], 1, set(), ["a"]), 600)
    for axes, end in zip(figure.axes, (0.1 * EPOCHS, EPOCHS), strict=True):
        assert [text.xy[0] for text in axes.texts] == pytest.approx([end, end])
    said = " ".join(figure.get_supxlabel().split())
    assert said.startswith("One run per batch size")
    assert "Left, as the report has it: the fused engine (compiled code)" in said
    assert "the published runs took 100 to 751 s." in said
    assert said.endswith("the order of magnitude of a time, not which batch size is faster.")


def test_a_rough_curve_is_drawn_as_its_medians_over_each_epoch():
    run = logs([600], 1, set(), ["a"])
    rough = pd.concat([run.assign(epoch=run["epoch"] + EPOCHS * k) for k in range(5)])
    rough = rough.assign(train_accuracy=np.where(np.arange(len(rough)) % 10, 0.5, 1.0))
    (axes,) = published.figure2(rough, 600).axes
    each, medians = (line for line in axes.lines if len(line.get_xdata()) == len(rough))
    assert each.get_ydata().tolist() == rough["train_accuracy"].tolist()
    assert set(medians.get_ydata()[15:-15]) == {0.5}


def test_curves_of_neighbouring_batch_sizes_differ_in_their_dashes():
    (axes,) = FIGURES["ecdf"]([600, 64, 32], 3, set()).axes
    curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
    styles = [line.get_linestyle() for line in curves]
    assert len(set(styles)) == 3


def test_figure3_compares_with_training():
    table = logs([600, 32], 1, set(), ["a"]).assign(val_accuracy=0.48)
    table["val_loss"] = table["train_loss"] * (1 + 0.1 * (table["batch_size"] == 32))
    loss, accuracy = published.figure3(table, 600).axes
    assert loss.get_title() == "In the end 1.00 to 1.10 times the training loss"
    bands = [line.get_ydata() for line in loss.lines if line.get_linewidth() == 6]
    np.testing.assert_allclose(np.concatenate(bands), table["train_loss"])
    assert accuracy.get_title() == "In the end within 2.0 points of the training accuracy"


def test_norms_below_one_are_counted():
    figure = factors.spectral_norm(logs([600, 32], 3, {(32, 1)}), ["level_of"], 600)
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["a: 6 of 6 runs below 1 in the end", "b: 6 of 6 runs below 1 in the end"]


def test_levels_mark_diverged_runs_with_a_cross():
    case = [600, 32], 3, {(32, 1)}
    points, _ = seeds.levels(plain(*case), 600).axes
    crosses = [line for line in points.lines if line.get_marker() == "x"]
    assert [y for line in crosses for y in line.get_ydata()] == pytest.approx([1e-2])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("varied", [["iterations"], ["iterations", "latent_dim"]])
@pytest.mark.parametrize("names", [["jfb"], ["jfb", "implicit"]])
def test_the_cost_of_one_gradient_in_one_case(varied, names):
    rows = [
        {"varied": v, "gradient": g, "iterations": 5, "latent_dim": 3}
        for v in varied
        for g in names
    ]
    table = pd.DataFrame(rows).assign(peak_bytes=8, step_seconds=1e-3, rounds=1)
    figure = cost.cost(table)
    figure.draw_without_rendering()
    assert "1 round." in figure.get_supxlabel()
    assert ("nothing measured\nbeside JFB" in texts(figure)) == (len(varied) == 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sizes", [[2400], [32], [2400, 32]])
def test_the_time_of_one_round_of_one_engine(sizes):
    rows = [{"batch_size": size, "seconds_per_epoch": 1e-3 * size} for size in sizes]
    place = {"engine": "fused", "stage": 0, "round": 0, "epochs": 9, "machine": "one"}
    table = pd.DataFrame(rows).assign(**place, collector=Collector.RUNNING)
    figure = of_time.timing(table)
    figure.draw_without_rendering()


def table_of_figures():
    """The table of workflow/rules/figures.smk: of each figure, its row as syntax by key."""
    text = (ROOT / "workflow/rules/figures.smk").read_text().partition("\ntry:")[0]
    (table,) = ast.parse(text).body
    assert table.targets[0].id == "FIGURES"
    return {
        name.value: {key.value: value for key, value in zip(row.keys, row.values, strict=True)}
        for name, row in zip(table.value.keys, table.value.values, strict=True)
    }


TABLE = table_of_figures()


@pytest.mark.parametrize("name", TABLE)
def test_a_figure_of_the_table_has_a_function_a_caption_and_needs(name):
    row = TABLE[name]
    module = importlib.import_module(f"jfb.output.figures.{row['module'].value}")
    draw = getattr(module, name)
    assert list(draw.readers) == [key.value for key in row["inputs"].keys]
    others = inspect.signature(draw).parameters.keys() - draw.readers.keys()
    assert bool(others) == ("options" in row)
    of_study = "{wildcards.study}" in row["message"].value
    assert (f"figures/{name}" in requirements.NEEDS) == of_study
    caption = (ROOT / f"workflow/report/{name}.rst").read_text()
    assert ("{{ snakemake.wildcards.study }}" in caption) == of_study


def test_the_table_has_every_figure_once():
    modules = (ROOT / "workflow/scripts/jfb/output/figures").glob("[a-z]*.py")
    names = [
        name
        for file in modules
        for name, value in vars(importlib.import_module(f"jfb.output.figures.{file.stem}")).items()
        if hasattr(value, "readers")
    ]
    assert sorted(names) == sorted(TABLE)
    needed = {name.removeprefix("figures/") for name in requirements.NEEDS if "/" in name}
    assert needed <= set(TABLE)
    assert requirements.OF_TARGET.keys() <= requirements.NEEDS.keys()


def test_no_path_is_that_of_two_figures():
    """`a_b` of the study `c` would be `a` of the study `b_c`, and so would a figure `a_b`."""
    of_study = [name for name in TABLE if f"figures/{name}" in requirements.NEEDS]
    assert len(of_study) > 8
    for one, other in itertools.product(of_study, TABLE):
        assert not other.startswith(f"{one}_")


def test_the_lines_of_both_panels_of_validation_are_named():
    figure = published.figure3(logs([600, 32], 1, set(), levels=("a",)), 600)
    for axes in figure.axes:
        names = [text.get_text() for text in axes.texts]
        assert [name.split(maxsplit=1)[1] for name in names] == ["600 (full)", "32"]


def test_an_accuracy_says_what_is_accurate(tmp_path, project):
    run = dataclasses.replace(project.studies["replay"].runs[2400, 42], epochs=3)
    log = runlog.empty(3) | {"train_loss": np.ones(3), "val_loss": np.ones(3)}
    runlog.write(tmp_path / "log.parquet", log, run, {})
    read = inputs.read_logs([tmp_path / "log.parquet"])
    (axes,) = published.figure2(read, 600).axes
    assert axes.get_ylabel() == "Training accuracy (% of points\noff by 0.1 at most)"


def test_a_factor_is_named_in_words():
    assert factors._title(["learning_rate", "width"]) == "Learning rate, width"


@pytest.mark.parametrize("case", ["one batch size", "one of three diverged"])
def test_a_question_stands_above_legend_and_panels(case):
    """Also where it takes two lines."""
    question = "Does a question that takes two lines, since it is as long as this one, stand above?"
    figure = sheet.headed(FIGURES["ecdf"](*CASES[case]), question, "Study: seeds")
    figure.draw_without_rendering()
    above = figure.texts[-2:]
    boxes = [text.get_window_extent() for text in above]
    assert above[0].get_text().replace("\n", " ") == question
    assert boxes[0].y1 <= figure.bbox.y1
    assert boxes[1].y1 <= boxes[0].y0
    legend = figure.legends[0].get_window_extent()
    assert legend.y1 <= boxes[1].y0
    assert max(axes.get_tightbbox().y1 for axes in figure.axes) <= legend.y0


@pytest.mark.parametrize(("count", "rows"), [(3, 1), (4, 2), (5, 2), (7, 3)])
def test_panels_are_at_most_three_in_a_row(count, rows):
    figure, all_axes = style.panels(count, sharex=True, sharey=True)
    for axes in all_axes:
        axes.set(xlabel="x", ylabel="y")
    style.outer(all_axes)
    figure.draw_without_rendering()
    assert len(figure.axes) == count
    columns = -(-count // rows)
    lowest = [bool(axes.get_xlabel()) for axes in all_axes]
    assert lowest == [place >= count - columns for place in range(count)]
    assert [bool(axes.get_ylabel()) for axes in all_axes] == [not p % columns for p in range(count)]
    for axes, named in zip(all_axes, lowest, strict=True):
        assert axes.xaxis.get_major_ticks()[0].label1.get_visible() == named
