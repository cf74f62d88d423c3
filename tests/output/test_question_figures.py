"""The figures of questions, from made-up runs of the studies that the configuration has.

The criteria are applied too: one that is about no estimate would be seen after the runs only.
"""

import functools
import itertools
import operator
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.text import Text

from conftest import ROOT, load_project
from jfb.analysis import intervals
from jfb.analysis.questions import (
    diffusion,
    digits,
    digits_alignment,
    digits_sharpness,
    digits_width,
    hybrid,
    impurity,
    jacobian_based,
    large_batch,
    measured,
    orders,
    overparameterised,
    picture,
    rates,
    regularised,
    room,
    second_order,
    sensitivity,
    start,
    wellposed,
    width,
)
from jfb.output.figures import diffusion as figure_of_diffusion
from jfb.output.figures import (
    question_cited,
    question_differences,
    question_equal_loss,
    question_images,
    question_shares,
    question_systems,
    question_width,
    question_work,
    sheet,
    style,
)
from jfb.output.figures.inputs import read_answers
from jfb.storage import documents
from test_figures import TABLE


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    """What intervals of made-up runs contain is not looked at: tests/analysis does that."""
    monkeypatch.setattr(intervals, "_RESAMPLES", 199)
    for question in (impurity, orders):
        monkeypatch.setattr(question, "_RESAMPLES", 199)


QUESTIONS = yaml.safe_load((ROOT / "workflow/questions.yaml").read_text())
RNG = np.random.default_rng(0)


def summary(study, lost=False):
    """Made-up losses of the runs of a study; all without a finite loss if they are `lost`."""
    runs = load_project().studies[study].runs.values()
    table = pd.DataFrame(
        [dict(run.levels) | {"batch_size": run.batch_size, "seed": run.seed} for run in runs]
    )
    loss = np.nan if lost else 10.0 ** RNG.uniform(-4, -1, len(table))
    losses = ("lowest_loss", "exact_best_loss", "final_val_loss", "final_train_loss")
    counted = (
        *("final_val_accuracy", "applications", "adjoint_applications"),
        *("epochs", "unconverged_solves", "training_seconds"),
    )
    columns = dict.fromkeys(losses, loss) | dict.fromkeys(counted, RNG.uniform(size=len(table)))
    return table.assign(**columns, diverged=lost)


def with_work(table):
    """Runs that reach 0.001 after some work, and end by themselves where a method does."""
    low = table["lowest_loss"] <= 1e-3
    work = 10.0 ** RNG.uniform(2, 4, len(table))
    ended = [("gradient", "step", "line search")[seed % 3] for seed in table["seed"]]
    return table.assign(work_to_1e_3=np.where(low, work, np.nan), ended=ended)


def by_work(study):
    """Made-up epochs of logs, each with a work of ten."""
    table = summary(study)[["rate", "batch_size", "seed"]]
    epochs = pd.DataFrame({"epoch": range(1, 4), "work": range(10, 40, 10)})
    return table.merge(epochs, how="cross").assign(val_accuracy=0.5, val_loss=0.1)


def linearisations():
    runs = load_project().studies["digits_along"].runs.values()
    columns = ("cosine", "norm_ratio", "radius", "radius_mean", "curvature", "loss")
    return pd.DataFrame(
        [
            {"batch_size": run.batch_size, "seed": run.seed, "epoch": epoch, "updates": epoch}
            | dict(zip(columns, RNG.uniform(size=len(columns)), strict=True))
            | {"converged": True}
            for run in runs
            for epoch in (0, 1, 3)
        ]
    )


def lost_adjoints():
    runs = summary("digits_jacobian")
    return runs, runs[["variant", "seed"]].assign(not_found=0.1, unconverged=0.1, products=5.0)


def places(study, *names, **told):
    """The runs of a study by their levels, with made-up numbers of these names."""
    runs = load_project().studies[study].runs.values()
    table = pd.DataFrame(
        [
            dict(run.levels)
            | {"batch_size": run.batch_size, "seed": run.seed, "latent_dim": run.network.latent_dim}
            for run in runs
        ]
    )
    return table.assign(**{name: RNG.uniform(0.1, 1, len(table)) for name in names}, **told)


