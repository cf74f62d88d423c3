"""The figure of the catalogue, of entries that were made up."""

import numpy as np
import pandas as pd
import pytest

from jfb.output.figures import catalogue

SHORT = ("three kinks", "one kink", "straight line")
FORMS = ("three kinks", "one kink, slope on both sides", "straight line")


def tables(entries):
    """Entries with rising losses, of which the lowest is never found, and one row of no entry."""
    ids = np.arange(1, entries + 1)
    share = np.r_[0, np.linspace(0.01, 0.1, entries - 1)]
    made = pd.DataFrame({"id": ids, "loss": 1e-4 * ids, "share": share})
    made["form"] = [FORMS[k % 3] for k in ids]
    none = pd.DataFrame({"id": [0], "share": [0.1]})
    shares = pd.DataFrame(
        [
            (source, size, k, 0.25 if size == 32 else 0.2, 200 if source == "starts x 1" else 1)
            for source, sizes in (("starts x 1", [64]), ("study", [64, 32]))
            for size in sizes
            for k in range(entries + 1)
        ],
        columns=["source", "batch_size", "id", "share", "runs"],
    )
    fits = pd.DataFrame(
        [(k, x, y) for k in ids for x, y in ((0.0, 0.0), (1.0, 1.0), (9.0, 1.2))],
        columns=["id", "position", "value"],
    )
    position = np.linspace(0, 9, 40)
    data = pd.DataFrame({"position": position, "target": np.tanh(position)})
    return pd.concat([made, none], ignore_index=True), shares, fits, data


@pytest.mark.parametrize(("entries", "drawn"), [(1, [1]), (3, [1, 2, 3]), (12, [1, *range(8, 13)])])
def test_the_lowest_and_the_commonest_are_drawn(entries, drawn):
    figure = catalogue.catalogue(*tables(entries))
    figure.draw_without_rendering()
    *functions, ends = figure.axes
    titles = [axes.get_title() for axes in functions]
    assert [int(title.split(":")[0]) for title in titles] == drawn
    assert titles[0] == "1: one kink\nloss 0.0001"
    labels = [label.get_text().replace("\n", " ") for label in ends.get_xticklabels()]
    assert labels == [*(f"{k}: {SHORT[k % 3]}" for k in drawn), "other entries", "none of them"]


def test_shares_are_of_the_last_source_and_sum_to_all():
    *_, ends = catalogue.catalogue(*tables(3)).axes
    starts, full, small = (bars.datavalues for bars in ends.containers)
    np.testing.assert_allclose(starts, [0, 1, 10, 79, 10])
    np.testing.assert_allclose(full, [20, 20, 20, 20, 20])
    np.testing.assert_allclose(small, [25, 25, 25, 0, 25])
    said = [text.get_text() for text in ends.get_legend().get_texts()]
    assert said == ["200 random starts", "1 run at 64", "1 run at 32"]


def test_a_function_is_drawn_over_the_target_with_its_kinks():
    axes, _ = catalogue.catalogue(*tables(1)).axes
    target, function, kinks = axes.lines
    x, value = function.get_data()
    np.testing.assert_allclose(value, np.interp(x, [0, 1, 9], [0, 1, 1.2]))
    np.testing.assert_allclose(target.get_ydata(), np.tanh(x))
    assert kinks.get_xydata().tolist() == [[1, 1]]
    assert axes.get_xscale() == "linear"
    assert axes.get_xlim() == (0, 1.25)
