"""Verdicts on synthetic evidence where the truth is known."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from conftest import read_yaml
from jfb import claims, evidence, statistics, table1, verdicts
from jfb.claims import Outcome, Verdict
from jfb.statistics import Finding

IDS = [
    "table1",
    "equal_minimum",
    "middle_sizes_worse",
    "five_times_faster",
    "middle_sizes_same_time",
    "label_of_time",
    "oscillation",
    "two_percent",
    "still_improving",
    "mirrored",
    "full_accuracy",
    "global_minimum",
    "contraction",
    "printed_formula",
    "data_in_r3",
    "cheaper_than_jacobian",
    "good_direction",
    "sharp_minima",
]


@pytest.fixture
def listed():
    return claims.read(read_yaml("workflow/claims.yaml"))


def test_every_claim_is_there(listed):
    assert [claim.id for claim in listed] == IDS


@pytest.mark.parametrize(
    ("interval", "p_value", "outcome"),
    [
        ((1.1, 1.9), None, Outcome.HOLDS),
        ((1, 2), 0.01, Outcome.HOLDS),
        ((2.1, 3), 0.01, Outcome.FAILS),
        ((-3, 0.9), None, Outcome.FAILS),
        ((0.9, 1.5), 0.001, Outcome.OPEN),
        ((1.5, 2.1), 0.001, Outcome.OPEN),
        ((0.5, 2.5), 0.001, Outcome.OPEN),
        ((math.nan, math.nan), 0.001, Outcome.OPEN),
        # The interval says that there is a difference, the corrected test does not.
        ((1.1, 1.9), 0.06, Outcome.OPEN),
        # A test against 0 has nothing to say of a claim that does not allow 0.
        ((2.1, 3), 0.06, Outcome.FAILS),
        # No difference is claimed to be told from 0.
        ((-0.5, 0.5), 0.9, Outcome.FAILS),
    ],
)
def test_the_rule(interval, p_value, outcome):
    finding = Finding(9, 1.5, *interval, "a test", p_value)
    assert claims.decide(finding, p_value, (1, 2)) is outcome


@pytest.mark.parametrize(
    ("interval", "p_value", "outcome"),
    [
        ((-0.05, 0.02), 0.9, Outcome.HOLDS),
        # A difference that is small but not proven is no smaller for that.
        ((0.01, 0.05), 0.001, Outcome.HOLDS),
        ((0.01, 0.05), 0.06, Outcome.HOLDS),
        ((0.11, 0.2), 0.001, Outcome.FAILS),
        ((0.11, 0.2), 0.06, Outcome.OPEN),
        ((0.05, 0.2), 0.001, Outcome.OPEN),
    ],
)
def test_the_rule_for_a_claim_of_no_difference(interval, p_value, outcome):
    finding = Finding(9, 0.1, *interval, "a test", p_value)
    assert claims.decide(finding, p_value, (-0.1, 0.1)) is outcome


H, F, U = Outcome.HOLDS, Outcome.FAILS, Outcome.OPEN


@pytest.mark.parametrize(
    ("published", "general", "verdict"),
    [
        ([H], [], Verdict.REPRODUCED),
        ([F], [], Verdict.REFUTED),
        ([H, F], [H], Verdict.REFUTED),
        ([H], [H, H], Verdict.REPRODUCED),
        ([H], [H, F], Verdict.PUBLISHED_ONLY),
        ([H], [U, F], Verdict.PUBLISHED_ONLY),
        ([H], [H, U], Verdict.UNDECIDED),
        ([U], [H], Verdict.UNDECIDED),
        ([U], [F], Verdict.UNDECIDED),
        ([], [H], Verdict.REPRODUCED),
        ([], [F, U], Verdict.REFUTED),
        ([], [U], Verdict.UNDECIDED),
    ],
)
def test_verdicts_join_what_the_pieces_say(published, general, verdict):
    """Each piece is a share of runs, of which 0.9 to 1 is claimed."""
    shares = {H: [1, 1, 1], F: [0, 0, 0], U: None}
    tables, parts = {}, {"published": [], "general": []}
    for part, outcomes in (("published", published), ("general", general)):
        for k, outcome in enumerate(outcomes):
            name = f"{part}{k}"
            piece = {"table": name, "statistic": "share_of_all", "column": "x", "holds": [0.9, 1]}
            parts[part].append(piece)
            if shares[outcome] is not None:
                tables[name] = pd.DataFrame({"x": shares[outcome]})
    (claim,) = claims.read([{"id": "a", "statement": "A.", "place": "Here"} | parts])
    (judged,) = claims.judge([claim], tables)
    assert judged.verdict is verdict
    deciding = judged.deciding.outcome
    assert (
        deciding
        is {
            Verdict.REPRODUCED: H,
            Verdict.UNDECIDED: U,
            Verdict.REFUTED: F,
            Verdict.PUBLISHED_ONLY: F,
        }[verdict]
    )


def test_the_first_table_that_is_there_is_taken():
    piece = {"table": ["many", "few"], "statistic": "share_of_all", "column": "x", "holds": [1, 1]}
    claim = claims.read([{"id": "a", "statement": "A.", "place": "Here", "general": [piece]}])
    few, many = pd.DataFrame({"x": [0]}), pd.DataFrame({"x": [1, 1]})
    for tables, name, n in (({"few": few}, "few", 1), ({"few": few, "many": many}, "many", 2)):
        (judged,) = claims.judge(claim, tables)
        assert (judged.deciding.table, judged.deciding.finding.n) == (name, n)
    (judged,) = claims.judge(claim, {})
    assert judged.reason.startswith("many or few has not been made")


def test_p_values_are_corrected_over_all_claims():
    # Differences of one sign in 6, 8 and 10 pairs: p = 2 / 2^n. Holm: times 3, 2, 1 in order.
    tables, entries = {}, []
    for n in (6, 8, 10):
        rows = [
            {"batch_size": b, "seed": s, "x": b * (s + 1)}
            for b, s in itertools.product((0, 1), range(n))
        ]
        tables[f"t{n}"] = pd.DataFrame(rows)
        piece = {"table": f"t{n}", "statistic": "difference", "column": "x"}
        piece |= {"batch_size": 1, "against": 0, "holds": [0, None]}
        entries.append({"id": f"c{n}", "statement": "A.", "place": "Here", "general": [piece]})
    judged = claims.judge(claims.read(entries), tables)
    found = [one.deciding.p_value for one in judged]
    assert found == pytest.approx([2 / 2**6, 2 * 2 / 2**8, 3 * 2 / 2**10])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"general": [{"table": "t", "statistic": "guess", "holds": [0, 1]}]}, "guess"),
        ({"general": []}, "must have evidence"),
    ],
)
def test_a_wrong_claim_is_refused(change, message):
    entry = {"id": "a", "statement": "A.", "place": "Here"}
    with pytest.raises(ValueError, match=message):
        claims.read([entry | change])


def test_a_claim_is_there_once():
    piece = {"table": "t", "statistic": "share", "column": "x", "holds": [0, 1]}
    entry = {"id": "a", "statement": "A.", "place": "Here", "general": [piece]}
    with pytest.raises(ValueError, match="must be there once"):
        claims.read([entry, entry])


SIZES = (2400, 1200, 600, 64, 32)
#: A run as the report describes it, by batch size: what the claims say of it is true.
CLAIMED = {
    2400: {"lowest_loss": 0.0005, "first_accurate_epoch": 1500.0, "log10_loss_spread": 1e-4},
    1200: {"lowest_loss": 0.0202, "first_accurate_epoch": None, "log10_loss_spread": 1e-4},
    600: {"lowest_loss": 0.0202, "first_accurate_epoch": None, "log10_loss_spread": 1e-4},
    64: {"lowest_loss": 0.0005, "first_accurate_epoch": 5.0, "log10_loss_spread": 0.1},
    32: {"lowest_loss": 0.0005, "first_accurate_epoch": 4.0, "log10_loss_spread": 0.01},
}


def summary(seeds, change=None):
    """Runs as the report describes them, with a little noise that seeds share not."""
    rng = np.random.default_rng(0)
    rows = []
    for size, seed in itertools.product(SIZES, range(seeds)):
        row = {
            "batch_size": size,
            "seed": seed,
            "epochs": 3000,
            "epoch_of_lowest_loss": 3000 if size == 2400 else 2000,
            "unconverged_solves": 0,
            "final_spectral_norm": 0.9,
            "diverged": False,
            "gap": 1.0,
        } | CLAIMED[size]
        row |= (change or {}).get(size, {})
        noise = np.exp(0.01 * rng.standard_normal(4))
        row["lowest_loss"] *= noise[0]
        row["log10_loss_spread"] *= noise[1]
        row["final_train_loss"] = row["lowest_loss"] * noise[2]
        row["final_val_loss"] = row["final_train_loss"] * noise[3] * row.pop("gap")
        rows.append(row)
    return evidence.of_summary(pd.DataFrame(rows).astype({"first_accurate_epoch": float}))


def verdict_of(listed, tables):
    tables = {"published": evidence.published()} | tables
    return {one.claim.id: str(one.verdict) for one in claims.judge(listed, tables)}


def made(replay, many, norm=0.9):
    """The tables of claims about runs, of a study that is every study of many seeds."""
    rows = [(b, s, norm, 1, True) for b, s in itertools.product((2400, 32), many["seed"].unique())]
    columns = ["batch_size", "seed", "spectral_norm", "sign", "exact_converged"]
    return {
        "summaries/replay": replay,
        "summaries/seeds": many,
        "summaries/landscape": many,
        "alignment/seeds": evidence.of_alignments(pd.DataFrame(rows, columns=columns)),
    }


OF_SUMMARIES = {
    "equal_minimum": {2400: {"lowest_loss": 0.02}},
    "middle_sizes_worse": {1200: {"lowest_loss": 0.0005}},
    "oscillation": {600: {"log10_loss_spread": 0.3}},
    "still_improving": {2400: {"epoch_of_lowest_loss": 1000}},
    "mirrored": {32: {"gap": 3.0}},
    "full_accuracy": {2400: {"first_accurate_epoch": None}},
    "global_minimum": {2400: {"lowest_loss": 0.02}},
    "contraction": {32: {"final_spectral_norm": 1.2}},
}


@pytest.mark.parametrize("name", OF_SUMMARIES)
def test_claims_about_runs_that_are_true(name, listed):
    assert verdict_of(listed, made(summary(1), summary(60)))[name] == "reproduced"


@pytest.mark.parametrize("name", OF_SUMMARIES)
def test_claims_about_runs_that_are_true_of_the_published_ones_only(name, listed):
    many = summary(60, OF_SUMMARIES[name])
    found = verdict_of(listed, made(summary(1), many))[name]
    assert found == "holds for the published runs only"


@pytest.mark.parametrize("name", OF_SUMMARIES)
def test_claims_about_runs_with_too_little_data(name, listed):
    assert verdict_of(listed, made(summary(1), summary(3)))[name] == "undecided"


def test_one_lower_loss_refutes_a_global_minimum(listed):
    """From any seed, at any batch size: the minimum is the loss function's."""
    many = summary(60)
    many.loc[many.index[-1], "lowest_loss"] = 0.0003
    assert verdict_of(listed, made(summary(1), many))["global_minimum"] == "refuted"