def measured_of(study, *names, **told):
    """The same with their levels in one column."""
    of_study = load_project().studies[study]
    levels = ["/".join(dict(run.levels).values()) or "none" for run in of_study.runs.values()]
    table = places(study, *names, **told).drop(columns=list(of_study.factors))
    return table.assign(level=levels)


def units(study):
    runs = load_project().studies[study].runs.values()
    return pd.DataFrame(
        [
            {"batch_size": run.batch_size, "seed": run.seed, "updates": updates}
            | {"active_units": 3 - (updates > 5 and run.seed % 3 == 0)}
            for run in runs
            for updates in (0, 10)
        ]
    )


def networks(study):
    runs = load_project().studies[study].runs.values()
    levels = ["/".join(level for _, level in run.levels) or "none" for run in runs]
    place = [{"batch_size": run.batch_size, "seed": run.seed, "epoch": 5} for run in runs]
    numbers = {
        column: RNG.uniform(0.5, 1.5, len(place)) for column in wellposed.CONDITIONS.values()
    }
    told = {"gain": 1.0, "unique": True, "reached": True}
    return pd.DataFrame(place).assign(level=levels, **numbers, **told)


def distances():
    return pd.DataFrame(
        [
            {
                "batch_size": size,
                "seed": seed,
                "updates": updates,
                "distance": np.log(updates + seed),
            }
            for size, seed, updates in itertools.product(
                (2400, 32), range(8), (10, 20, 50, 90, 400)
            )
        ]
    )


def iterations(study):
    table = summary(study)[["batch_size", "seed"]]
    return table.assign(iterations=RNG.uniform(1, 9, len(table)), stopped=0.0)


def alignments(study):
    row = {"gradient": "jfb", "precision": "float64", "reference": "exact", "tolerance": 1e-10}
    row |= {"reference_tolerance": 1e-10, "sign": 1, "converged": True}
    table = summary(study)[["batch_size", "seed"]]
    return [
        part.assign(**row, cosine=RNG.uniform(0.9, 1, len(part)))
        for _, part in table.groupby("batch_size")
    ]


CONTRACTIVE = ("trajectories", "wellposed_contractions")


