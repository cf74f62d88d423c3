"""The numbers of README and findings: collected from results, written, read, compared again."""

import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jfb.analysis import published, timing
from jfb.output import drift, numbers
from jfb.storage import files, parquet


def write_summary(path, **factors):
    """Of the batch size 32, three of four seeds get to 0.001, two at exact fixed points; of 2400,
    none.
    """
    rows = [
        factors | {"batch_size": size, "seed": seed, "lowest_loss": loss}
        for size, losses in ((2400, [0.02] * 4), (32, [0.0005, 0.001, 0.0009, 0.0011]))
        for seed, loss in enumerate(losses)
    ]
    table = pd.DataFrame(rows).assign(diverged=False)
    table["exact_best_loss"] = 1.01 * table["lowest_loss"]
    parquet.write(path, pa.table(table))
    return str(path)


def rows_of(kind, *paths):
    return numbers.collect({"one": numbers.Source(kind, paths)})["one"]["rows"]


def test_shares_by_batch_size(tmp_path):
    full, small = rows_of("shares", write_summary(tmp_path / "a.parquet"))
    assert (full["batch_size"], full["reached"], full["runs"]) == (2400, 0, 4)
    assert (small["batch_size"], small["reached"], small["share_reached"]) == (32, 3, 0.75)
    assert (small["reached_exact"], small["share_reached_exact"]) == (2, 0.5)
    assert (full["reached_exact"], full["diverged"]) == (0, 0)
    # Wilson (1927), by hand: centre (p + z^2/2n) / (1 + z^2/n), p = 3/4, n = 4, z = 1.96.
    z2 = 1.959964**2 / 4
    centre = (0.75 + z2 / 2) / (1 + z2)
    half = 1.959964 / (1 + z2) * math.sqrt(0.75 * 0.25 / 4 + z2 / 16)
    assert small["share_low"] == pytest.approx(centre - half, rel=1e-5)
    assert small["share_high"] == pytest.approx(centre + half, rel=1e-5)


def test_shares_by_the_factors_of_a_study(tmp_path):
    path = write_summary(tmp_path / "a.parquet", gradient="jfb", contraction="off")
    assert [list(row)[:4] for row in rows_of("shares", path)] == [
        ["gradient", "contraction", "batch_size", "runs"]
    ] * 2


def test_seeds_that_reach_at_one_batch_size_only(tmp_path):
    """At 2400 seeds 0 and 1 reach, at 32 seeds 1, 2 and 3, at 64 those of 2400."""
    losses = {2400: [0.0005, 0.001, 0.02, 0.0201], 64: [0.0005, 0.0004, 0.02, 0.02]}
    losses[32] = [0.0202, 0.0005, 0.0005, 0.0005]
    rows = [
        {"batch_size": size, "seed": seed, "lowest_loss": loss}
        for size, found in losses.items()
        for seed, loss in enumerate(found)
    ]
    path = tmp_path / "a.parquet"
    parquet.write(path, pa.table(pd.DataFrame(rows)))
    at_64, at_32 = rows_of("discordant", str(path))
    assert at_32 == {
        "batch_size": 32,
        "only_largest": 1,
        "only_here": 2,
        "lowest_there": 0.02,
        "highest_there": 0.0201,
    }
    assert (at_64["only_largest"], at_64["only_here"]) == (0, 0)
    assert at_64["lowest_there"] is None


def test_lowest_losses_of_best_epochs_that_did_not_converge(tmp_path):
    """75 passes an epoch at 32, one at 2400; of those that did not converge, the exact loss."""
    columns = ["batch_size", "lowest_loss", "exact_best_loss", "unconverged_at_lowest_loss"]
    runs = pd.DataFrame(
        [
            (32, 0.0005, 0.0015, 38),
            (32, 0.0005, 0.0006, 37),
            (32, 0.0008, 0.0012, 75),
            (32, 0.0009, None, 75),
            (2400, 0.0009, 0.0009, 0),
            (2400, 0.02, 0.05, 1),
        ],
        columns=columns,
    )
    path = tmp_path / "a.parquet"
    parquet.write(path, pa.table(runs))
    (row,) = rows_of("unconverged", str(path))
    assert (row["unconverged"], row["twice"], row["most_times"]) == (4, 2, 3)
    assert (row["reached"], row["not_exactly"]) == (5, 3)
    # At 32, four of four reach, and one at exact fixed points.
    assert row["share_apart"] == 0.75


