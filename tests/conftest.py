"""What several tests use: the report's settings, its data, and a small copy of the project."""

import os
import sys

# Before NumPy is imported: BLAS threads that wait for a busy core take its time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Hundreds of jobs import the library: where no bytecode is kept, each would compile it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import copy
import functools
import gc
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from filelock import FileLock

from jfb.config import datasets
from jfb.config.choices import Engine, Stream
from jfb.config.project import load
from jfb.model import numerics, targets
from jfb.records import runlog
from jfb.storage import declared
from jfb.storage.code import digest, files
from jfb.streams import splits
from jfb.streams.noise import noise
from warm import Warm

# Tests import from it what their plugin has, too.
pytest.register_assert_rewrite("explored")

# Read when Python started, before it was taken from the environment.
sys.dont_write_bytecode = False
# MKL reads its mode at its first call in the process.
numerics.pin()

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
# Copies of the project take what any of them has compiled.
COMPILED = ROOT / "workflow/scripts/jfb/engines/fused/__pycache__"
os.environ.setdefault("NUMBA_CACHE_DIR", str(COMPILED))
WARM = Warm()


@functools.cache
def _parsed(path):
    return declared.read(ROOT / path)


def read_yaml(path):
    """A file of the project, for the test to change."""
    return copy.deepcopy(_parsed(path))


@functools.cache
def load_project():
    return load(read_yaml("config.yaml"))


FEW_STUDIES = (
    "replay",
    "seeds",
    "trajectories",
    "landscape",
    "updates",
    "splits",
    "gradients",
    "gradients_reference",
    "contraction",
    "odd_limit",
    "printed",
    "trajectories_few",
    "updates_few",
    "splits_few",
    "second_order_full_batch",
)


@pytest.fixture
def config():
    """The configuration with few of its studies, of two seeds: hundreds of tests read it anew."""
    few = read_yaml("config.yaml")
    few["studies"] = {name: few["studies"][name] for name in FEW_STUDIES}
    for study in few["studies"].values():
        if isinstance(study["seeds"], dict):
            study["seeds"]["last"] = study["seeds"]["first"] + 1
    return few


@pytest.fixture(scope="session")
def project():
    return load_project()


@pytest.fixture(scope="session")
def replay(project):
    """The report's runs, by batch size."""
    return {batch_size: run for (batch_size, _), run in project.studies["replay"].runs.items()}


def make_data(dataset: datasets.Dataset):
    drawn = noise(dataset.points, dataset.noise_seed) if dataset.noise_std else None
    return targets.make(dataset, drawn, splits.permutation(dataset.points, dataset.split_seed))


@pytest.fixture
def data(replay):
    return make_data(replay[2400].dataset)


