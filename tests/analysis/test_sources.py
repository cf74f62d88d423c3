"""What claims' tables are called, what they are made from, and which of them a command takes."""

import re

import pandas as pd
import pyarrow as pa
import pytest

from conftest import ROOT, load_project, read_yaml
from jfb.analysis import selection, sources, tables
from jfb.analysis.sources import Source
from jfb.config import names
from jfb.config.project import load
from jfb.storage import parquet
from test_claims import summary


@pytest.mark.parametrize(
    ("name", "source", "subject", "product"),
    [
        ("summaries/seeds", Source("summaries", study="seeds"), "seeds", "summaries/seeds"),
        ("cells/replay", Source("cells", study="replay"), "replay", "summaries/replay"),
        ("above_lowest/a", Source("above_lowest", study="a"), "a", "summaries/a"),
        ("alignment/seeds", Source("alignment", study="seeds"), "seeds", "alignment/seeds"),
        ("cost/latent_dim", Source("cost", part="latent_dim"), "cost", "cost"),
        ("timing/label", Source("timing", part="label"), "timing", "timing"),
        ("cost_short/a", Source("cost_short", part="a"), "cost_short", "cost_short"),
        ("data", Source("data"), "data", "data"),
        ("published", Source("published"), "published", "None"),
    ],
)
def test_a_name_is_parsed(name, source, subject, product):
    assert sources.parse(name) == source
    assert (str(source), source.subject, str(source.product)) == (name, subject, product)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("summary/seeds", "table summary/seeds: 'summary' must be one of: published, data, summ"),
        ("", "table : '' must be one of"),
        ("cells", "table cells: must name a study"),
    ],
)
def test_another_name_is_refused(name, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        sources.parse(name)


def test_products_are_listed_once_in_the_order_of_claims_and_parts():
    def claim(**parts):
        return {"id": "a"} | {
            part: [{"rule": {"table": table}} for table in named] for part, named in parts.items()
        }

    document = {
        "claims": [
            claim(general=[["above_lowest/many", "cells/few"]], published=["published", "data"]),
            claim(beside=["timing/label", "timing/fused", "summaries/few"]),
        ]
    }
    assert list(map(str, sources.products(document))) == [
        "data",
        "summaries/many",
        "summaries/few",
        "timing",
    ]


@pytest.fixture(scope="module")
def project():
    return load_project()


#: What a command takes of the claims' products whatever its targets.
ALWAYS = {
    "data",
    "summaries/replay",
    "contraction/replay",
    "summaries/seeds",
    "contraction/seeds",
    "summaries/printed",
    "summaries/updates_few",
    "summaries/splits_few",
    "alignment/trajectories_few",
}
#: What it takes where no target asks for the whole measurement.
SHORT = {"timing_short", "cost_short"}

#: What the study of many updates gives.
UPDATES = {"summaries/updates", "sharpness/updates"}


def taken(project, *targets):
    listed = sources.products(read_yaml("workflow/claims.yaml"))
    return {str(product) for product in listed if selection.is_taken(product, project, targets)}


@pytest.mark.parametrize(
    ("targets", "more"),
    [
        ([], set()),
        (["all"], set()),
        (["claims", "seeds", "splits_other"], set()),
        (["minima"], set()),
        (["landscape", "claims"], {"summaries/landscape", "contraction/landscape"}),
        (["updates", "claims"], UPDATES),
        (["catalogue", "claims"], {"catalogue"}),
        (["updates", "catalogue", "claims"], UPDATES | {"sharpness_by_entry/updates", "catalogue"}),
        (["alignment", "gradients"], {"alignment/trajectories", "summaries/gradients"}),
        (["directions", "claims"], {"alignment/directions"}),
    ],
)
def test_a_command_takes_what_its_targets_make(targets, more, project):
    assert taken(project, *targets) == ALWAYS | SHORT | more


def test_a_plain_command_measures_all_that_verdicts_rest_on(project):
    """Each piece has a table that it takes, of a study with the batch sizes that are compared.

    But for sharpness, which is of runs that take minutes each.
    """
    document = read_yaml("workflow/claims.yaml")
    weighed = [
        piece
        for claim, part, piece in sources.pieces(document)
        if part != "beside" and claim != "sharp_minima"
    ]
    assert len(weighed) > 80
    for piece in weighed:
        taken_ = [
            source
            for source in sources.named(piece["rule"])
            if not source.product or selection.is_taken(source.product, project, [])
        ]
        assert taken_, piece["id"]
        study = project.studies.get(selection.study_of(taken_[0], project))
        if study:
            asked = {piece["rule"].get(key) for key in ("batch_size", "against")} - {None}
            assert asked <= {run.batch_size for run in study.runs.values()}, piece["id"]


def test_a_command_takes_what_is_missing_once_it_names_the_targets(project):
    """Those that the claims page tells the reader to name."""
    for product in sources.products(read_yaml("workflow/claims.yaml")):
        if str(product) not in SHORT:
            named = taken(project, "claims", *sources.targets(product))
            assert str(product) in named, product


@pytest.fixture
def config():
    return read_yaml("config.yaml")


def test_an_alignment_of_trajectories_is_of_the_study_that_is_aligned(config):
    config["alignment"]["study"] = "odd_limit"
    project = load(config)
    assert selection.study_of(Source("alignment", "trajectories"), project) == "odd_limit"
    assert selection.study_of(Source("contraction", "trajectories"), project) == "trajectories"
    assert taken(project, "alignment") == ALWAYS | SHORT | {"alignment/trajectories"}


@pytest.mark.parametrize(
    ("targets", "measured"),
    [
        (["timing", "cost"], {"timing", "cost"}),
        (["timing"], {"timing", "cost_short"}),
        (["claims", "cost"], {"timing_short", "cost"}),
    ],
)
def test_a_short_measurement_stands_in_for_one_that_no_target_makes(targets, measured, project):
    assert taken(project, *targets) == ALWAYS | measured


@pytest.mark.parametrize(
    "target",
    [
        "everything",
        "findings",
        "README.md",
        "docs/findings.md",
        "docs/details.md",
        "docs/claims.md",
        "docs/cited.md",
        "docs/sizes.md",
        "docs/speed.md",
        "collect_numbers",
        "docs/numbers.json",
    ],
)
def test_some_targets_need_everything(target, project):
    listed = sources.products(read_yaml("workflow/claims.yaml"))
    assert len(listed) == 23
    assert taken(project, target) == set(map(str, listed)) - SHORT


def test_the_configuration_says_what_is_taken(config):
    config["default_studies"].append("landscape")
    landscape = {"summaries/landscape", "contraction/landscape"}
    assert taken(load(config)) == ALWAYS | SHORT | landscape
    config["default_studies"] = ["gradients"]
    of_role = {name for name in ALWAYS if name.endswith(("data", "replay", "seeds"))}
    assert taken(load(config)) == of_role | SHORT | {"summaries/gradients"}
    everything = taken(load(config), "everything")
    # Of a network without a fixed point no contraction is measured.
    config["studies"]["landscape"] |= {
        "engine": "reference",
        "solver": {"name": "explicit", "applications": 2},
        "gradient": {"name": "unrolled"},
    }
    del config["studies"]["landscape"]["block_size"]
    config["studies"]["landscape"]["seeds"] = [0]
    del config["studies"]["updates"]
    config["catalogue"]["studies"] = ["seeds"]
    assert everything - taken(load(config), "everything") == {
        "contraction/landscape",
        "sharpness_by_entry/updates",
        *UPDATES,
    }


def test_runs_of_other_points_or_another_network_have_no_place_among_the_minima(config):
    for changes in ({"dataset": "printed"}, {"dataset": "report", "latent_dim": 5}):
        config["studies"]["updates"] |= changes
        found = taken(load(config), "updates", "catalogue")
        assert found == ALWAYS | SHORT | UPDATES | {"catalogue"}
    config["catalogue"]["studies"] = ["printed"]
    assert "catalogue" not in taken(load(config), "catalogue")


def test_the_targets_are_those_of_the_workflow():
    files = [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")]
    text = "".join(file.read_text() for file in files)
    own = {kind.target for kind in sources.KINDS.values()} - {None}
    pages = {f"docs/{name}.md" for name in names.PAGES}
    assert 'update([f"docs/{name}.md" for name in names.PAGES])' in text
    for target in (own | selection.WHOLE) - pages:
        # A rule, a file of one, or a row of the table of figures, of which each has a rule.
        told = rf'^rule {target}:|update\("{re.escape(target)}"\)|^    "{target}": {{$'
        assert re.search(told, text, re.MULTILINE), target


def test_rules_that_go_by_the_targets_run_where_these_are_known():
    """A job that is submitted to a cluster has itself as target, and would take less."""
    texts = (file.read_text() for file in ROOT.glob("workflow/rules/*.smk"))
    rules = [rule for text in texts for rule in f"\n{text}".split("\nrule ")[1:]]
    by_targets = {rule.split(":")[0]: rule for rule in rules if re.search(r"\btaken(_of)?\b", rule)}
    assert {"claims", "table1"} <= set(by_targets)
    assert [name for name, rule in by_targets.items() if "localrule: True" not in rule] == []


def test_tables_are_read_by_the_kind_of_their_product(tmp_path):
    """Of one run per batch size there are cells too, and the replay lies beside the lowest loss of
    each study.
    """
    files = {}
    for name, seeds in (("summaries/replay", 1), ("summaries/many", 3), ("summaries/splits", 1)):
        files[name] = [tmp_path / f"{name.replace('/', '_')}.parquet"]
        runs = summary(seeds).assign(training_seconds=1.0, epoch_of_lowest_loss=3000)
        if name == "summaries/splits":
            # One seed, twice.
            runs = pd.concat([runs, runs])
        parquet.write(files[name][0], pa.Table.from_pandas(runs, preserve_index=False))
    files["data"] = [tmp_path / "data.parquet"]
    parquet.write(files["data"][0], pa.table({"x": [1.0]}))
    found = tables.read(files)
    expected = [*files, "published", "cells/replay"]
    expected += [f"above_lowest/{study}" for study in ("replay", "many", "splits")]
    assert set(map(str, found)) == set(expected)
    above = found[Source("above_lowest", "many")]
    assert set(above["seed"]) == set(found[Source("summaries", "replay")]["seed"])
    both = (found[Source("summaries", name)]["exact_best_loss"] for name in ("replay", "many"))
    lowest = min(map(min, both))
    ratios = above["exact_best_loss"] / lowest
    assert (10 ** above["decades_above_lowest"]).tolist() == pytest.approx(ratios.tolist())