def write_contraction(path, *rows):
    names = ("batch_size", "seed", "unique", "reached", "alternates", "stops_at_zero", "own_weight")
    table = pd.DataFrame(rows, columns=names)
    measured = ("spectral_norm", "norm_after_rescaling", "contraction_high")
    table = table.assign(**dict.fromkeys(measured, 0.5), diverged=False)
    parquet.write(path, pa.table(table))
    return str(path)


def test_how_fixed_points_are_missed(tmp_path):
    path = write_contraction(
        tmp_path / "a.parquet",
        (32, 0, True, False, True, True, -1.01),
        (32, 1, True, False, True, False, -1.2),
        (32, 2, True, False, False, False, -0.3),
        # Reached, or without one fixed point everywhere: not missed.
        (32, 3, True, True, False, False, -1.5),
        (32, 4, False, False, True, True, -1.5),
    )
    (row,) = rows_of("ends", path)
    assert (row["missed"], row["missed_own_weight"]) == (3, 2)
    assert (row["missed_alternates"], row["missed_at_zero"]) == (2, 1)
    other = write_contraction(
        tmp_path / "b.parquet",
        (32, 0, True, True, False, False, -0.99),
        (32, 2, True, False, False, False, -0.4),
        (32, 3, True, True, False, False, -0.2),
    )
    assert rows_of("missed", path, other) == [
        {
            "batch_size": 32,
            "seed": seed,
            "reached": False,
            "own_weight": own,
            "reached_other": reached,
            "own_weight_other": own_other,
        }
        for seed, own, reached, own_other in ((0, -1.01, True, -0.99), (2, -0.3, False, -0.4))
    ]


def test_table1_is_the_same_whether_times_were_measured_or_not(tmp_path):
    rows = pd.DataFrame(
        {"batch_size": 32, "source": ["published", "timed", "seeds"], "training_seconds": 1.0}
    )
    rows.to_csv(tmp_path / "timed.csv", index=False)
    rows[rows["source"] != "timed"].to_csv(tmp_path / "plain.csv", index=False)
    found = rows_of("table1", str(tmp_path / "timed.csv"))
    assert found == rows_of("table1", str(tmp_path / "plain.csv"))
    assert [row["source"] for row in found] == ["published", "seeds"]