def rows_of(name, lost):
    """What is measured of made-up runs."""
    match name:
        case "width":
            studies = ("long", "long_updates", "short", "short_updates")
            return width.measure(*(summary(f"width_{study}", lost) for study in studies))
        case "orders":
            deaths = [units(s) for s in ("trajectories", "orders_first", "orders_second")]
            return orders.measure(summary("orders_epochs"), summary("orders_updates"), deaths)
        case "rates":
            return rates.measure(summary("rates_constant", lost), summary("rates_rules", lost))
        case "hybrid":
            studies = ("schedules", "controls", "last")
            return hybrid.measure(*(summary(f"hybrid_{study}", lost) for study in studies))
        case "start":
            studies = {"zero": "trajectories", "previous": "start_previous", "once": "start_once"}
            logs = [iterations(study) for study in studies.values()]
            aligned = [alignments(study) for study in studies.values()]
            counts = zip(studies, logs, aligned, strict=True)
            return start.measure(
                [summary(study) for study in studies.values()],
                pd.concat(logs),
                functools.reduce(operator.iadd, aligned, []),
                {where: (len(log), len(parts)) for where, log, parts in counts},
            )
        case "room":
            runs = load_project().studies["room_points"].runs.values()
            levels = {dict(run.levels)["points"]: run.dataset.noise_std**2 for run in runs}
            variances = {k: v for k, v in levels.items() if "inputs" not in k}
            return room.measure(summary("room_points", lost), variances)
        case "second_order":
            return second_order.measure(*methods(lost))
        case "digits":
            summaries = summary("digits_epochs"), summary("digits_updates")
            logs = by_work("digits_epochs")
            return digits.measure(*summaries, logs, summary("digits_gradients"))
        case "digits_alignment":
            return digits_alignment.measure([linearisations()])
        case "jacobian_based":
            return jacobian_based.measure(*lost_adjoints())
        case "digits_width":
            return digits_width.measure(
                *map(summary, ("digits_width_epochs", "digits_width_updates"))
            )
        case "large_batch":
            own = ("points", "digits", "normalised", "ghost", "decayed", "growing")
            points, pictures, *others = (summary(f"large_batch_{study}") for study in own)
            constant = summary("rates_constant"), summary("digits_epochs")
            return large_batch.measure(points, constant[0], pictures, constant[1], *others)
        case "regularised":
            studies = [f"regularised_{part}" for part in ("digits", "exact", "points")]
            return regularised.measure(
                [summary(study, lost) for study in studies],
                [measured_of(study, "iterations", "norm", converged=True) for study in studies],
            )
        case "overparameterised":
            study = "overparameterised_widths"
            return overparameterised.measure(
                places(study, "rate", "fit", "loss", "norm", learning_rate=0.1),
                places(study, smallest=0.1, samples=64),
            )
        case "picture":
            epochs = pd.DataFrame({"epoch": range(1, 9), "work": range(10, 90, 10)})
            table = places("picture_searches").merge(epochs, how="cross")
            losses = {"train_loss": 0.1 / table["epoch"] ** 2, "val_loss": 0.1}
            return picture.measure(table.assign(**losses, train_seconds=0.5))
        case "impurity":
            epochs = pd.DataFrame({"updates": [0, 1, 5, 50], "loss": [2.3, 1.0, 0.3, 0.1]})
            epochs["epoch"] = epochs["updates"]
            names = ("impurity", "jacobian", "trace", "val_accuracy")
            table = measured_of("digits_wellposed", converged=True).merge(epochs, how="cross")
            return impurity.measure(
                table.assign(**{n: RNG.uniform(0.1, 1, len(table)) for n in names})
            )
        case "sensitivity":
            names = ("pair_largest", "pair_mean", "attack_largest", "attack_mean")
            names = (*names, "certified", "attacked", "accuracy", "perron_frobenius")
            table = measured_of("sensitivity_contractions", *names)
            return sensitivity.measure(table.assign(bounded=table["level"] == "infinity"))
        case "digits_sharpness":
            names = ("largest", "relative", "rescaled", "val_accuracy")
            ends = pd.DataFrame({"epoch": [1, 2], "loss": [0.3, 0.1], "updates": [10, 20]})
            table = measured_of("digits_wellposed").merge(ends, how="cross")
            return digits_sharpness.measure(
                table.assign(**{n: RNG.uniform(0.1, 1, len(table)) for n in names})
            )
        case "diffusion":
            return diffusion.measure(distances())
        case "wellposed":
            summaries = [summary(study) for study in CONTRACTIVE]
            return wellposed.measure([networks(study) for study in CONTRACTIVE], summaries)


def methods(lost=False):
    second, first = (summary(f"second_order_{part}", lost) for part in ("full_batch", "batches"))
    return with_work(second), with_work(first).assign(ended=None)


