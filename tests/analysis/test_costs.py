"""Measured costs: medians over rounds, and the cheapest adequate way to the exact gradient."""

import math

import pandas as pd
import pytest

from jfb.analysis import cost

COLUMNS = ["varied", "iterations", "latent_dim", "gradient", "adjoint", "adjoint_residual"]
COLUMNS += ["step_seconds", "peak_bytes"]


def measured():
    """Two cases of three rounds: `fast` is the faster of two adequate ones at 3 dimensions only."""
    gradients = {
        "jfb": (None, math.nan, 1.0, 10),
        "fast": ("picard", 1e-6, 2.0, 20),
        "slow": ("direct", 1e-9, 3.0, 50),
        "cut": ("neumann", 2e-5, 0.5, 5),
    }
    rows = []
    for latent_dim in (3, 8):
        for name, (adjoint, residual, seconds, peak) in gradients.items():
            slowed = seconds * (10 if (name, latent_dim) == ("fast", 8) else 1)
            rows += [
                ("latent_dim", 20, latent_dim, name, adjoint, residual, slowed + extra, peak)
                for extra in (0.0, 0.5, 7.0)
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_medians_over_rounds():
    table = cost.summarised(measured())
    assert len(table) == 8
    first = table.iloc[0]
    assert (first["gradient"], first["step_seconds"]) == ("jfb", 1.5)
    assert (first["step_seconds_lowest"], first["step_seconds_highest"]) == (1.0, 8.0)


def test_one_solver_is_the_cheapest_of_a_dimension():
    """Of three cases the slow one is the faster in one, by luck, and never where it must not be."""
    table = pd.concat([measured().assign(iterations=k) for k in (1, 2, 3)])
    lucky = (table["gradient"] == "slow") & (table["iterations"] == 2) & (table["latent_dim"] == 3)
    table.loc[lucky, "step_seconds"] = 0.1
    found = cost.cheapest(cost.summarised(table)).set_index("latent_dim")["adjoint"]
    assert found.loc[3].tolist() == ["picard"] * 3
    assert found.loc[8].tolist() == ["direct"] * 3
    # One case in which it is not adequate rules it out.
    fails = (table["gradient"] == "fast") & (table["iterations"] == 3)
    table.loc[fails, "adjoint_residual"] = 1e-4
    assert set(cost.cheapest(cost.summarised(table))["adjoint"]) == {"direct"}


def test_the_cheapest_is_adequate_and_of_its_dimension():
    found = cost.cheapest(cost.summarised(measured()))
    assert found["gradient"].tolist() == [cost.CHEAPEST] * 2
    assert found["adjoint"].tolist() == ["picard", "direct"]
    assert found["step_seconds"].tolist() == [2.5, 3.5]


def test_ratios_are_to_the_same_case():
    found = cost.ratios(cost.summarised(measured())).set_index(["gradient", "latent_dim"])
    assert found.loc[("slow", 8), "step_seconds_ratio"] == pytest.approx(3.5 / 1.5)
    assert found.loc[("fast", 3), "peak_bytes_ratio"] == 2
    without = measured().query("gradient != 'jfb' or latent_dim == 3")
    assert set(cost.ratios(cost.summarised(without))["latent_dim"]) == {3}
