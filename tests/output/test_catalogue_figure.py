"""The figure of the catalogue, of entries that were made up."""

import numpy as np
import pandas as pd
import pytest

from jfb.output.figures import catalogue

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
            (source, size, k, 0.25 if size == 32 else 0.5)
            for source, sizes in (("starts x 1", [64]), ("study", [64, 32]))
            for size in sizes
            for k in range(entries + 1)
        ],
        columns=["source", "batch_size", "id", "share"],
    )
    fits = pd.DataFrame(
        [(k, x, y) for k in ids for x, y in ((0.0, 0.0), (1.0, 1.0), (9.0, 1.2))],
        columns=["id", "position", "value"],
    )
    position = np.linspace(0, 9, 40)
    data = pd.DataFrame({"position": position, "target": np.tanh(position)})
    return pd.concat([made, none], ignore_index=True), shares, fits, data


@pytest.mark.parametrize(("entries", "drawn"), [(1, [1]), (3, [1, 2, 3]), (12, [1, *range(6, 13)])])
def test_the_lowest_and_the_commonest_are_drawn(entries, drawn):
    figure = catalogue.catalogue(*tables(entries))
    figure.draw_without_rendering()
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert [int(title.split(":")[0]) for title in titles] == drawn
    assert titles[0] == "1: loss 0.0001"
    assert sum(axes.get_visible() for axes in figure.axes) == 2 * len(drawn)


def test_shares_are_of_the_last_source():
    figure = catalogue.catalogue(*tables(3))
    (said,) = (text.get_text() for text in figure.axes[0].texts)
    assert said.splitlines()[-2:] == ["batches of 64: 50%", "batches of 32: 25%"]


def test_the_residual_is_fit_minus_target():
    figure = catalogue.catalogue(*tables(1))
    below = figure.axes[4]
    x, residual = below.lines[0].get_data()
    expected = np.interp(x, [0, 1, 9], [0, 1, 1.2]) - np.tanh(x)
    np.testing.assert_allclose(residual, expected)