SMALL = {
    "defaults": {"epochs": 6},
    "studies": {
        "small": {"batch_sizes": [64, 32], "seeds": [0], "stream": "per_seed", "epochs": 5},
        "other": {"batch_sizes": [600], "seeds": [3, 1], "dataset": "tiny", "engine": "fused"},
        "many": {
            "batch_sizes": [64, 32],
            "seeds": {"first": 0, "last": 4},
            "block_size": 3,
            "engine": "fused",
        },
        "equal": {
            "batch_sizes": [64, 32],
            "seeds": [0, 1],
            "updates": 9,
            "block_size": 2,
            "engine": "fused",
        },
        "crossed": {
            "batch_sizes": [64],
            "seeds": [0, 1],
            "factors": {
                "gradient": {
                    "jfb": {"gradient": {"name": "jfb"}},
                    "explicit_2": {
                        "solver": {"name": "explicit", "applications": 2},
                        "gradient": {"name": "unrolled"},
                    },
                },
                "contraction": {
                    "off": {"contraction": {"name": "none"}},
                    "0.5": {"contraction": {"name": "projection", "bound": 0.5}},
                },
            },
        },
        "crossed_many": {
            "batch_sizes": [64, 32],
            "seeds": {"first": 0, "last": 2},
            "block_size": 2,
            "engine": "fused",
            "factors": {
                "gradient": {
                    "jfb": {"gradient": {"name": "jfb"}},
                    "implicit": {"gradient": {"name": "implicit"}},
                }
            },
        },
    },
    "timing": {
        "engines": {
            "dataloader": {"seconds": 0.001, "collectors": ["running", "disabled", "frozen"]},
            "reference": {"seconds": 0.001, "collectors": ["running"]},
            "fused": {"seconds": 0.001, "collectors": ["running"]},
        },
        "stages": [0],
        "repeats": 2,
    },
    "timing_short": {"repeats": 1},
    "catalogue": {
        "studies": ["small"],
        "seeds": 2,
        "starts": 6,
        "widths": [1.0, 2.0],
        "hops": 2,
        "steps": 30,
    },
    "default_studies": ["small", "other"],
    "replay": "small",
    "distribution": "other",
    "trajectories": "other",
    "alignment": {"study": "small", "tolerances": [1e-3, 1e-5]},
    "cost": {
        "batch_size": 50,
        "gradients": {"jfb": {"name": "jfb"}, "unrolled": {"name": "unrolled"}},
        "latent_dim": 3,
        "iterations": [1, 5],
        "latent_dims": [3, 8],
        "iterations_at_latent_dims": 4,
        "repeats": 1,
    },
    "cost_short": {"iterations": [5]},
}


#: Summaries of its studies with factors.
CROSSED = [f"results/summaries/{study}.parquet" for study in ("crossed", "crossed_many")]