def write_timing(path, processor, factor):
    """Seconds per epoch: batch size 32 takes `factor` times as long as 2400, in three rounds."""
    rows = [
        dict.fromkeys(timing.COLUMNS, 0)
        | {"engine": "dataloader", "collector": "running", "batch_size": size, "round": k}
        | {"seconds_per_epoch": seconds * (1, 2, 3)[k], "processor": processor}
        for size, seconds in ((2400, 0.01), (32, 0.01 * factor))
        for k in range(3)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return str(path)


def test_times_by_machine(tmp_path):
    other = write_timing(tmp_path / "other.csv", "one", 5)
    here = write_timing(tmp_path / "here.csv", "two", 3)
    rows = rows_of("times", other, here)
    found = {(row["machine"].split(",")[0], row["engine"], row["batch_size"]): row for row in rows}
    slow, quick = found["one", "dataloader", 32], found["two", "dataloader", 32]
    # 3,000 epochs in the middle one of three rounds.
    assert (slow["median_seconds"], slow["lowest_seconds"]) == (300, 150)
    assert (slow["median_ratio"], quick["median_ratio"]) == (5, 3)
    assert (slow["here"], quick["here"], quick["rounds"]) == (False, True, 3)
    assert found["published", "published", 32]["median_seconds"] == 750.8
    assert found["published", "published", 32]["median_ratio"] == pytest.approx(750.8 / 146.5)


CELLS = {
    "a": [1.23456789, np.nan],
    "b": [np.inf, -np.inf],
    "c": [3, 4],
    "d": ["x", None],
    "e": [True, False],
}


def test_what_is_written_is_read_again(tmp_path):
    pd.DataFrame(CELLS).to_csv(tmp_path / "a.csv", index=False)
    given = {
        "made_by": "a command",
        "origin": {"commit": "abc"},
        "studies": {"seeds": {"study": "seeds", "batch_sizes": [64, 32]}},
        "figures": {},
        "tables": numbers.made_at(
            numbers.collect({"t": numbers.Source("csv", (str(tmp_path / "a.csv"),))}), "abc"
        ),
    }
    numbers.write(tmp_path / "numbers.json", given)
    assert numbers.read(tmp_path / "numbers.json") == given
    assert given["tables"]["t"]["rows"] == [
        {"a": 1.23457, "b": "infinity", "c": 3, "d": "x", "e": True},
        {"a": None, "b": "-infinity", "c": 4, "d": None, "e": False},
    ]
    # A row of a table is a line, so that a change is seen as one.
    text = (tmp_path / "numbers.json").read_text()
    row = '{"a": null, "b": "-infinity", "c": 4, "d": null, "e": false}'
    assert row in [line.strip() for line in text.splitlines()]
    json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tables": {}}'])
def test_another_file_is_refused(text, tmp_path):
    path = tmp_path / "numbers.json"
    path.write_text(text)
    with pytest.raises(files.Unreadable, match=r"numbers\.json"):
        numbers.read(path)


def test_studies_are_described(project):
    seeds = numbers.of_studies(project, {"many": "seeds"})["many"]
    assert seeds == {
        "study": "seeds",
        "batch_sizes": [2400, 1200, 600, 64, 32],
        "seeds": 30,
        "splits": 1,
        "runs": 150,
        "epochs": 3000,
        "updates": None,
        "by_default": True,
    }
    updates = numbers.of_studies(project, {"updates": "updates"})["updates"]
    assert (updates["epochs"], updates["updates"]) == (None, 225_000)
    splits = numbers.of_studies(project, {"splits": "splits"})["splits"]
    assert (splits["splits"], splits["seeds"], splits["runs"]) == (60, 5, 1500)
    assert not splits["by_default"]


def test_only_tables_whose_files_are_there_are_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame(CELLS).to_csv("a.csv", index=False)
    listed = {
        name: {"kind": "csv", "files": [file], "rows": []}
        for name, file in (("minima", "a.csv"), ("cost", "b.csv"))
    }
    assert list(numbers.collect_again({"tables": listed})) == ["minima"]
    pd.DataFrame(CELLS).to_csv("b.csv", index=False)
    assert list(numbers.collect_again({"tables": listed})) == ["minima", "cost"]


def test_claims_are_made_again_where_they_rest_on_the_same_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("claims", "sensitivity", "minima"):
        pd.DataFrame(CELLS).to_csv(f"{name}.csv", index=False)
    rows = [{"id": "a", "table": name} for name in ("cost/latent_dim", "data", "data", None)]
    names = ("claims", "evidence", "sensitivity", "minima")
    listed = {name: {"kind": "csv", "files": [f"{name}.csv"], "rows": []} for name in names}
    listed["evidence"]["rows"] = rows
    assert list(numbers.collect_again({"tables": listed})) == ["minima"]
    for tables, found in ((rows[1:], ["minima"]), (rows, list(names))):
        pd.DataFrame(tables).to_csv("evidence.csv", index=False)
        assert list(numbers.collect_again({"tables": listed})) == found


def all_tables(**changed):
    """Tables of which one cell can be changed: by table, row and column."""
    found = {
        "claims": [
            {"id": "slow", "verdict": "refuted", "estimate": 3.1},
            {"id": "low", "verdict": "refuted", "estimate": 0.7},
        ],
        "evidence": [
            {"id": "slow", "label": "Time of a step", "unit": "times", "estimate": 3.1},
            {"id": "low", "label": "difference of loss", "unit": "decades", "estimate": 0.7},
        ],
        "sensitivity": [
            {"id": "slow", "choice": "simultaneous", "general": "fails"},
            {"id": "low", "choice": "simultaneous", "general": "fails"},
        ],
        "minima": [{"category": "no kink", "runs": 48, "seconds": 0.3}],
        "times": [{"engine": "fused", "median_seconds": 0.2}],
        "answer": [
            {"measure": "seconds_at", "level": "once", "estimate": 0.5},
            {"measure": "psnr", "level": "once", "estimate": 20.0},
        ],
    }
    kinds = {"times": "times", "answer": "answers"}
    for place, value in changed.items():
        table, row, column = place.split("__")
        found[table][int(row)][column] = value
    return {
        name: {"kind": kinds.get(name, "csv"), "files": [], "rows": rows}
        for name, rows in found.items()
    }


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"minima__0__runs": 47}, "minima, no kink: runs 48, the results give 47"),
        ({"claims__1__verdict": "open"}, "claims, low, refuted: verdict refuted, the results"),
        ({"evidence__1__estimate": 0.70002}, "evidence, low, difference of loss: estimate 0.7,"),
        ({"evidence__1__estimate": None}, "the results give None"),
        ({"minima__0__seconds": 0.4}, "minima, no kink: seconds 0.3, the results give 0.4"),
        ({"minima__0__more": 1}, "minima, no kink: other columns: more"),
        ({"sensitivity__1__general": "open"}, "sensitivity, low, simultaneous: general fails,"),
        ({"answer__1__estimate": 21.0}, "answer, psnr, once: estimate 20.0, the results give 21.0"),
    ],
)
def test_a_number_that_differs_is_named(changed, line):
    (found,) = drift.of_results(all_tables(), all_tables(**changed))
    assert line in found


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"times__0__median_seconds": 0.4},
        {"claims__0__verdict": "reproduced"},
        {"evidence__0__estimate": 9.9},
        {"sensitivity__0__general": "open"},
        {"answer__0__estimate": 0.9},
        {"evidence__1__estimate": 0.7000001},
    ],
)
def test_times_and_last_digits_may_differ(changed):
    assert drift.of_results(all_tables(), all_tables(**changed)) == []