def drawn(name, answers):
    match name:
        case "second_order":
            return question_work.second_order(answers)
        case "rates" | "hybrid":
            return getattr(question_shares, name)(answers)
        case "width":
            return question_width.width(answers)
        case "diffusion":
            return figure_of_diffusion.diffusion(answers, distances())
        case "digits_alignment":
            return question_images.digits_alignment(answers, linearisations())
        case "digits" | "digits_width":
            return getattr(question_images, name)(answers, epochs=12, updates=86)
        case "jacobian_based":
            return question_images.jacobian_based(answers)
        case "large_batch":
            return question_cited.large_batch(answers)
        case "impurity" | "digits_sharpness":
            return getattr(question_equal_loss, name)(answers)
        case _ if hasattr(question_systems, name):
            return getattr(question_systems, name)(answers)
        case "orders":
            return question_differences.orders(answers, summary("orders_epochs"))
        case _:
            return getattr(question_differences, name)(answers)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_and_drawn(name, tmp_path):
    """Seconds each: intervals by resampling."""
    table = measured.table(rows_of(name, lost=False), QUESTIONS[name]["criteria"])
    assert set(table["criterion"].dropna()) == {one["id"] for one in QUESTIONS[name]["criteria"]}
    assert set(table["outcome"].dropna()) <= {"holds", "fails", "open"}
    documents.write_csv(tmp_path / "answers.csv", table, "{}")
    answers = read_answers(tmp_path / "answers.csv")
    assert answers["level"].tolist() == table["level"].tolist()
    figure = sheet.headed(drawn(name, answers), TABLE[name]["question"].value)
    figure.draw_without_rendering()
    labels = [axes.get_ylabel() + axes.get_xlabel() for axes in figure.axes]
    assert any(labels)
    assert len(figure.axes) in (1, 2, 3, 4)
    assert len(figure.texts[-1].get_text().split("\n")) == 1
    if name == "diffusion":
        return
    said = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert not [text.get_text() for text in said if "_" in text.get_text().replace("$10^", "")]
    assert min(text.get_fontsize() for text in said) >= style.NOTE
    # Of how many an estimate is.
    assert any(re.search(r"\d (seed|start|network)", text.get_text()) for text in said)
    for drawn_part in (*figure.axes, *figure.texts):
        box = drawn_part.get_tightbbox()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1 + 1
    alone = answers.assign(n=1, low=np.nan, high=np.nan)
    assert "interval" not in drawn(name, alone).get_supxlabel()
    tops = [axes.get_tightbbox().y1 for axes in figure.axes]
    for legend in figure.legends:
        assert legend.get_window_extent().y0 >= max(tops)
        assert legend.get_window_extent().x0 >= 0


def test_methods_that_reach_nothing_are_drawn():
    lost = methods(lost=True)
    answers = measured.table(second_order.measure(*lost), ())
    question_work.second_order(answers).draw_without_rendering()