class Workspace:
    """A copy of the workflow with a small configuration, to run and to edit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Another process may be about to rename what it compiles.
        compiled = shutil.ignore_patterns("fused-*", "streams-*", "*.pyc.*")
        shutil.copytree(ROOT / "workflow", path / "workflow", ignore=compiled)
        for name in ("Snakefile", "environment.yml", "profiles"):
            shutil.copy(ROOT / name, path, follow_symlinks=False)
        small = copy.deepcopy(SMALL)
        defaults = read_yaml("config.yaml")["defaults"] | small.pop("defaults")
        self.config = read_yaml("config.yaml") | small | {"defaults": defaults}
        self.config["datasets"]["report"] |= {"points": 200}
        self.config["datasets"]["tiny"] = self.config["datasets"]["report"] | {"points": 1000}
        self.save()

    @classmethod
    def again(cls, made: Path, path: Path) -> "Workspace":
        """A copy of a workspace with all that was made in it."""
        workspace = cls.__new__(cls)
        workspace.path = Path(shutil.copytree(made, path))
        workspace.config = declared.read(workspace.path / "config.yaml")
        return workspace

    def save(self) -> None:
        (self.path / "config.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False))

    def snakemake(self, *arguments, cores=2, check=True) -> str:
        output = self._carry_out(["--cores", str(cores), *arguments])
        if check:
            assert self.status == 0, output
        return output

    def _carry_out(self, arguments, jobs=None) -> str:
        with tempfile.NamedTemporaryFile("r") as told:
            self.status = WARM.snakemake(arguments, self.path, Path(told.name), jobs)
            return told.read()

    def planned(self, *arguments) -> set[str]:
        """The messages of the jobs of a dry run."""
        # The plain logger, which names each job; the triggers are the profile's all the same.
        triggers = read_yaml("workflow/profiles/default/config.yaml")["rerun-triggers"]
        output = self.snakemake(
            "--dry-run", "--rerun-triggers", *triggers, "--workflow-profile", "none", *arguments
        )
        # Shown by pytest where a test fails: the reason of each job.
        print(output)
        lines = output.splitlines()
        return {line.split(": ", 1)[1] for line in lines if re.match(r"Job \d+: ", line)}

    def plan(self, *targets) -> "Plan":
        """All jobs behind some targets, whether or not they are to be run."""
        with tempfile.NamedTemporaryFile("r") as jobs:
            output = self._carry_out(["--cores", "2", "--dry-run", *targets], Path(jobs.name))
            assert self.status == 0, output
            return Plan(json.load(jobs), self.path)

    def edit(self, file: str, line: str = "EDITED = True") -> None:
        """Append a line, of code unless told otherwise, to a file of the workflow."""
        path = self.path / "workflow" / file
        path.write_text(f"{path.read_text()}{line}\n")


class Plan:
    """The jobs of a dry run, and what follows from what: many answers from one run."""

    def __init__(self, jobs: list[dict], folder: Path) -> None:
        self._jobs = jobs
        self._read = files_by_digest(folder)
        self._makers = {file: job for job in jobs for file in job["output"]}

    def after(self, file: str) -> set[str]:
        """The messages of the jobs that read a file or run it, and of all that follow from them."""
        reached: list[dict] = []
        changed = {file}
        while found := [
            job
            for job in self._jobs
            if job not in reached and changed & {*job["input"], *self._read.get(job["code"], ())}
        ]:
            reached += found
            changed.update(*(job["output"] for job in found))
        return _messages(reached)

    def threads(self, message: str) -> int:
        """The threads of a job."""
        (found,) = (job["threads"] for job in self._jobs if job["message"] == message)
        return found

    def before(self, target: str) -> set[str]:
        """The messages of the jobs that a target, a file or a rule, needs."""
        wanted = [job for job in self._jobs if target in (job["rule"], *job["output"])]
        reached: list[dict] = []
        while wanted:
            job = wanted.pop()
            if job not in reached:
                reached.append(job)
                wanted += [self._makers[file] for file in job["input"] if file in self._makers]
        return _messages(reached)


def files_by_digest(folder: Path) -> dict[str, set[str]]:
    """The files of a workflow behind each digest that one of its rules can have as its code."""
    scripts = folder / "workflow/scripts"
    figures = sorted((scripts / "jfb/output/figures").glob("*.py"))
    engines = [engine.module for engine in Engine.all().values()]
    timed = [Engine.all()[name].module for name in SMALL["timing"]["engines"]]
    streams = [f"jfb.streams.{stream}" for stream in Stream.all()]
    opened = {
        "draw.py": [(f"jfb.output.figures.{path.stem}",) for path in figures],
        "train.py": list(itertools.product(engines, streams)),
        "train_block.py": list(itertools.product(engines, streams)),
        "measure_timing.py": [(*timed, stream) for stream in streams],
    }
    return {
        digest(script, *modules): {
            str(file.relative_to(folder)) for file in files(script, *modules)
        }
        for script in scripts.glob("*.py")
        for modules in opened.get(script.name, [()])
    }


def _messages(jobs: list[dict]) -> set[str]:
    """Those of jobs that make something."""
    return {job["message"] for job in jobs if job["output"]}


def made_once(tmp_path_factory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first process of this test session to ask for it makes, for all of them.

    It is not to be changed: tests that change it copy it (`Workspace.again`).
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    made = folder / name
    with FileLock(f"{made}.lock"):
        if not made.exists():
            # Of a failed try nothing is taken for the whole.
            shutil.rmtree(folder / f"{name}.part", ignore_errors=True)
            part = folder / f"{name}.part"
            part.mkdir()
            make(part)
            part.rename(made)
    return made


def of_the_reports_stream(path: Path) -> Workspace:
    """A workspace whose study `small` draws as the report does.

    Its catalogue is of a study with logs, and of one in blocks.
    """
    workspace = Workspace(path)
    workspace.config["studies"]["small"]["stream"] = "report"
    workspace.config["catalogue"]["studies"] = ["small", "many"]
    workspace.save()
    return workspace


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A small study with all its products, four jobs at a time: seventy jobs."""

    def make(path):
        of_the_reports_stream(path).snakemake(
            "everything", "results/figures/ecdf_many.png", cores=4
        )

    return made_once(tmp_path_factory, "everything", make)


