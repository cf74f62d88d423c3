"""The page of findings: every number on it comes from the results."""

import dataclasses
import itertools
import re

import jinja2
import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from jfb import evidence, findings, table1, timings

TEMPLATE = (ROOT / "workflow/report/findings.md.jinja").read_text()
SIZES = (2400, 1200, 600, 64, 32)


def summary(seeds, reached, **columns):
    """Of each batch size, the first `reached` seeds get to 0.001."""
    rows = [
        {"batch_size": size, "seed": seed, "lowest_loss": 0.0004 if seed < reached else 0.02}
        for size, seed in itertools.product(SIZES, range(seeds))
    ]
    return pd.DataFrame(rows).assign(diverged=False, **columns)


@pytest.fixture
def results():
    pieces = [
        ("equal_minimum", "general", 0, 0.7, 0.5, 0.9),
        *(("good_direction", "general", k, 0.97, 0.9, 0.99) for k in range(2)),
        *(("cheaper_than_jacobian", "general", k, 2.0 + k, 1.5, 7.0) for k in range(5)),
        *(("sharp_minima", "general", k, -0.4, -0.8, 0.1) for k in range(2)),
    ]
    rows = [
        {"id": name, "part": part, "n": 20, "estimate": estimate, "low": low, "high": high}
        for name, part, _, estimate, low, high in pieces
    ]
    measured = pd.DataFrame(
        [
            (engine, "running", size, 0, round_, 1, seconds * (1 if size > 600 else 2))
            for engine, seconds in {"dataloader": 0.05, "reference": 0.001, "fused": 1e-4}.items()
            for size in SIZES
            for round_ in range(3)
        ],
        columns=timings.COLUMNS[:7],
    )
    replay = table1.PUBLISHED.assign(source="replay")
    gradients = [summary(20, 6, gradient="jfb"), summary(20, 9, gradient="implicit")]
    minima = pd.DataFrame(
        {
            "category": ["no kink", "1 kink"],
            "runs": [30, 70],
            "lowest_loss_median": [0.0202, 0.0005],
            "lowest_loss_lowest": [0.0201, 0.0004],
            "lowest_loss_highest": [0.0205, 0.0016],
        }
    )
    fates = pd.DataFrame({"batch_size": SIZES, "epoch_of_last_death": [31.0, np.nan, 20, 9, 8]})
    shares = ("as_largest_batch", "as_at_start", "lost_units")
    for k, column in enumerate((*shares, *(f"{name}_by_chance" for name in shares[:2]))):
        fates[column] = 0.11 * (k + 1)
    return findings.Results(
        claims=pd.DataFrame(
            {
                "id": ["a", "b"],
                "statement": ["A is so.", "B is so."],
                "verdict": ["refuted", "holds for the published runs only"],
                "evidence": ["a table: a share", "a table: a difference"],
                "n": [20, np.nan],
                "estimate": [0.5, 0.3],
                "low": [0.4, 0.3],
                "high": [0.6, 0.3],
                "p_value": [0.012, np.nan],
            }
        ),
        evidence=pd.DataFrame(rows).assign(holds_low=-0.1, holds_high=0.1),
        table1=pd.concat([table1.PUBLISHED, replay]),
        summaries={
            "seeds": summary(20, 9),
            "landscape": summary(1000, 311),
            "updates": summary(20, 13),
            "gradients": pd.concat(gradients),
        },
        minima=minima,
        minima_of_replay=pd.DataFrame(
            {"category": ["no kink", "1 kink"], "runs_2400": [0, 1], "runs_600": [1, 0]}
        ),
        fates=fates,
        timing=measured,
        replay="replay",
        epochs=3000,
        updates=225_000,
    )


@pytest.fixture
def page(results):
    return findings.render(TEMPLATE, results)