def test_a_map_that_expands_along_training_is_no_contraction(listed):
    found = verdict_of(listed, made(summary(1), summary(60), norm=1.1))
    assert found["contraction"] == "holds for the published runs only"


def test_gaps_of_either_sign_do_not_mirror(listed):
    signs = np.where(np.arange(300) % 2, 10.0, 0.1)
    many = summary(60).assign(final_val_loss=lambda t: t["final_train_loss"] * signs)
    found = verdict_of(listed, made(summary(1), evidence.of_summary(many)))
    assert found["mirrored"] == "holds for the published runs only"


def test_a_full_batch_that_is_never_accurate_refutes_halfway(listed):
    never = summary(1, {2400: {"first_accurate_epoch": None}})
    assert verdict_of(listed, {"summaries/replay": never})["full_accuracy"] == "refuted"


def test_a_run_that_diverged_does_not_improve_at_the_end():
    ended = {2400: {"epochs": 7, "epoch_of_lowest_loss": 7, "diverged": True}}
    table = summary(1, ended).set_index("batch_size")
    assert not table.loc[2400, "improves_at_the_end"]


#: Batch sizes that evidence compares or is about, which a claim about several cannot do without.
COMPARED = {
    "equal_minimum": {(2400, 32), (2400, 64)},
    "middle_sizes_worse": {(1200, 2400), (600, 2400)},
    "five_times_faster": {(32, 2400), (64, 2400)},
    "middle_sizes_same_time": {(1200, 2400), (600, 2400)},
    "oscillation": {(64, 32), (32, 600), (32, 1200), (32, 2400)},
    "mirrored": {(size, None) for size in SIZES},
    "full_accuracy": {(size, None) for size in SIZES},
    "good_direction": {(2400, None), (32, None)},
    "sharp_minima": {(2400, 32), (2400, 64)},
}