@pytest.fixture(scope="session")
def built(made, tmp_path_factory):
    """Everything, and then the default target and the studies that are trained."""

    def make(path):
        workspace = Workspace.again(made, path / "workspace")
        workspace.snakemake("all", "many", *CROSSED)

    return made_once(tmp_path_factory, "built", make) / "workspace"


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """Two studies, made without a fault, for the tests of faults to compare with."""
    return made_once(
        tmp_path_factory, "undisturbed", lambda path: Workspace(path).snakemake("small", "other")
    )


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def can_mount() -> bool:
    """Whether file systems can be mounted: not without root, nor in most containers."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True)
        if mounted.returncode == 0:
            unmount(folder)
        return mounted.returncode == 0


def unmount(folder) -> None:
    """Unmount a folder as soon as nothing uses it: a process may outlive the one that failed."""
    while True:
        done = subprocess.run(["umount", folder], capture_output=True, text=True)
        if done.returncode == 0:
            return
        assert "busy" in done.stderr, done.stderr
        time.sleep(0.1)


def assert_same_runs(one: Path, other: Path, study: str) -> int:
    """Two folders of results hold the same study, byte for byte but for times; how many runs."""
    both = one, other
    logs = [
        sorted(p.relative_to(made) for p in made.glob(f"runs/{study}/**/log.parquet"))
        for made in both
    ]
    assert logs[0] == logs[1]
    for log in logs[0]:
        first, second = (runlog.read(made / log).drop_columns("train_seconds") for made in both)
        assert first.equals(second, check_metadata=True), log
        for kind in ("best", "final", "snapshots"):
            file = log.with_name(f"_{kind}.safetensors")
            assert (one / file).read_bytes() == (other / file).read_bytes(), file
    for block in one.glob(f"blocks/{study}/**/*.parquet"):
        tables = (pq.read_table(path) for path in (block, other / block.relative_to(one)))
        first, second = (table.drop_columns("training_seconds") for table in tables)
        assert first.equals(second), block
    summary = Path("summaries", f"{study}.parquet")
    first, second = (
        pq.read_table(made / summary).drop_columns("training_seconds") for made in both
    )
    assert first.equals(second)
    # The first may hold other studies too.
    datasets = [path.relative_to(other) for path in other.glob("data/*.parquet")]
    assert datasets
    for data in datasets:
        assert (one / data).read_bytes() == (other / data).read_bytes(), data
    return len(logs[0])


@pytest.fixture
def fault(record_property):
    """A context per fault: what is in it must hold although the fault occurred."""

    @contextmanager
    def one(kind):
        try:
            yield
        except BaseException:
            record_property("lost", kind)
            raise
        record_property("survived", kind)

    return one


def pytest_terminal_summary(terminalreporter):
    """Faults are counted: how many were tried, survived and lost."""
    counts = {"survived": Counter(), "lost": Counter()}
    for reports in terminalreporter.stats.values():
        for done in reports:
            if getattr(done, "when", None) == "call":
                for outcome, kind in done.user_properties:
                    if outcome in counts:
                        counts[outcome][kind] += 1
    survived, lost = counts.values()
    if not survived and not lost:
        return
    terminalreporter.section("faults")
    for kind in sorted(survived | lost):
        tried = survived[kind] + lost[kind]
        line = f"{kind}: {tried} tried, {survived[kind]} survived, {lost[kind]} lost"
        terminalreporter.write_line(line)
    total = survived.total() + lost.total()
    line = f"all faults: {total} tried, {survived.total()} survived, {lost.total()} lost"
    terminalreporter.write_line(line)


def pytest_collection_finish():
    """A full collection need not walk what the tests import."""
    gc.freeze()