@pytest.mark.parametrize(
    "line",
    [
        "table can be reproduced: 10 of 10 of the published cells",
        "Of 2 claims, 0 are reproduced, 1",
        "hold for the published runs only, 1 are refuted, and 0 stay undecided.",
        "| A is so. | refuted | a table: a share | 20 | 0.5 [0.4, 0.6] | 0.012 |",
        "| B is so. | holds for the published runs only | a table: a difference | - | 0.3 | - |",
        "| 600 | 0.0202 | 9/20 = 45 % [26, 66] | 311/1000 = 31 % [28, 34] |",
        "| 2400 | 146 (1.00) | 150 (1.00) | 3 (1.00) | 0.3 (1.00) |",
        "| 32 | 751 (5.12) | 300 (2.00) |",
        "0.7 [0.5, 0.9], where the claim of an equal minimum allows [-0.1, 0.1].",
        "| no kink | 30 | 0.0202 | 0.0201 | 0.0205 | 600 |",
        "| 1 kink | 70 | 0.0005 | 0.0004 | 0.0016 | 2400 |",
        "| 2400 | 11 % | 44 % | 22 % | 55 % | 33 % | 31 |",
        "| 1200 | 11 % | 44 % | 22 % | 55 % | 33 % | - |",
        "Given 225,000 updates, the full batch\ngets to 0.001 in 13/20 = 65 % [43, 82]",
        "| jfb | 6/20 = 30 % [15, 52] | 6/20",
        "| implicit | 9/20 = 45 % [26, 66] | 9/20",
        "medians of 3 rounds",
    ],
)
def test_numbers_are_where_they_belong(line, page):
    assert line in page


def test_a_cell_that_differs_is_counted(results):
    changed = results.table1.copy()
    changed.iloc[-1, changed.columns.get_loc("lowest_loss")] = 0.0007
    assert "9 of 10" in findings.render(TEMPLATE, dataclasses.replace(results, table1=changed))


OTHER = {
    "claims": lambda t: t.assign(verdict="undecided"),
    "evidence": lambda t: t.assign(estimate=5.55),
    "table1": lambda t: t.assign(lowest_loss=0.0321),
    "minima": lambda t: t.assign(lowest_loss_median=0.0303),
    "minima_of_replay": lambda t: t.assign(runs_2400=1),
    "fates": lambda t: t.assign(as_largest_batch=0.93),
    "timing": lambda t: t.assign(seconds_per_epoch=1.7 * t["seconds_per_epoch"]),
    "epochs": lambda epochs: epochs + 1,
    "updates": lambda updates: updates + 1,
}


@pytest.mark.parametrize("part", OTHER)
def test_the_page_follows_each_part(part, results, page):
    other = dataclasses.replace(results, **{part: OTHER[part](getattr(results, part))})
    assert findings.render(TEMPLATE, other) != page


@pytest.mark.parametrize("part", ["seeds", "landscape", "updates", "gradients"])
def test_the_page_follows_each_summary(part, results, page):
    losses = results.summaries[part]["lowest_loss"].where(results.summaries[part]["seed"] > 0, 1)
    changed = results.summaries | {part: results.summaries[part].assign(lowest_loss=losses)}
    assert findings.render(TEMPLATE, dataclasses.replace(results, summaries=changed)) != page


def numbers(text):
    return re.findall(r"-?\d+(?:[.,]\d+)*", text)


def test_the_template_has_no_measured_number():
    """What is typed: dates, the level, percentages of intervals, batch sizes, and headings."""
    typed = set(numbers(re.sub(r"{[{%].*?[%}]}", "", TEMPLATE)))
    assert typed <= {"2024", "95", "0.001", "2400", "64", "32", "28", "1", "2", "3", "4", "5", "10"}


def test_a_name_that_is_not_there_is_an_error(results):
    with pytest.raises(jinja2.UndefinedError):
        findings.render("{{ nothing }}", results)


def test_the_tables_are_whole(page):
    """Each row of a Markdown table has the cells of its heading."""
    tables = [block for block in page.split("\n\n") if block.startswith("|")]
    assert len(tables) == 6
    for table in tables:
        rows = table.strip().splitlines()
        assert set(rows[1]) <= set("|-: ")
        assert len({row.count("|") for row in rows}) == 1, table


def test_the_published_rows_are_what_is_timed():
    assert evidence.published()["batch_size"].tolist() == list(SIZES)
    assert timings.PUBLISHED == "published"