def test_a_row_more_is_named():
    now = all_tables()
    now["minima"]["rows"] *= 2
    assert drift.of_results(all_tables(), now) == ["minima: 1 rows, the results give 2"]


def test_figures_are_those_of_the_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs/figures").mkdir(parents=True)
    figure = "docs/figures/a.png"
    (tmp_path / figure).write_bytes(b"one")
    drawn = {"figures": numbers.of_figures({figure: "results/a.png"})}
    pages = {"docs/findings.md": "![A](figures/a.png)", "README.md": f"![A]({figure})"}
    assert drift.of_figures(drawn, pages) == []
    (line,) = drift.of_figures(drawn, pages | {"README.md": "![B](docs/figures/b.png)"})
    assert line == "README.md shows docs/figures/b.png, which is no figure of the numbers"
    (tmp_path / figure).write_bytes(b"another")
    assert drift.of_figures(drawn, pages) == [
        f"{figure} is not the figure that was drawn with the numbers"
    ]
    (tmp_path / figure).unlink()
    assert drift.of_figures(drawn, pages) == [f"{figure} is not there"]


def test_settings_that_differ_are_named(project):
    found = {"studies": numbers.of_studies(project, {"seeds": "seeds", "updates": "updates"})}
    assert drift.of_settings(found, project) == []
    found["studies"]["seeds"]["seeds"] = 7
    found["studies"]["updates"]["study"] = "another"
    assert drift.of_settings(found, project) == [
        "study seeds: seeds 7, the configuration has 30",
        "study another is not in the configuration",
    ]


def test_published_totals_are_of_as_many_epochs_as_the_times():
    assert published.EPOCHS == 3000


def test_what_searches_do_from_the_final_networks(tmp_path):
    """Two searches reach 0.001; a run without a fixed point counts as one that does not."""
    rows = [
        # at, id, start_loss, loss
        (2, 2, 0.02, 0.02),
        (2, 1, 0.02, 0.0005),
        (0, 1, 0.0009, 0.0005),
        (0, 0, None, None),
    ]
    table = pd.DataFrame(rows, columns=["at", "id", "start_loss", "loss"])
    table.assign(source="study", batch_size=64).to_csv(tmp_path / "runs.csv", index=False)
    path = str(tmp_path / "runs.csv")
    before, after = rows_of("searched", path)
    assert (before["when"], before["reached"], before["runs"], before["unknown"]) == (
        "before",
        1,
        4,
        1,
    )
    assert (after["when"], after["reached"]) == ("after", 2)
    at_two, at_none = rows_of("left", path)
    assert [at_two[name] for name in ("at", "runs", "stayed", "reached")] == [2, 2, 1, 1]
    assert [at_none[name] for name in ("at", "runs", "stayed", "reached")] == [0, 2, 1, 1]


