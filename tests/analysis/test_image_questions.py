"""Questions on images, of runs that were made up so that the answer is known."""

import math

import pandas as pd
import pytest

from jfb.analysis.questions import digits, digits_alignment, digits_width, jacobian_based
from jfb.storage.errors import Refused

SEEDS = range(13)


def summary(factor, levels, sizes, seeds=SEEDS, **columns):
    """A row per run; each column is a function of level, batch size and seed."""
    rows = [
        {factor: level, "batch_size": size, "seed": seed, "diverged": False}
        | {"epochs": 10, "unconverged_solves": 0}
        | {name: of(level, size, seed) for name, of in columns.items()}
        for level in levels
        for size in sizes
        for seed in seeds
    ]
    return pd.DataFrame(rows)


def found(rows, **where):
    (row,) = (r for r in rows if all(getattr(r, key) == value for key, value in where.items()))
    return row


def of_rates(best):
    """Runs whose lowest validation loss is at a rate of their batch size, on every seed."""
    return summary(
        "rate",
        ["0.003", "0.01", "0.03"],
        [1348, 32],
        final_val_loss=lambda rate, size, seed: 0.1 if rate == best[size] else 0.2,
        final_val_accuracy=lambda rate, size, seed: (
            (0.8 if size == 32 else 0.7) + seed / 100 if rate == best[size] else 0.1
        ),
        applications=lambda rate, size, seed: float(size),
        # Of 10 epochs with a pass or 43, and one of validation.
        unconverged_solves=lambda rate, size, seed: 22 if size == 32 else 10,
    )


