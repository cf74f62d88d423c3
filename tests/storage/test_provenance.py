"""What figures and tables tell of where they come from, in their metadata."""

import errno
import hashlib
import json
import re
import subprocess

import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from PIL import Image

from conftest import ROOT
from jfb.output.figures import sheet
from jfb.storage import documents, files, parquet, provenance

CONFIG = {"b": 1, "a": {"c": [1.5, "x"]}}


def test_the_settings_are_hashed_whatever_their_order():
    origin = json.loads(provenance.of(CONFIG))
    by_hand = hashlib.sha256(b'{"a":{"c":[1.5,"x"]},"b":1}').hexdigest()
    assert origin["settings_sha256"] == by_hand
    turned = json.loads(provenance.of({"a": CONFIG["a"], "b": 1}))
    assert turned == origin
    assert json.loads(provenance.of(CONFIG | {"b": 2}))["settings_sha256"] != by_hand


def test_libraries_have_their_versions():
    import numpy
    import torch

    versions = json.loads(provenance.of({}))["versions"]
    assert versions["numpy"] == numpy.__version__
    assert versions["torch"] == torch.__version__


def git(*arguments, folder=ROOT):
    done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True)
    return done.stdout.strip()


def test_the_commit_is_that_of_the_repository():
    commit = json.loads(provenance.of({}))["commit"]
    if not git("ls-files", "workflow/scripts/jfb/storage/provenance.py"):
        pytest.skip("the tests do not run in the repository")
    assert commit.removesuffix("-dirty") == git("rev-parse", "HEAD")


def test_a_copy_in_another_repository_has_no_commit(tmp_path, monkeypatch):
    git("init", folder=tmp_path)
    monkeypatch.setattr(provenance, "_HERE", tmp_path / "provenance.py")
    assert json.loads(provenance.of({}))["commit"] is None
    monkeypatch.setattr(provenance, "_HERE", tmp_path.parent / "nowhere/provenance.py")
    assert json.loads(provenance.of({}))["commit"] is None


def test_figures_carry_it_and_do_not_show_it(tmp_path):
    figure = Figure()
    figure.subplots().plot([1, 2])
    origin = provenance.of(CONFIG)
    paths = [tmp_path / f"figure.{ending}" for ending in ("svg", "pdf", "png")]
    sheet.write(figure, paths, origin)
    svg, pdf, png = paths
    (described,) = re.findall(r"<dc:description>(.*)</dc:description>", svg.read_text())
    assert json.loads(described) == json.loads(origin)
    assert Image.open(png).text["Description"] == origin
    escaped = origin.replace("(", r"\(").encode()
    assert b"/Subject (" + escaped in pdf.read_bytes()
    assert not figure.texts


def test_tables_carry_it(tmp_path):
    origin = provenance.of(CONFIG)
    frame = pd.DataFrame({"x": [1.23456789, 2], "y": ["a", "b"]})
    documents.write_csv(tmp_path / "t.csv", frame, origin)
    assert (tmp_path / "t.csv").read_text() == "x,y\n1.23457,a\n2,b\n"
    described = json.loads((tmp_path / "t.csv-metadata.json").read_text())
    assert described["url"] == "t.csv"
    assert [column["name"] for column in described["tableSchema"]["columns"]] == ["x", "y"]
    assert described["notes"] == [json.loads(origin)]
    for ending, start, end in (("md", "<!--", "-->"), ("html", "<!--", "-->"), ("tex", "%", "")):
        path = tmp_path / f"t.{ending}"
        documents.write_text(path, "text\n", origin)
        text, _, comment = path.read_text().strip().rpartition("\n")
        assert text.strip() == "text"
        assert comment.startswith(start)
        assert json.loads(comment.removeprefix(start).removesuffix(end)) == json.loads(origin)
    table = provenance.attach(pa.table({"x": [1]}).replace_schema_metadata({"run": "r"}), CONFIG)
    parquet.write(tmp_path / "t.parquet", table)
    metadata = parquet.read(tmp_path / "t.parquet", table.schema, "a table").schema.metadata
    assert metadata == {b"run": b"r", b"provenance": origin.encode()}


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "No space left on device"), (errno.EDQUOT, "Disk quota exceeded")],
)
def test_what_fails_while_it_is_written_is_not_there(number, reason, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with files.whole(path) as temporary:
            temporary.write_text("new")
            raise OSError(number, "Error writing bytes", str(temporary))

    told = re.escape(f"{path}: could not be written: {reason}")
    with pytest.raises(files.Unwritable, match=told):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"
