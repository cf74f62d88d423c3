"""Figures of what was measured of networks and programs: each shows what its numbers say."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from jfb.analysis.alignment import COMPARISONS
from jfb.measure.collector import Collector
from jfb.output.figures import alignment, cost, diffusion, minima, sharpness, style, timing

ONE_KINK = {"active_units": 2.0, "switching_units": 1.0, "function_kinks": 1.0, "flat_pieces": 0.0}


@pytest.mark.parametrize("heights", [[1.0, 1.01, 1.02], [1.0, 50.0, 51.0], [7.0]])
def test_names_at_the_ends_of_lines_do_not_overlap(heights):
    figure, (axes,) = style.panels(1)
    axes.set(yscale="log", ylim=(0.5, 100))
    style.name_ends(axes, {f"line {y}": (1, y, "red") for y in heights})
    figure.draw_without_rendering()
    # Of the letters alone, without the lead.
    boxes = [Text.get_window_extent(name) for name in axes.texts]
    assert all(low.y1 <= high.y0 for low, high in itertools.pairwise(boxes))
    assert all(box.x0 > axes.bbox.x1 for box in boxes)
    assert all(box.x1 <= figure.bbox.x1 for box in boxes)


def test_a_column_of_kinks_has_each_run_at_its_loss_by_batch_size():
    runs = [(b, s) for b in (32, 600) for s in range(4)]
    summary = pd.DataFrame(runs, columns=["batch_size", "seed"]).assign(diverged=False)
    summary["exact_best_loss"] = 10.0 ** -(1 + np.arange(len(runs)) / 10)
    units = summary.assign(epoch=3, updates=9, converged=True, **ONE_KINK)
    forms = pd.DataFrame({"category": ["one kink, slope on both sides"], "loss": [1e-3]})
    (axes,) = minima.kinks(summary, units, forms).axes
    full, small = axes.lines[:2]
    np.testing.assert_allclose(full.get_ydata(), summary["exact_best_loss"][4:])
    np.testing.assert_allclose(small.get_ydata(), summary["exact_best_loss"][:4])
    x = np.r_[full.get_xdata(), small.get_xdata()]
    np.testing.assert_allclose(np.diff(x), np.diff(x)[0])
    assert x.min() > -0.5
    assert x.max() < 0.5
    assert [text.get_text() for text in axes.texts] == ["at least\n0.001"]


@pytest.mark.parametrize(("loss", "said"), [(0.0207, True), (0.0011, False)])
def test_runs_far_above_the_line_of_their_form_are_explained(loss, said):
    summary = pd.DataFrame({"batch_size": [32], "seed": [0], "diverged": [False]})
    summary["exact_best_loss"] = loss
    units = summary.assign(epoch=3, updates=9, converged=True, **ONE_KINK)
    forms = pd.DataFrame({"category": ["one kink, slope on both sides"], "loss": [1e-3]})
    note = " ".join(minima.kinks(summary, units, forms).get_supxlabel().split())
    assert ("far above their line: their loss still falls, or a kink cuts off few" in note) is said


def test_a_form_whose_least_loss_nobody_knows_says_so():
    summary = pd.DataFrame({"batch_size": [32], "seed": [0], "diverged": [False]})
    summary["exact_best_loss"] = 1e-3
    units = summary.assign(epoch=3, updates=9, converged=True, **ONE_KINK | {"function_kinks": 3.0})
    forms = pd.DataFrame({"category": ["two kinks"], "loss": [1e-3]})
    (axes,) = minima.kinks(summary, units, forms).axes
    assert [text.get_text() for text in axes.texts] == ["least loss\nnot known"]


def test_the_least_loss_of_three_kinks_stands_in_the_column_of_three_or_more():
    summary = pd.DataFrame({"batch_size": [32], "seed": [0], "diverged": [False]})
    summary["exact_best_loss"] = 1e-3
    units = summary.assign(epoch=3, updates=9, converged=True, **ONE_KINK | {"function_kinks": 4.0})
    forms = pd.DataFrame({"category": ["two kinks", "three kinks"], "loss": [1e-3, 5.417e-5]})
    figure = minima.kinks(summary, units, forms)
    (axes,) = figure.axes
    (said,) = axes.texts
    assert said.get_text() == "at least\n0.0000542\nwith three"
    assert said.xy == (0, 5.417e-5)
    assert "with four kinks it is lower still" in " ".join(figure.get_supxlabel().split())


def forms_along(sizes, count):
    """Networks that are straight lines from the third snapshot on, and have a kink before."""
    rows = [
        {"batch_size": b, "seed": s, "epoch": e, "updates": e * (2400 // b), "diverged": False}
        for b, s, e in itertools.product(sizes, range(count), (0, 1, 3, 9))
    ]
    table = pd.DataFrame(rows).assign(converged=True, **ONE_KINK)
    return table.assign(function_kinks=(table["epoch"] < 3).astype(float))


def test_one_run_per_batch_size_is_a_bar_of_its_forms():
    figure = minima.fates(forms_along([600, 32], 1))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert axes.get_ylabel() == "Batch size (one run)"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["600", "32"]
    kink, straight = {bar.get_facecolor() for bar in axes.patches[:3]}, axes.patches[2]
    assert len(kink) == 2
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches[:4]]
    # The last snapshot has a bar too.
    assert bars == [(0, 4), (4, 8), (12, 24), (36, 18)]
    assert straight.get_facecolor() != axes.patches[1].get_facecolor()


def test_shares_of_forms_mark_where_the_largest_batch_ends():
    full, small = minima.fates(forms_along([600, 32], 2)).axes
    assert not full.lines
    (end,) = small.lines
    assert end.get_xdata()[0] == 36
    assert [text.get_text().strip() for text in small.texts] == ["end of 600"]
    assert small.get_title() == "Batches of 32: 2 runs"


def ends_of_pairs():
    """Eight seeds, of which two make no pair: one has another loss, one another form."""
    rows = [(b, s) for b in (2400, 32) for s in range(8)]
    table = pd.DataFrame(rows, columns=["batch_size", "seed"])
    full = table["batch_size"] == 2400
    table = table.assign(loss=1e-3, diverged=False, converged=True, **ONE_KINK)
    table["largest_eigenvalue"] = np.where(full, 20.0, 10.0)
    table["rescaled_eigenvalue"] = np.where(full, 3.0, 3.0)
    table["keskar_sharpness"] = np.where(full, 1.0, 4.0)
    table.loc[full & (table["seed"] == 0), "loss"] *= 1.02
    table.loc[full & (table["seed"] == 1), "function_kinks"] = 2.0
    return table


def test_sharpness_is_compared_in_pairs_of_one_loss_and_form():
    figure = sharpness.sharpness(ends_of_pairs())
    figure.draw_without_rendering()
    by_loss, in_pairs = figure.axes
    assert by_loss.get_title() == "Each of 16 runs"
    assert in_pairs.get_title() == "6 pairs at the same loss"
    points = [line for line in in_pairs.lines if len(line.get_xdata()) == 6]
    found = [np.unique(line.get_ydata().round(9)).tolist() for line in points]
    assert found == [[2], [1], [0.25]]


def test_without_pairs_runs_alone_are_drawn():
    table = ends_of_pairs()
    figure = sharpness.sharpness(table[table["batch_size"] == 32])
    assert len(figure.axes) == 1
    assert figure.get_supxlabel() == ""


def angles(degrees, converged=True):
    """The same cosine in each comparison, of three seeds at four epochs of two batch sizes."""
    pairs = [("jfb", 1e-3), ("jfb", 1e-10), ("exact", 1e-10)]
    rows = []
    for (size, angle), seed, epoch in itertools.product(degrees.items(), range(3), (0, 1, 10, 50)):
        place = {"batch_size": size, "seed": seed, "epoch": epoch, "precision": "float32"}
        cosine = np.cos(np.radians(angle if seed == 0 and epoch == 10 else 20))
        for gradient, reference_tolerance in pairs:
            rows.append(
                place
                | {"gradient": gradient, "tolerance": 1e-3, "reference": "exact"}
                | {"reference_tolerance": reference_tolerance, "cosine": cosine}
                | {"sign": np.sign(cosine), "converged": converged}
            )
    return pd.DataFrame(rows)


def test_an_alignment_says_how_many_runs_point_uphill():
    figure = alignment.alignment(angles({2400: 80, 600: 170, 32: 120}), 2400)
    figure.draw_without_rendering()
    said = [axes.texts[0].get_text() for axes in figure.axes]
    # The snapshot at epoch 10 stands for 24.5 of the 50 epochs of one run in three.
    never = "uphill: 0 % of epochs,\nin 0 of 3 runs"
    once = "uphill: 16 % of epochs,\nin 1 of 3 runs"
    assert said == [never] * 3 + [once] * 3
    # The median, and the run that points uphill.
    assert [len(axes.lines) for axes in figure.axes] == [1] * 3 + [2] * 3
    top = max(max(line.get_ydata()) for line in figure.axes[3].lines)
    assert top == pytest.approx(120)
    assert figure.axes[1].get_title() == "JFB at 1e-3,\njudged by exact at 1e-10"
    labels = [axes.get_ylabel().splitlines()[0] for axes in figure.axes[::3]]
    assert labels == ["Full batch", "Batches of 32"]
    assert {"trained", "loose_jfb", "loose_exact"} <= set(COMPARISONS)


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0, "0 %"),
        (5e-5, "<0.01 %"),
        (4.6e-4, "0.046 %"),
        (0.103, "10 %"),
        (np.nan, "unknown share"),
    ],
)
def test_a_share_of_epochs_is_never_told_as_none_that_is_some(share, told):
    assert alignment._percent(share) == told


def test_many_runs_that_point_uphill_are_drawn_thin():
    few, many = (
        pd.concat(
            [
                angles({2400: 120}).assign(seed=lambda rows, k=k: rows["seed"] + 100 * k)
                for k in range(n)
            ]
        )
        for n in (1, 10)
    )
    thick, thin = (alignment.alignment(rows, 2400).axes[0].lines[0] for rows in (few, many))
    assert thick.get_linewidth() > 2 * thin.get_linewidth()


def test_the_claim_of_sharper_minima_is_drawn_from_its_evidence():
    """The left panel has what decides it, a point for each measure and smaller batch size."""
    rows = [
        (f"{measure}_{size}{which}", 0.1 * place + (size == 64) + bool(which))
        for place, measure in enumerate(
            ("largest_eigenvalue", "rescaled_eigenvalue", "keskar_sharpness")
        )
        for size in (32, 64)
        for which in ("", "_of_kind", "_any_kind")
    ]
    evidence = pd.DataFrame(rows, columns=["evidence_id", "estimate"])
    evidence = evidence.assign(low=evidence["estimate"] - 0.1, high=evidence["estimate"] + 0.1)
    evidence = evidence.assign(id="sharp_minima", n=9, holds_low=0.01, holds_high=np.inf)
    other = evidence.iloc[[0]].assign(id="two_percent", evidence_id="shares")
    figure = sharpness.sharp_minima(pd.concat([evidence, other], ignore_index=True))
    for axes, added in zip(figure.axes, (0, 1), strict=True):
        drawn = sorted(bars.lines[0].get_xdata()[0] for bars in axes.containers)
        np.testing.assert_allclose(drawn, np.array([0, 0.1, 0.2, 1, 1.1, 1.2]) + added)
    unknown = evidence.assign(estimate=np.nan, low=np.nan, high=np.nan, n=np.nan)
    for rows in (other, unknown):
        none = sharpness.sharp_minima(rows)
        assert [axes.texts[0].get_text() for axes in none.axes] == ["not measured"] * 2


def test_an_alignment_of_one_run_without_fixed_points_counts_it_as_unknown():
    rows = angles({32: 120}, converged=False).assign(cosine=np.nan, sign=0)
    figure = alignment.alignment(rows[rows["seed"] == 0], 2400)
    figure.draw_without_rendering()
    assert len(figure.axes) == 3
    assert figure.axes[0].texts[0].get_text() == "uphill: unknown share of epochs,\nin 0 of 1 run"


def test_a_cost_is_told_as_a_multiple_of_that_of_jfb_in_words():
    rows = [
        {"varied": v, "gradient": g, "iterations": 5, "latent_dim": 3, "peak_bytes": 8 * k}
        for v in ("iterations", "latent_dim")
        for k, g in enumerate(["jfb", "implicit_picard", "own_of_mine"], start=1)
    ]
    table = pd.DataFrame(rows).assign(rounds=3)
    table["step_seconds"] = 1e-3 * table["peak_bytes"] ** 2
    figure = cost.cost(table)
    memory, time = figure.axes[1], figure.axes[3]
    assert [line.get_ydata()[0] for line in memory.lines] == pytest.approx([1, 2, 3])
    assert [line.get_ydata()[0] for line in time.lines] == pytest.approx([1, 4, 9])
    assert [t.get_text() for t in memory.texts] == ["JFB", "exact, iterated", "own of mine"]
    assert memory.get_title() == "Peak memory, 5 iterations"


def test_a_time_is_that_of_small_batches_over_the_full_one_by_machine():
    """On one machine 2 and 8 times as long in its two rounds, on average 4; on the other 9."""
    rows = [
        {"machine": name, "batch_size": size, "round": k, "seconds_per_epoch": seconds}
        for name, ratios in (("One (family 1), 2 cores", (2, 8)), ("Two, 2 cores", (6, 13.5)))
        for k, times in enumerate(ratios)
        for size, seconds in ((2400, 0.1 * (k + 1)), (600, 7.0), (32, 0.1 * (k + 1) * times))
    ]
    table = pd.DataFrame(rows).assign(engine="fused", stage=0, collector=Collector.RUNNING)
    others = table.assign(collector=Collector.DISABLED, seconds_per_epoch=1.0)
    figure = timing.timing(pd.concat([table, others]))
    (axes,) = figure.axes
    # 751 s over 147 s are printed.
    values = [text.get_text() for text in axes.texts]
    assert values == ["equally long", "5.12 times", "4 times", "9 times"]
    assert [label.get_text() for label in axes.get_yticklabels()][1] == "compiled"
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["One", "Two, 2 cores", "published: one run each"]
    assert figure.get_supxlabel().startswith("2 rounds per point; bars: 95 % intervals.")


def test_a_time_that_cannot_be_compared_is_left_out():
    """An engine without a name here, and a machine that measured another batch size."""
    rows = [
        {"machine": name, "engine": engine, "batch_size": size, "seconds_per_epoch": seconds}
        for name, engine, size, seconds in (
            ("One", "fused", 2400, 1.0),
            ("One", "fused", 32, 3.0),
            ("One", "autograd", 2400, 1.0),
            ("One", "autograd", 32, 5.0),
            ("Two", "fused", 2400, 1.0),
            ("Two", "fused", 64, 7.0),
        )
    ]
    table = pd.DataFrame(rows).assign(stage=0, round=0, collector=Collector.RUNNING)
    figure = timing.timing(table)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["equally long", "5.12 times", "3 times"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["One", "published: one run each"]


def test_a_distance_is_named_by_its_batch_size_where_it_ends():
    updates = {2400: [1, 10, 100], 600: [4, 40, 400], 32: [75, 750, 7500]}
    distances = pd.DataFrame(
        [
            {"batch_size": b, "seed": s, "updates": u, "distance": 0.1 * np.log(u + s + 1)}
            for b, all_updates in updates.items()
            for s in range(3)
            for u in all_updates
        ]
    )
    answers = pd.DataFrame({"measure": ["logarithm"], "level": [""], "batch_size": [32]})
    answers = answers.assign(estimate=0.7, low=0.4, high=0.9)
    figure = diffusion.diffusion(answers, distances)
    figure.draw_without_rendering()
    left, right = figure.axes
    assert len(left.collections) == 2
    ends = {text.get_text(): text.xy for text in left.texts}
    assert ends["2400"] == (100, pytest.approx(0.1 * np.log(102)))
    assert ends["32"] == (7500, pytest.approx(0.1 * np.log(7502)))
    assert [label.get_text() for label in right.get_xticklabels()] == ["32"]
    assert figure.get_supxlabel().startswith("3 runs per batch size. Left: medians")
    alone = diffusion.diffusion(answers, distances[distances["seed"] == 0])
    # Three snapshots from 10 updates on are too few for a law.
    assert alone.get_supxlabel().startswith("1 run per batch size. Fits")
    assert alone.axes[0].get_legend() is None