def test_a_method_is_drawn_at_each_work_and_named_by_its_share_in_the_end():
    rows = [(f"share_within_{work}", 0.1 * k) for k, work in enumerate(second_order.BUDGETS)]
    table = pd.DataFrame([*rows, ("share", 0.7)], columns=["measure", "estimate"])
    answers = table.assign(level="adam_32", against="", low=0.0, high=1.0, n=9)
    figure = question_work.second_order(answers)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["Adam, batches of 32: 70 %"]
    assert axes.texts[0].xy[1] == 0.7
    assert [label.get_text() for label in axes.get_xticklabels()][-1] == "in the\nend"
    ends = [line for line in axes.lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose([line.get_ydata() for line in ends], [[0.5, 0.7]])
    lines = [line.get_ydata().astype(float) for line in axes.lines if len(line.get_ydata()) == 6]
    np.testing.assert_allclose(lines, [[0, 0.1, 0.2, 0.3, 0.4, 0.5]] * 2)


def test_the_rates_that_seeds_chose_are_ringed():
    rows = [("share", rate, size, 0.01 * size) for rate in ("0.001", "0.01") for size in (50, 32)]
    rows += [("share_at_best", "0.01", 50, 0.5), ("share_at_best", "0.001", 32, 0.32)]
    table = pd.DataFrame(rows, columns=["measure", "level", "batch_size", "estimate"])
    figure = question_shares.rates(table.assign(against="", low=np.nan, high=np.nan, n=9))
    left = figure.axes[0]
    rings = [line for line in left.lines if line.get_markersize() == 12]
    points = [xy for line in left.lines if line not in rings for xy in line.get_xydata()]
    assert [ring.get_ydata()[0] for ring in rings] == [0.5, 0.32]
    for ring in rings:
        assert any(np.allclose(ring.get_xydata()[0], point) for point in points)


def test_in_the_mean_a_network_whose_exact_gradient_was_not_found_counts_as_0():
    rows = [(32, seed, updates) for seed in range(2) for updates in (0, 43, 86)]
    table = pd.DataFrame(rows, columns=["batch_size", "seed", "updates"])
    table = table.assign(cosine=0.8, radius=0.5, converged=table["seed"] == 0)
    answers = pd.DataFrame({"criterion": [], "holds_low": []})
    left = question_images.digits_alignment(answers, table).axes[0]
    (means,) = (line for line in left.lines if line.get_linestyle() == "-")
    assert means.get_xdata().tolist() == [0.5, 43, 86]
    np.testing.assert_allclose(means.get_ydata(), 0.4)


def test_a_radius_is_marked_where_the_certified_one_would_be_tight(tmp_path):
    figure = drawn("sensitivity", answered("sensitivity", tmp_path))
    above, below = figure.axes
    line = next(line for line in above.lines if line.get_linestyle() == "--")
    said = "1/10 of attacked: tight if certified\nwere here or further right"
    word = next(text for text in above.texts if text.get_text() == said)
    assert word.xy == (line.get_xdata()[0], 0)
    assert above.get_yticklabels()[0].get_text().startswith("certified")
    np.testing.assert_allclose(line.get_ydata(), [-0.5, 0.5])
    assert below.get_title() == "How much a score, the output for one digit, changes"
    assert len(figure.get_supxlabel().split("\n")) < 3


def test_a_growing_batch_has_its_own_look(tmp_path):
    figure = drawn("large_batch", answered("large_batch", tmp_path))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["full batch", "batches of 32", "growing batch"]
    *_, growing = figure.legends[0].legend_handles
    labels = [label.get_text() for label in figure.axes[2].get_yticklabels()]
    assert labels[-1] == "starts at 32, grows"
    points = [bars.lines[0] for bars in figure.axes[2].containers]
    own = [point.get_color() for point in points if point.get_ydata()[0] == 2]
    assert own == [growing.get_color()]
    assert [axes.get_yticklabels()[0].get_text() for axes in figure.axes] == ["batches of 32"] * 4


@pytest.mark.parametrize("name", ["digits", "digits_width"])
def test_a_figure_on_pictures_says_after_how_many_epochs_and_updates(name, tmp_path):
    figure = drawn(name, answered(name, tmp_path))
    said = " ".join(text.get_text().lower() for text in figure.findobj(Text))
    assert "after 12 epochs" in said
    assert "after 86 updates" in said


def test_a_line_by_units_has_the_ratios_of_its_runs(tmp_path):
    """A panel for equal epochs and one for equal updates; of the short runs all widths."""
    answers = answered("width", tmp_path)
    figure = drawn("width", answers)
    widths = ["1", "2", "3", "5", "8", "16", "32", "64"]
    assert len(figure.axes) == 2
    for axes, what in zip(figure.axes, ("epochs", "updates"), strict=True):
        assert [label.get_text() for label in axes.get_xticklabels()] == widths
        assert what in axes.get_title()
        lines = {
            len(line.get_ydata()): np.asarray(line.get_ydata(), float)
            for line in axes.lines
            if line.get_xdata()[0] < 1
        }
        for length, number in (("long", 5), ("short", 8)):
            rows = answers[
                (answers["measure"] == f"loss_{length}_{what}") & (answers["against"] == "32")
            ]
            of = rows.set_index("level")["estimate"]
            np.testing.assert_allclose(lines[number], of[widths[:number]].to_numpy(float))


def test_losses_of_wider_networks_are_those_of_the_page(tmp_path):
    """Full batch over 32, as the text has it; each side of 1 is named."""
    answers = answered("digits_width", tmp_path)
    right = drawn("digits_width", answers).axes[1]
    bottom, top = right.get_ylim()
    assert bottom < top
    first = answers[(answers["measure"] == "loss_epochs") & (answers["against"] == "32")]
    least = first.loc[first["level"].astype(int).idxmin(), "estimate"]
    assert right.get_ylabel() == "Full batch over 32 (times)"
    assert right.lines[0].get_ydata()[0] == pytest.approx(least)
    words = {text.get_text(): text.get_position()[1] for text in right.texts}
    assert words["full batch worse"] > words["full batch better"]


def test_networks_without_an_exact_gradient_are_crossed_out(tmp_path):
    """They count with 0 in the means, and the means without them are drawn beside."""
    networks = linearisations()
    size = networks["batch_size"].max()
    lost = (networks["batch_size"] == size) & (networks["epoch"] == 3)
    lost &= networks["seed"] == networks["seed"].min()
    networks.loc[lost, "converged"] = False
    answers = answered("digits_alignment", tmp_path)
    left = question_images.digits_alignment(answers, networks).axes[0]
    (crosses,) = [line for line in left.lines if line.get_marker() == "x"]
    assert list(zip(*crosses.get_data(), strict=True)) == [(3, 0)]
    (without,) = [
        line
        for line in left.lines
        if line.get_linestyle() == "--"
        and line.get_label().startswith("_")
        and len(line.get_xdata()) == 2
        and line.get_xdata()[1] == 3
    ]
    others = networks[(networks["epoch"] == 3) & networks["converged"]]
    others = others[others["batch_size"] == size]
    assert without.get_ydata()[1] == pytest.approx(others["cosine"].mean())


def test_the_laws_of_a_distance_are_those_nearest_to_its_median(tmp_path):
    """A distance that is a logarithm lies on the dashed line, and not on the dotted one."""
    runs = distances()
    runs["distance"] = 1 + np.log(runs["updates"].clip(lower=1))
    answers = answered("diffusion", tmp_path)
    left = figure_of_diffusion.diffusion(answers, runs).axes[0]
    by_label = {line.get_label(): line for line in left.lines}
    updates, fitted = by_label["logarithm, fitted to 32"].get_data()
    np.testing.assert_allclose(fitted, 1 + np.log(updates))
    assert np.abs(by_label["power, fitted to 32"].get_ydata() - fitted).max() > 0.01


def test_a_bound_that_some_widths_lack_is_drawn_at_the_others():
    rows = [
        (measure, f"{gradient}_{units}", value)
        for gradient in ("jfb", "exact")
        for units, bound in ((8, np.nan), (32, 0.0), (256, 0.2))
        for measure, value in (("rate", 3.0), ("loss", -3.0), ("bound", bound))
    ]
    answers = pd.DataFrame(rows, columns=["measure", "level", "estimate"])
    figure = question_systems.overparameterised(
        answers.assign(against="", low=np.nan, high=np.nan, n=9)
    )
    said = [text.get_text() for text in figure.axes[0].texts]
    assert "no bound at\n8 and 32 units" in said
    assert "our bound" in said


def answered(name, folder):
    """The answers to a question from made-up runs, as figures read them."""
    table = measured.table(rows_of(name, lost=False), QUESTIONS[name]["criteria"])
    documents.write_csv(folder / "answers.csv", table, "{}")
    return read_answers(folder / "answers.csv")


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_figure_of_a_question_takes_its_answers(name):
    """So that the question's name, as a target, makes them."""
    modules = (
        question_shares,
        question_differences,
        question_width,
        question_work,
        question_images,
        question_cited,
        question_systems,
        question_equal_loss,
        figure_of_diffusion,
    )
    (draw,) = (getattr(module, name) for module in modules if hasattr(module, name))
    assert draw.readers["answers"] is read_answers


@pytest.mark.parametrize("name", ["width", "rates", "hybrid", "second_order"])
def test_runs_without_a_finite_loss_stay_in_the_denominator(name):
    """Seconds each: intervals by resampling."""
    table = measured.table(rows_of(name, lost=True), QUESTIONS[name]["criteria"])
    shares = table[table["measure"].str.startswith("share")]
    assert (shares["estimate"] == 0).all()
    assert (shares["n"] >= 20).all()
