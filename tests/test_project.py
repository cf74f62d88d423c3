"""Files around the workflow: environments, continuous integration, profiles."""

import os
import re
import shutil
import subprocess
import sys

import yaml
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from conftest import ROOT, read_yaml

#: conda-forge calls some packages otherwise than PyPI.
CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}
CONDA_NAMES |= {"snakemake": "snakemake-minimal"}


def pins():
    """The direct requirements of the workflow with their versions."""
    text = (ROOT / "requirements.txt").read_text()
    block = text.split("# The workflow\n")[1].split("\n\n")[0]
    return dict(line.split("==") for line in block.splitlines())


def ranges():
    """What environment.yml allows, by name."""
    lines = [line.split(" ", 1) for line in read_yaml("environment.yml")["dependencies"]]
    return {name: wanted for name, wanted in lines if name != "python"}


def test_the_conda_environment_admits_the_pins():
    allowed = ranges()
    named = {CONDA_NAMES.get(name.lower(), name.lower()): v for name, v in pins().items()}
    assert named.keys() == allowed.keys()
    for name, version in named.items():
        wanted = allowed[name]
        # conda's "=1.2" is PyPI's "==1.2.*".
        fuzzy = re.fullmatch(r"=(\d[\d.]*)", wanted)
        wanted = f"=={fuzzy[1]}.*" if fuzzy else wanted
        assert Version(version) in SpecifierSet(wanted), f"{name} {version}: not {wanted}"


def test_the_conda_environment_asks_for_no_commercial_channel():
    assert read_yaml("environment.yml")["channels"] == ["conda-forge", "bioconda", "nodefaults"]


def test_every_requirement_is_pinned():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    named = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[\w.]+", line) for line in named)
    assert len({line.split("==")[0].lower() for line in named}) == len(named)


def test_github_accepts_the_workflow():
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    subprocess.run([sys.executable, *command, str(ROOT / ".github/workflows/ci.yml")], check=True)


def test_continuous_integration_runs_what_make_has():
    steps = read_yaml(".github/workflows/ci.yml")["jobs"]["test"]["steps"]
    commands = re.findall(r"\bmake ([\w-]+)$", "\n".join(s.get("run", "") for s in steps), re.M)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(commands) <= targets
    assert {"lint", "test", "long", "faults", "report", "check", "check-docs"} <= set(commands)


def test_what_make_test_leaves_out_is_run_by_others():
    def of(target):
        command = ["make", "--dry-run", "--old-file", ".venv/ready", target]
        # Without what a `make test` around this one tells it.
        own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        told = subprocess.check_output(command, cwd=ROOT, env=own, text=True)
        return told.partition("-m pytest ")[2].splitlines()[0].split()

    test, long, faults = map(of, ("test", "long", "faults"))
    assert " ".join(test).replace('"not long"', "long") == " ".join(long)
    assert "--ignore" in test
    assert {f"tests/{part}" for part in ("faults", "slurm")} == {p for p in test if "tests/" in p}
    assert {p for p in test if "tests/" in p} <= set(faults)


def test_clean_and_distclean(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for file in ("results/README.md", "results/a/b", ".snakemake/c", ".venv/ready", "config.yaml"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()

    def left(target):
        subprocess.run(["make", "-C", tmp_path, target], check=True, capture_output=True)
        return {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}

    kept = {"Makefile", "results/README.md", "config.yaml"}
    assert left("clean") == kept | {".venv/ready"}
    assert left("distclean") == kept


def test_the_profile_is_taken(workspace):
    profile = yaml.safe_load((ROOT / "workflow/profiles/default/config.yaml").read_text())
    assert profile["rerun-incomplete"]
    assert profile["keep-going"]
    output = workspace.snakemake("--dry-run")
    assert "Using workflow specific profile profiles/default" in output
