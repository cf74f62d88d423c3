"""Archives of results: what is in them, and what is found where results differ."""

import json
import shutil
import subprocess
import zipfile

import pandas as pd
import pytest

from conftest import ROOT
from jfb.output import archive
from jfb.storage import files

ORIGIN = {"settings_sha256": "a" * 64, "commit": "b" * 40, "versions": {"python": "3.11"}}
MACHINE = {"processor": "a processor", "cores": 2}


@pytest.fixture
def clone(tmp_path):
    root = tmp_path / "clone"
    for name, text in (
        ("Snakefile", "rule all:\n"),
        ("config.yaml", "epochs: 3\n"),
        ("LICENSE", "MIT\n"),
        ("workflow/rules/a.smk", "rule a:\n"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    results = root / "results"
    for folder in ("summaries", "runs/a/seed=0", "figures", ".hidden"):
        (results / folder).mkdir(parents=True)
    table = pd.DataFrame({"lowest_loss": [0.1, 0.2], "training_seconds": [1.0, 2.0]})
    table.to_parquet(results / "summaries/a.parquet")
    table.to_parquet(results / "runs/a/seed=0/log.parquet")
    pd.DataFrame({"measure": ["psnr", "seconds_at"], "estimate": [20.0, 1.0]}).to_csv(
        results / "further.csv", index=False
    )
    pd.DataFrame({"engine": ["fused"], "median": [1.0]}).to_csv(results / "timing.csv", index=False)
    (results / "figures/a.png").write_bytes(b"PNG")
    (results / ".hidden/x").write_text("x")
    return root


def written(root, with_runs=False):
    results = archive.results_of(root / "results", with_runs)
    code = [root / name for name in ("Snakefile", "config.yaml", "LICENSE", "workflow/rules/a.smk")]
    target = root / "results/archive.zip"
    count = archive.write(target, root, code, results, ORIGIN, MACHINE)
    return target, count


def unpacked(target, folder):
    with zipfile.ZipFile(target) as opened:
        opened.extractall(folder)
    return folder


def test_what_an_archive_has(clone, tmp_path):
    target, count = written(clone)
    folder = unpacked(target, tmp_path / "open")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    results = {"results/summaries/a.parquet", "results/further.csv", "results/timing.csv"}
    results |= {"results/figures/a.png"}
    code = {"Snakefile", "config.yaml", "LICENSE", "workflow/rules/a.smk"}
    assert found == results | code | {"ro-crate-metadata.json"}
    assert count == len(found) - 1
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    by_id = {entity["@id"]: entity for entity in graph}
    root, action = by_id["./"], by_id["#run"]
    assert root["mainEntity"] == {"@id": "Snakefile"}
    assert {"@id": "https://w3id.org/ro/wfrun/workflow/0.5"} in root["conformsTo"]
    assert action["@type"] == "CreateAction"
    assert action["instrument"] == {"@id": "Snakefile"}
    assert {entity["@id"] for entity in action["result"]} == results
    assert json.loads(action["description"])["versions_there"] == {"python": "3.11"}
    assert by_id["results/further.csv"]["encodingFormat"] == "text/csv"
    text = json.dumps(graph)
    assert str(tmp_path) not in text
    with_runs = unpacked(written(clone, with_runs=True)[0], tmp_path / "more")
    assert (with_runs / "results/runs/a/seed=0/log.parquet").exists()
    assert archive.damaged(with_runs) == []


def test_a_file_that_was_changed_is_named(clone, tmp_path):
    folder = unpacked(written(clone)[0], tmp_path / "open")
    assert archive.damaged(folder) == []
    (folder / "config.yaml").write_text("epochs: 4\n")
    (folder / "results/further.csv").unlink()
    (folder / "more.txt").write_text("more")
    assert archive.damaged(folder) == ["config.yaml", "more.txt", "results/further.csv"]
    (folder / "ro-crate-metadata.json").write_text("{}")
    with pytest.raises(files.FileFault, match="no metadata of an archive"):
        archive.damaged(folder)


def test_tables_are_compared_times_aside(clone, tmp_path):
    folder = unpacked(written(clone)[0], tmp_path / "open") / "results"
    fresh = clone / "results"
    compared, apart = archive.differing(folder, fresh)
    assert (set(compared), apart) == ({"summaries/a.parquet", "further.csv"}, [])
    slower = pd.DataFrame({"lowest_loss": [0.1, 0.2], "training_seconds": [9.0, 9.0]})
    slower.to_parquet(fresh / "summaries/a.parquet")
    pd.DataFrame({"measure": ["psnr", "seconds_at"], "estimate": [20.0, 7.0]}).to_csv(
        fresh / "further.csv", index=False
    )
    assert archive.differing(folder, fresh)[1] == []
    slower.assign(lowest_loss=[0.1, 0.3]).to_parquet(fresh / "summaries/a.parquet")
    assert archive.differing(folder, fresh)[1] == ["summaries/a.parquet"]
    slower.head(1).to_parquet(fresh / "summaries/a.parquet")
    assert archive.differing(folder, fresh)[1] == ["summaries/a.parquet"]
    (fresh / "summaries/a.parquet").unlink()
    assert archive.differing(folder, fresh)[1] == ["summaries/a.parquet"]
    (fresh / "summaries/a.parquet").write_bytes(b"damaged")
    with pytest.raises(files.FileFault, match="no table"):
        archive.differing(folder, fresh)


def git(root, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    command = ["git", "-C", root, *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_an_archive_of_a_clone_has_what_git_tracks_and_passes_its_check(clone, monkeypatch):
    monkeypatch.chdir(clone)
    shutil.copy(ROOT / "config.yaml", clone)
    target = clone / "results/archive.zip"
    with pytest.raises(files.FileFault, match="clone: git status"):
        archive.of_clone(target, clone, False, MACHINE)
    git(clone, "init")
    (clone / ".gitignore").write_text("results\n*.log\n")
    (clone / "a.log").write_text("not tracked")
    git(clone, "add", ".")
    git(clone, "commit", "-m", "all")
    commit = git(clone, "rev-parse", "HEAD")
    for told in (commit, f"{commit}-dirty"):
        # Four results that are small, and five files with the one that says what is left out.
        assert archive.of_clone(target, clone, False, MACHINE) == 4 + 5
        with zipfile.ZipFile(target) as opened:
            graph = json.loads(opened.read("ro-crate-metadata.json"))["@graph"]
            assert {".gitignore", "workflow/rules/a.smk"} < set(opened.namelist())
            assert "a.log" not in opened.namelist()
        (main,) = (entity for entity in graph if entity["@id"] == "Snakefile")
        assert main["version"] == told
        (clone / "LICENSE").write_text("another\n")
    found = archive.check(target, clone / "results")
    assert found.is_passed
    assert set(found.compared) == {"summaries/a.parquet", "further.csv"}
    (clone / "results/further.csv").unlink()
    found = archive.check(target, clone / "results")
    assert (found.damaged, found.differing, found.is_passed) == ([], ["further.csv"], False)
    assert not archive.Check([], [], []).is_passed
    assert not archive.Check(["LICENSE"], ["further.csv"], []).is_passed