@pytest.mark.parametrize("name", COMPARED)
def test_evidence_is_of_each_batch_size_that_the_claim_names(name, listed):
    (claim,) = (claim for claim in listed if claim.id == name)
    found = {
        (piece.tables, piece.statistic, piece.arguments["column"]): set() for piece in claim.general
    }
    for piece in claim.general:
        pair = piece.arguments["batch_size" if "batch_size" in piece.arguments else "of"]
        kind = piece.tables, piece.statistic, piece.arguments["column"]
        found[kind].add((pair, piece.arguments.get("against")))
    # full_accuracy asks another thing of each size.
    kinds = [set().union(*found.values())] if name == "full_accuracy" else found.values()
    assert all(kind == COMPARED[name] for kind in kinds)


def test_time_is_asked_of_each_engine(listed):
    (claim,) = (claim for claim in listed if claim.id == "five_times_faster")
    tables = [piece.tables for piece in claim.published + claim.general]
    for engine in ("dataloader", "reference", "fused"):
        assert tables.count((f"timing/{engine}",)) == 2


def test_validation_that_does_not_mirror_is_refuted(listed):
    off = summary(1).assign(absolute_log10_gap=0.3)
    assert verdict_of(listed, {"summaries/replay": off})["mirrored"] == "refuted"