def logs(work):
    """Three epochs of each run, of a work of its seed; accuracy rises by 0.1 with each."""
    rows = [
        {"rate": rate, "batch_size": size, "seed": seed, "epoch": epoch}
        | {"work": epoch * work[size] * (1 + seed / 100)}
        | {"val_accuracy": 0.1 * epoch, "val_loss": 1 / epoch}
        | ({} if rate == "0.01" else {"val_accuracy": 0.0, "val_loss": 2.0})
        for rate in ("0.003", "0.01", "0.03")
        for size in (1348, 32)
        for seed in SEEDS
        for epoch in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


GRADIENTS = summary(
    "gradient",
    ["jfb", "exact"],
    [1348, 64],
    final_val_accuracy=lambda name, size, seed: 0.9 if name == "jfb" else 0.95,
    final_val_loss=lambda name, size, seed: 0.3,
    adjoint_applications=lambda name, size, seed: 0.0 if name == "jfb" else 20.0,
)


def test_the_rate_of_a_batch_size_is_chosen_on_other_seeds_than_those_that_judge():
    epochs = of_rates({1348: "0.03", 32: "0.003"})
    # What the seeds that judge would choose.
    judging = ~epochs["seed"].isin(digits.CHOOSING) & (epochs["rate"] == "0.01")
    epochs.loc[judging, "final_val_loss"] = 0.0
    assert digits.best_rates(epochs) == {1348: "0.03", 32: "0.003"}
    # One run that diverges makes its rate the worst.
    lost = (epochs["seed"] == 10) & (epochs["rate"] == "0.03") & (epochs["batch_size"] == 1348)
    epochs.loc[lost, "diverged"] = True
    assert digits.best_rates(epochs)[1348] == "0.003"


def test_batch_sizes_are_compared_at_their_best_rates():
    best = {1348: "0.01", 32: "0.01"}
    updates = of_rates({1348: "0.03", 32: "0.003"})
    work = logs({1348: 30.0, 32: 20.0})
    rows = digits.measure(of_rates(best), updates, work, GRADIENTS)
    for size, rate, level in ((1348, 0.03, "largest"), (32, 0.003, "smallest")):
        row = found(rows, measure="rate_updates", batch_size=size)
        assert (row.estimate, row.level) == (rate, level)
    assert found(rows, measure="rate_epochs", batch_size=32).level == ""
    row = found(rows, measure="accuracy_updates", batch_size=1348, against="32")
    assert row.n == 10
    # Seeds differ by as much as batch sizes do: pairs alone have the same difference.
    assert row[-3:] == pytest.approx((-0.1, -0.1, -0.1))
    row = found(rows, measure="accuracy_updates_at_rate", level="0.01", batch_size=1348)
    assert (row.n, row.estimate) == (10, pytest.approx(0.1))
    assert found(rows, measure="unconverged_epochs", batch_size=1348).estimate == 0.5
    assert found(rows, measure="unconverged_epochs", batch_size=32).estimate == 0.05
    assert found(rows, measure="work_epochs", batch_size=1348, against="").estimate == 1348
    # In all 60 on batches of 32 from seed 0: one epoch of the full batch is within it, or two.
    assert found(rows, measure="work", batch_size=0).estimate == pytest.approx(60)
    assert found(rows, measure="rate_work", batch_size=1348).estimate == 0.01
    assert found(rows, measure="epoch_work", batch_size=1348, against="").estimate == 1.1
    row = found(rows, measure="accuracy_work", batch_size=1348, against="32")
    assert row.n == 10
    assert row[-3:] == pytest.approx((-0.1, -0.1, -0.1))
    row = found(rows, measure="accuracy_gradient", level="jfb", batch_size=64, against="exact")
    assert row.estimate == pytest.approx(-0.05)
    row = found(rows, measure="adjoint_work_gradient", level="exact", batch_size=64, against="")
    assert row.estimate == 20


def test_at_equal_work_the_rate_is_chosen_there_and_a_run_that_diverges_sets_no_limit():
    table = logs({1348: 30.0, 32: 20.0})
    # A run of each seed stops after one epoch, with a loss that is not finite.
    lost = (table["rate"] == "0.03") & (table["batch_size"] == 32)
    table = table[~(lost & (table["epoch"] > 1))].copy()
    table.loc[(table["rate"] == "0.03") & (table["batch_size"] == 32), "val_loss"] = math.nan
    least, ends = digits.within_least(table)
    assert least == pytest.approx(60)
    within = ends.set_index(["rate", "batch_size", "seed"])["epoch"]
    assert within["0.01", 32, 0] == 3
    assert within["0.01", 32, 1] == 2
    assert within["0.01", 1348, 0] == 2
    assert within["0.03", 32, 0] == 1


def test_a_run_without_an_epoch_within_the_least_work_was_not_validated_by_then():
    _, ends = digits.within_least(logs({1348: 100.0, 32: 20.0}))
    assert len(ends) == 3 * 2 * len(SEEDS)
    beyond = ends[ends["batch_size"] == 1348]
    assert (beyond["epoch"] == 0).all()
    assert (beyond["val_loss"] == math.inf).all()
    assert beyond["val_accuracy"].isna().all()
    assert (ends.loc[ends["batch_size"] == 32, "epoch"] > 0).all()


def test_seeds_that_are_to_choose_must_be_there():
    table = of_rates({1348: "0.03", 32: "0.003"})
    with pytest.raises(Refused, match=r"must have the seeds \[10, 11, 12\]"):
        digits.best_rates(table[table["seed"] < 12])


def test_the_cosine_of_a_run_is_the_mean_over_its_snapshots_after_the_start():
    rows = [
        {"batch_size": size, "seed": seed, "epoch": epoch, "updates": epoch, "converged": True}
        | {"cosine": cosine if size == 32 else cosine / 2, "norm_ratio": 1.0, "loss": 1.0}
        | {"radius": epoch / 10, "curvature": math.nan if epoch < 3 else 7.0 + seed}
        for size in (1348, 32)
        for seed in range(5)
        for epoch, cosine in ((0, 0.1), (1, 0.8), (3, 0.9))
    ]
    table = pd.DataFrame(rows)
    rows = digits_alignment.measure([table[table["batch_size"] == b] for b in (1348, 32)])
    assert found(rows, measure="cosine", batch_size=32).estimate == pytest.approx(0.85)
    row = found(rows, measure="cosine", batch_size=1348, against="32")
    assert (row.n, row.estimate) == (5, pytest.approx(-0.425))
    assert found(rows, measure="lowest_cosine", batch_size=32).estimate == pytest.approx(0.8)
    assert found(rows, measure="radius_at_start", batch_size=32).estimate == 0
    assert found(rows, measure="radius_at_end", batch_size=32).estimate == pytest.approx(0.3)
    assert found(rows, measure="curvature_at_end", batch_size=32).estimate == 9
    row = found(rows, measure="found", batch_size=32)
    assert (row.n, row.estimate) == (5, 1)
    at = [found(rows, measure="cosine_at", level=f"{k}", batch_size=32).estimate for k in (0, 1, 3)]
    assert at == pytest.approx([0.1, 0.8, 0.9])


def test_cosines_are_compared_at_equal_updates():
    """The full batch has many early snapshots; its cosine is that of the same updates."""
    rows = [
        {"batch_size": size, "seed": seed, "epoch": updates, "updates": updates, "converged": True}
        | {"cosine": updates / 100, "norm_ratio": 1.0, "loss": 1.0, "radius": 0.5, "curvature": 1.0}
        for size, at in ((1348, (0, 1, 2, 5, 40, 90)), (32, (0, 30, 60, 90)))
        for seed in range(3)
        for updates in at
    ]
    rows = digits_alignment.measure([pd.DataFrame(rows)])
    assert found(rows, measure="cosine", batch_size=1348, against="").estimate == pytest.approx(0.6)
    assert found(rows, measure="cosine", batch_size=1348, against="32").estimate == pytest.approx(0)


def test_an_exact_gradient_that_is_not_found_is_no_agreement():
    table = [
        {"batch_size": size, "seed": seed, "epoch": epoch, "updates": epoch, "norm_ratio": 1.0}
        | {"cosine": 1.0 if epoch < 2 else math.nan, "converged": epoch < 2, "loss": 1.0}
        | {"radius": 0.5 if epoch < 2 else math.nan, "curvature": math.nan}
        for size in (1348, 32)
        for seed in range(3)
        for epoch in (0, 1, 2)
    ]
    rows = digits_alignment.measure([pd.DataFrame(table)])
    assert found(rows, measure="cosine", batch_size=32).estimate == pytest.approx(0.5)
    assert found(rows, measure="lowest_cosine", batch_size=32).estimate == 0
    # Not that of the snapshot before.
    assert found(rows, measure="radius_at_end", batch_size=32).n == 0
    assert found(rows, measure="found", batch_size=32).estimate == 0.5
    assert found(rows, measure="cosine_found", batch_size=32).n == 0
    # A run that ended early is no agreement afterwards either.
    short = pd.DataFrame(table)
    short["converged"], short["cosine"] = True, 1.0
    ended = (short["seed"] == 0) & (short["epoch"] == 2)
    rows = digits_alignment.measure([short[~ended]])
    assert found(rows, measure="cosine", batch_size=32).estimate == pytest.approx(2.5 / 3)


def test_a_confound_costs_what_undoing_it_gains():
    accuracy = {"theirs": 0.5, "with_normalisation": 0.9, "jfb_normalised": 0.95}
    names = {name for pair in jacobian_based.PAIRS for name in pair}
    table = summary(
        "variant",
        sorted(names),
        [64],
        final_val_accuracy=lambda name, size, seed: accuracy.get(name, 0.6),
        final_val_loss=lambda name, size, seed: 1.0,
    )
    table.loc[(table["variant"] == "theirs") & (table["seed"] == 0), "diverged"] = True
    lost = table[["variant", "seed"]].assign(
        not_found=(table["variant"] == "theirs") / 4, unconverged=0.1, products=5.0
    )
    rows = jacobian_based.measure(table, lost)
    assert found(rows, measure="not_found", level="theirs").estimate == 0.25
    gained = found(rows, measure="accuracy", level="with_normalisation", against="theirs")
    assert gained.estimate == pytest.approx(0.4)
    # Runs that are the same are no test of what tells their variants apart.
    alike = found(rows, measure="accuracy", level="with_exact_adjoint", against="jfb")
    assert alike.estimate == 0
    assert math.isnan(alike.low)
    # Runs of other losses are other runs, whatever their accuracies.
    other = table.assign(final_val_loss=1.0 + (table["variant"] == "jfb"))
    row = found(
        jacobian_based.measure(other, lost),
        measure="accuracy",
        level="with_exact_adjoint",
        against="jfb",
    )
    assert (row.estimate, row.low, row.high) == (0, 0, 0)
    behind = found(rows, measure="accuracy", level="exact_normalised", against="jfb_normalised")
    assert behind.estimate == pytest.approx(-0.35)
    assert found(rows, measure="diverged", level="theirs").estimate == pytest.approx(1 / 13)


def test_widths_are_compared_in_decades_of_the_validation_loss():
    def table(gap):
        return summary(
            "channels",
            ["2", "16"],
            [1348, 32],
            final_val_loss=lambda name, size, seed: 10.0 ** (gap if size > 32 else 0) * 0.01,
            final_val_accuracy=lambda name, size, seed: 0.5 if name == "2" else 0.8,
        )

    rows = digits_width.measure(table(2.0), table(-1.0))
    assert found(rows, measure="loss_epochs", level="2", against="32").estimate == pytest.approx(2)
    row = found(rows, measure="loss_updates", level="16", against="32")
    assert row.estimate == pytest.approx(-1)
    row = found(rows, measure="accuracy_epochs", level="16", batch_size=32)
    assert row.estimate == pytest.approx(0.8)
    assert found(rows, measure="unconverged_epochs", level="2", batch_size=1348).estimate == 0
