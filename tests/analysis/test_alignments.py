"""Alignments of a study: which rows compare what, averages over epochs, their table and figure."""

import io

import numpy as np
import pandas as pd
import pytest

from jfb.analysis import alignment, evidence
from jfb.analysis.alignment import COMPARISONS
from jfb.output.figures import alignment as figures
from jfb.records.alignment import Row

#: Gradient, tolerance, precision, reference and its tolerance, of each comparison, as trained to
#: 0.1 and with the tightest of 0.1, 0.01 and 0.001.
KEYS = {
    "trained": ("jfb", 0.1, "float32", "exact", 0.1),
    "tight": ("jfb", 0.001, "float64", "exact", 0.001),
    "unrolled": ("jfb", 0.1, "float32", "unrolled", 0.1),
    "loose_jfb": ("jfb", 0.1, "float32", "exact", 0.001),
    "loose_exact": ("exact", 0.1, "float32", "exact", 0.001),
}
OTHERS = [
    ("exact", 0.1, "float32", "unrolled", 0.1),
    ("jfb", 0.1, "float64", "exact", 0.1),
    ("jfb", 0.01, "float64", "exact", 0.01),
    ("jfb", 0.01, "float64", "exact", 0.001),
    ("exact", 0.1, "float64", "exact", 0.001),
]
FIELDS = ["gradient", "tolerance", "precision", "reference", "reference_tolerance"]


def made(cosines, batch_size=32, seed=0, epochs=(0, 1, 10), norm=0.5):
    """A run's rows: a cosine per comparison and snapshot, None where it is not known."""
    rows = []
    for key in [*KEYS.values(), *OTHERS]:
        name = next((name for name, its in KEYS.items() if its == key), None)
        for place, epoch in enumerate(epochs):
            cosine = cosines.get(name, (0.5,) * len(epochs))[place]
            known = cosine is not None
            row = Row(
                seed, epoch, *key, cosine if known else np.nan, int(np.sign(cosine or 0)),
                1.0, 9, 1e-4, known, norm, norm, norm,
            )  # fmt: skip
            rows.append(row)
    return pd.DataFrame(rows, columns=Row._fields).assign(batch_size=batch_size)


def test_a_comparison_is_one_row_per_snapshot():
    rows = made({})
    for name, key in KEYS.items():
        chosen = alignment.compared(rows, name)
        assert chosen["epoch"].tolist() == [0, 1, 10]
        assert {tuple(row) for row in chosen[FIELDS].to_numpy()} == {key}


def test_only_a_positive_inner_product_is_downhill():
    rows = alignment.compared(made({"trained": (0.1, 0.0, None)}), "trained")
    np.testing.assert_array_equal(rows["downhill"], [1, 0, np.nan])


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [([0, 1, 10], [0.5, 5, 4.5]), ([0, 1], [0.5, 0.5]), ([0, 1, 2, 3], [0.5, 1, 1, 0.5])],
)
def test_a_snapshot_stands_for_the_epochs_that_are_nearest_to_it(epochs, expected):
    found = alignment.epochs_stood_for(np.array(epochs))
    assert found.tolist() == expected
    # Counted one by one, in steps of a thousandth of an epoch.
    fine = (np.arange(1000 * epochs[-1]) + 0.5) / 1000
    nearest = np.abs(fine[:, None] - np.array(epochs)).argmin(axis=1)
    assert np.bincount(nearest) / 1000 == pytest.approx(expected)


def test_shares_are_over_the_epochs_of_a_run():
    """Snapshots at 0, 1 and 10 stand for 0.5, 5 and 4.5 epochs."""
    rows = pd.concat([
        made({"trained": (0.5, -0.1, 0.9), "tight": (None, 0.5, -0.5)}, seed=0),
        made({"trained": (None, None, None), "loose_jfb": (-1, -1, -1)}, seed=1, norm=1.5),
        made({}, seed=0, batch_size=64, epochs=(0, 1, 2)),
    ])  # fmt: skip
    found = evidence.of_alignments(rows).set_index(["batch_size", "seed"])
    assert list(found) == [f"downhill_{name}" for name in COMPARISONS]
    assert found.loc[32, 0].tolist() == pytest.approx([5 / 10, 5 / 9.5, 1, 1, 1])
    assert found.loc[32, 1].tolist() == pytest.approx([np.nan, 1, 1, 0, 1], nan_ok=True)
    assert found.loc[64, 0].tolist() == [1] * 5


def test_the_table_by_hand():
    rows = pd.concat([
        made({"loose_jfb": (1.0, 0.5, -0.5)}, seed=0),
        made({"loose_jfb": (1.0, None, 0.1)}, seed=1),
        made({"loose_jfb": (1.0, 1.0, None)}, seed=2),
    ])  # fmt: skip
    table = alignment.table(rows)
    assert table["comparison"].tolist() == list(COMPARISONS)
    row = table.set_index("comparison").loc["loose_jfb"]
    assert (row["batch_size"], row["runs"]) == (32, 3)
    assert (row["tolerance"], row["reference_tolerance"]) == (0.1, 0.001)
    assert row["share_known"] == pytest.approx((1 + 0.5 + 0.55) / 3)
    means = [(0.5 + 2.5 - 2.25) / 10, (0.5 + 0.45) / 5, 1]
    assert row["mean_cosine"] == pytest.approx(np.mean(means))
    assert row["share_downhill"] == pytest.approx(np.mean([0.55, 1, 1]))
    assert (row["known_at_the_end"], row["uphill_at_the_end"]) == (2, 1)
    assert row["median_cosine_at_the_end"] == pytest.approx(-0.2)


@pytest.mark.parametrize("sizes", [[32], [32, 600]])
def test_a_figure_of_which_nothing_is_known_is_empty(sizes):
    unknown = dict.fromkeys(COMPARISONS, (None, None))
    rows = pd.concat(made(unknown, size, epochs=(0, 5)) for size in sizes)
    figure = figures.alignment(rows, max(sizes))
    figure.savefig(io.BytesIO())
    for axes in figure.axes:
        assert all(np.isnan(line.get_ydata()).all() for line in axes.lines[: len(sizes)])
    table = alignment.table(rows)
    assert (table["share_known"] == 0).all()
    assert (
        table[["mean_cosine", "share_downhill", "median_cosine_at_the_end"]].isna().all(axis=None)
    )