def test_answers_in_seconds_stay_as_they_were():
    """Another run of a machine does not repeat them."""
    at = {"level": "once", "batch_size": 32, "against": ""}
    rows = [at | {"measure": "seconds", "estimate": 0.5}, at | {"measure": "loss", "estimate": 1}]
    rows.append(at | {"measure": "seconds", "level": "zero", "estimate": 2})
    now = [row | {"estimate": row["estimate"] + 1} for row in rows]
    new = now[0] | {"level": "new"}
    times = {"kind": "times", "rows": []}
    found = {"answer_start": {"kind": "answers", "rows": [*now, new]}, "times": times}
    kept = drift.with_times_of({"answer_start": {"kind": "answers", "rows": rows}}, found)
    assert kept == {"answer_start": {"kind": "answers", "rows": [rows[0], now[1], rows[2], new]}}
    assert drift.with_times_of({}, found)["answer_start"]["rows"] == [*now, new]


def test_evidence_about_time_stays_as_it_was_with_the_claims_that_it_is_for():
    """Of other machines, too: theirs were not measured again."""

    def evidence(claim, piece, machines, estimate, label="Time of an epoch"):
        at = {"id": claim, "evidence_id": piece, "label": label, "estimate": estimate}
        return [at | {"machine": machine} for machine in machines]

    def told(rows, slow, low):
        verdicts_found = [{"id": "slow", "verdict": slow}, {"id": "low", "verdict": low}]
        by_choice = [
            {"id": row["id"], "choice": choice, "general": row["verdict"]}
            for row in verdicts_found
            for choice in ("as_judged", "simultaneous")
        ]
        tables = {"evidence": rows, "claims": verdicts_found, "sensitivity": by_choice}
        return {name: {"kind": "plain", "rows": rows} for name, rows in tables.items()}

    loss = evidence("low", "loss", [""], 1, "Loss")
    before = evidence("slow", "t_64", "AB", 1) + evidence("slow", "t_32", "AB", 2)
    now = evidence("slow", "t_64", "ABC", 3) + evidence("slow", "t_32", "ABC", 4)
    loss_now = evidence("low", "loss", [""], 5, "Loss")
    # A piece that the numbers do not know is taken.
    new = evidence("slow", "t_16", "C", 6)
    found = told([*loss_now, *now, *new], "holds", "fails")
    kept = drift.with_times_of(told([*before, *loss], "open", "open"), found)
    assert kept == told([*loss_now, *before, *new], "open", "fails")


def test_bounds_and_labels_of_evidence_about_time_are_compared():
    """What a machine took is not, but what the claim allows is no measurement."""
    at = {"id": "slow", "evidence_id": "t", "label": "Time of an epoch", "estimate": 1.0}
    before = at | {"holds_low": 3.0, "holds_high": 8.0}

    def lines(now):
        tables = [{"evidence": {"kind": "plain", "rows": [row]}} for row in (before, now)]
        return drift.of_results(*tables)

    assert lines(before | {"estimate": 2.0}) == []
    assert len(lines(before | {"holds_high": 9.0})) == 1
    assert len(lines(before | {"label": "Time of an update"})) == 1


def test_rows_about_time_get_the_columns_of_now():
    at = {"id": "slow", "evidence_id": "t", "label": "Time of an epoch"}
    tables = {"evidence": {"kind": "plain", "rows": [at]}}
    tables["sensitivity"] = {"kind": "plain", "rows": [{"id": "slow", "half": "fails"}]}
    now = {"kind": "plain", "rows": [{"id": "slow", "half": "holds", "level": "holds"}]}
    kept = drift.with_times_of(tables, {"sensitivity": now})
    assert kept["sensitivity"]["rows"] == [{"id": "slow", "half": "fails", "level": None}]