@pytest.mark.parametrize(
    ("worse", "verdict"), [(0.9, "reproduced"), (0.0, "refuted"), (None, "undecided")]
)
def test_noise_of_small_batches(worse, verdict, listed):
    """At 600 nine tenths reach 0.001; at 32 that, less `worse`, or there are three seeds."""
    n = 3 if worse is None else 60
    rows = [
        {"batch_size": b, "seed": s, "reached": s % 10 < (9 if b == 600 else 9 - 10 * (worse or 0))}
        for b, s in itertools.product((600, 32), range(n))
    ]
    table = pd.DataFrame(rows)
    if worse == 0.0:
        table = table.assign(reached=lambda t: (t["batch_size"] == 32) | (t["seed"] % 2 == 0))
    tables = {f"summaries/{study}": table for study in ("seeds", "landscape", "updates")}
    judged = {
        one.claim.id: one
        for one in claims.judge([c for c in listed if c.id == "two_percent"], tables)
    }
    assert str(judged["two_percent"].verdict) == verdict


@pytest.mark.parametrize("differing", [0, 1])
def test_one_pair_that_differs_refutes_nothing(differing, listed):
    rows = [
        {"batch_size": b, "seed": s, "reached": s > 9 or (b == 32 and s < differing)}
        for b, s in itertools.product((600, 32), range(20))
    ]
    (claim,) = (claim for claim in listed if claim.id == "two_percent")
    (judged,) = claims.judge([claim], {"summaries/seeds": pd.DataFrame(rows)})
    assert str(judged.verdict) == "undecided"


def timing(ratios, rounds=5, machine="Here"):
    """Seconds per epoch by engine and batch size, in proportion to `ratios`, of one machine."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "engine": engine,
            "collector": "running",
            "batch_size": size,
            "round": k,
            "seconds_per_epoch": 0.05 * ratio,
            "machine": machine,
        }
        for engine in ("dataloader", "reference", "fused")
        for size, ratio in ratios.items()
        for k in range(rounds)
    ]
    table = pd.DataFrame(rows)
    table["seconds_per_epoch"] *= np.exp(0.02 * rng.standard_normal(len(table)))
    return {f"timing/{name}": part for name, part in evidence.of_timing(table).items()}


AS_CLAIMED = {2400: 1.0, 1200: 1.1, 600: 1.2, 64: 4.5, 32: 5.0}
FLAT = dict.fromkeys(AS_CLAIMED, 1.0)


def test_claims_about_time(listed):
    true, flat, few = (
        verdict_of(listed, timing(*args)) for args in ((AS_CLAIMED,), (FLAT,), (FLAT, 1))
    )
    assert true["five_times_faster"] == "reproduced"
    # That the report's own program does not take five times as long is its own affair.
    assert flat["five_times_faster"] == "refuted"
    ours = timing(AS_CLAIMED) | {k: v for k, v in timing(FLAT).items() if "dataloader" not in k}
    assert verdict_of(listed, ours)["five_times_faster"] == "holds for the published runs only"
    assert few["five_times_faster"] == "undecided"
    assert true["middle_sizes_same_time"] == "reproduced"
    slow = verdict_of(listed, timing(AS_CLAIMED | {1200: 4.0}))
    assert slow["middle_sizes_same_time"] == "holds for the published runs only"
    assert few["middle_sizes_same_time"] == "undecided"


def test_claims_about_time_ask_every_machine(listed):
    """Where all agree, a claim is decided; where one does not, it is open."""
    here, there = timing(AS_CLAIMED), timing(AS_CLAIMED, machine="There")
    other = timing(FLAT | {1200: 4.0, 600: 4.0}, machine="Other")

    def of(*machines):
        both = {name: pd.concat([m[name] for m in machines]) for name in here}
        return verdict_of(listed, both)

    assert of(here, there)["five_times_faster"] == "reproduced"
    assert of(here, there)["label_of_time"] == "refuted"
    assert of(here, other)["five_times_faster"] == "undecided"
    assert of(here, other)["middle_sizes_same_time"] == "undecided"
    assert of(other)["five_times_faster"] == "refuted"
    # Both print a total.
    assert of(here, other)["label_of_time"] == "refuted"


def test_what_is_timed_without_the_collector_decides_no_claim():
    rows = pd.DataFrame(
        {
            "engine": "dataloader",
            "collector": ["running", "disabled", "frozen"],
            "batch_size": 2400,
            "round": 0,
            "seconds_per_epoch": [0.02, 0.01, 0.01],
            "machine": "Here",
        }
    )
    tables = evidence.of_timing(rows)
    assert tables["dataloader"]["seconds_per_epoch"].tolist() == [0.02]
    seconds = tables["label"].set_index("source")["seconds"]
    assert seconds.to_dict() == pytest.approx({"dataloader": 60.0, "published": 146.5})


def test_the_label_of_time(listed):
    """The published column is of the size of 3,000 epochs of 0.05 s, not of one."""
    found = timing(AS_CLAIMED)
    assert verdict_of(listed, found)["label_of_time"] == "refuted"
    epoch = found["timing/label"].copy()
    published = epoch["source"] == "published"
    epoch.loc[published, "seconds"] /= 3000
    assert verdict_of(listed, {"timing/label": epoch})["label_of_time"] == "reproduced"
    assert verdict_of(listed, timing(FLAT, 1))["label_of_time"] == "undecided"


def cells(change):
    table = table1.PUBLISHED.assign(seed=42, runs=1)
    columns = ("first_accurate_epoch",)
    return evidence.cells(table.assign(**dict.fromkeys(columns, 1.0), **change))


def test_table1_and_the_formula(listed):
    for claim, table in (("table1", "cells/replay"), ("printed_formula", "cells/printed")):
        assert verdict_of(listed, {table: cells({})})[claim] == "reproduced"
        assert verdict_of(listed, {table: cells({"lowest_loss": 0.0143})})[claim] == "refuted"
        assert verdict_of(listed, {})[claim] == "undecided"


def test_the_rank_of_the_data(listed):
    line = pd.DataFrame(
        {axis: np.linspace(0, side, 99) for axis, side in zip("xyz", (20, 13, 8), strict=True)}
    )
    scattered = line.apply(
        lambda column: column.sample(frac=1, random_state=int(column.max())).to_numpy()
    )
    assert verdict_of(listed, {"data": line})["data_in_r3"] == "refuted"
    assert verdict_of(listed, {"data": scattered})["data_in_r3"] == "reproduced"
    assert verdict_of(listed, {})["data_in_r3"] == "undecided"


@pytest.mark.parametrize(
    ("seconds", "kept", "verdict"),
    [(2.0, 3.0, "reproduced"), (2.0, 1.0, "refuted"), (0.5, 3.0, "refuted")],
)
def test_the_cost_of_the_jacobian(seconds, kept, verdict, listed):
    rows = [
        (
            varied,
            k,
            k,
            gradient,
            1.0 if gradient == "jfb" else seconds,
            100.0 if gradient != "unrolled" else 200.0,
            100.0 * (1.0 if gradient == "jfb" else kept),
        )
        for varied in ("iterations", "latent_dim")
        for k in (1, 9)
        for gradient in ("jfb", "implicit", "unrolled")
    ]
    columns = ["varied", "iterations", "latent_dim", "gradient", "step_seconds", "bytes_kept"]
    columns += ["backward_peak_bytes"]
    tables = {
        f"cost/{k}": t for k, t in evidence.of_cost(pd.DataFrame(rows, columns=columns)).items()
    }
    assert verdict_of(listed, tables)["cheaper_than_jacobian"] == verdict
    assert verdict_of(listed, {})["cheaper_than_jacobian"] == "undecided"


@pytest.mark.parametrize(
    ("uphill", "seeds", "verdict"),
    [(0.01, 20, "reproduced"), (0.3, 20, "refuted"), (0.3, 3, "undecided")],
)
def test_the_direction(uphill, seeds, verdict, listed):
    rng = np.random.default_rng(0)
    rows = [
        (b, s, 1 if rng.random() > uphill else -1, True, 0.9)
        for b, s, _ in itertools.product((2400, 32), range(seeds), range(40))
    ]
    rows += [(2400, s, -1, False, 0.9) for s in range(seeds) for _ in range(40)]
    columns = ["batch_size", "seed", "sign", "exact_converged", "spectral_norm"]
    table = pd.DataFrame(rows, columns=columns)
    tables = {"alignment/seeds": evidence.of_alignments(table)}
    assert verdict_of(listed, tables)["good_direction"] == verdict


def test_a_direction_that_is_always_downhill_is_good(listed):
    tables = {"alignment/seeds": made(summary(1), summary(20))["alignment/seeds"]}
    assert verdict_of(listed, tables)["good_direction"] == "reproduced"


@pytest.mark.parametrize(
    ("sharper", "seeds", "verdict"),
    [(10.0, 20, "reproduced"), (0.1, 20, "refuted"), (10.0, 2, "undecided")],
)
def test_sharpness(sharper, seeds, verdict, listed):
    rng = np.random.default_rng(0)
    rows = []
    for size, seed in itertools.product((2400, 64, 32), range(seeds)):
        low = (seed + (size == 32)) % 2
        scale = (100.0 if low else 1.0) * (sharper if size == 2400 else 1)
        scale *= np.exp(0.05 * rng.standard_normal())
        rows.append((size, seed, 0.0005 if low else 0.02, scale, 0.1 * scale))
    columns = ["batch_size", "seed", "loss", "largest_eigenvalue", "keskar_sharpness"]
    tables = {"sharpness/seeds": evidence.of_sharpness(pd.DataFrame(rows, columns=columns))}
    assert verdict_of(listed, tables)["sharp_minima"] == verdict


def test_studies_without_the_batch_sizes_leave_claims_open(listed):
    """A configuration can name others than the report's."""
    other = summary(20).query("batch_size == 1200").assign(batch_size=7)
    sharp = other.assign(loss=0.02, largest_eigenvalue=1.0, keskar_sharpness=1.0)
    cost = pd.DataFrame({"iterations": [1], "latent_dim": 3, "gradient": "phantom"})
    cost = cost.assign(step_seconds=1.0, bytes_kept=1, backward_bytes=1)
    tables = {
        "summaries/replay": other.query("seed == 0"),
        "summaries/seeds": other,
        "alignment/seeds": evidence.of_alignments(
            other.assign(sign=1, exact_converged=True, spectral_norm=0.9)
        ),
        "sharpness/seeds": evidence.of_sharpness(sharp),
        "cost/iterations": cost,
        "cost/latent_dim": cost,
    } | timing({7: 1.0})
    found = verdict_of(listed, tables)
    assert {name for name, verdict in found.items() if verdict != "undecided"} <= {
        # These are of all runs, or of none.
        "contraction",
        "mirrored",
        "label_of_time",
    }


def test_what_is_asked_of_a_run():
    table = summary(1).set_index("batch_size")
    assert table["reached"].tolist() == [True, False, False, True, True]
    raw = summary(1).assign(lowest_loss=[0.001, 0.00101, 0.0099, 1.0, np.nan])
    assert evidence.of_summary(raw)["reached"].tolist() == [True, False, False, False, False]
    assert table["accurate"].tolist() == [True, False, False, True, True]
    assert table["accurate_at_once"].tolist() == [False, False, False, True, True]
    assert table["improves_at_the_end"].tolist() == [True, False, False, False, False]
    assert table.loc[2400, "first_accurate_share"] == 0.5


def test_the_tables_have_a_row_per_claim_and_per_piece(listed):
    judged = claims.judge(
        listed, {"published": evidence.published(), "summaries/replay": summary(1)}
    )
    table = verdicts.of_claims(judged)
    assert list(table)[:4] == ["id", "statement", "place", "studies"]
    assert {"n", "estimate", "low", "high", "test", "p_value", "verdict", "reason"} <= set(table)
    assert table["id"].tolist() == IDS
    pieces = sum(len(claim.published + claim.general) for claim in listed)
    assert len(verdicts.of_evidence(judged)) == pieces
    studies = table.set_index("id")["studies"]
    assert studies["five_times_faster"] == "published timing"
    assert studies["still_improving"] == "replay landscape seeds"
    page = verdicts.to_markdown(judged, ["timing", "cost"])
    assert "Taken into account: published, summaries/replay." in page
    assert all(f"\n## {name}\n" in page for name in IDS)
    assert "Not made yet: timing, cost. What needs them" in page


def test_every_statistic_is_used(listed):
    pieces = [piece for claim in listed for piece in claim.published + claim.general]
    assert {piece.statistic for piece in pieces} == set(statistics.STATISTICS)
