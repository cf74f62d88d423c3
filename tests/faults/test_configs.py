"""Wrong and hostile configurations end in one line that names the key, before anything is made."""

import random
import re
import signal
from contextlib import chdir, contextmanager

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mutations
from conftest import ROOT, Workspace, read_yaml
from jfb.config.errors import ConfigError
from jfb.config.project import Project, load
from jfb.config.text import check_text

EACH = 1000
THROUGH_SNAKEMAKE = 40
#: Many times what any takes: a loader that hangs is ended.
SECONDS = 600


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Workspace(tmp_path_factory.mktemp("small")).config


@contextmanager
def in_time():
    class Hangs(BaseException):
        """No `except` on the way takes it for something else."""

    def stop(number, frame):
        raise Hangs(f"not loaded after {SECONDS} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def loaded(text, path):
    """Load a text as the workflow does; the project, or the one line that refuses it."""
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        with in_time(), chdir(path.parent):
            check_text(path.name)
            # As Snakemake loads it after that.
            config = yaml.load(path.read_text(encoding="utf-8"), yaml.FullLoader)
            return load(config)
    except ConfigError as error:
        return str(error)


def assert_clear(found):
    assert isinstance(found, Project) or re.fullmatch(r"[^\n]+: [^\n]+", found), found


MANY = settings(
    max_examples=EACH,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_mistakes_in_the_structure(small, tmp_path, fault):
    outcomes = []

    @MANY
    @given(st.randoms(use_true_random=False))
    def one(rng):
        with fault("configuration mutated, in process"):
            text = mutations.written(mutations.mutated(small, rng))
            found = loaded(text, tmp_path / "config.yaml")
            assert_clear(found)
            outcomes.append(isinstance(found, Project))

    one()
    print(f"{len(outcomes)} configurations, {sum(outcomes)} of them accepted")
    assert len(outcomes) >= EACH
    assert 0 < sum(outcomes) < len(outcomes) / 2


def test_mistakes_in_the_text(small, tmp_path, fault):
    outcomes = []
    text = mutations.written(small)

    @MANY
    @given(st.randoms(use_true_random=False))
    def one(rng):
        with fault("configuration mutated, in process"):
            found = loaded(mutations.spoilt(text, rng), tmp_path / "config.yaml")
            assert_clear(found)
            outcomes.append(isinstance(found, Project))

    one()
    print(f"{len(outcomes)} configurations, {sum(outcomes)} of them accepted")
    assert len(outcomes) >= EACH
    assert 0 < sum(outcomes) < len(outcomes)


@pytest.mark.parametrize("number", range(THROUGH_SNAKEMAKE))
def test_mistakes_through_snakemake(number, workspace, fault):
    rng = random.Random(number)
    with fault("configuration mutated, through snakemake -n"):
        if number % 2:
            text = mutations.written(mutations.mutated(workspace.config, rng))
        else:
            text = mutations.spoilt(mutations.written(workspace.config), rng)
        found = loaded(text, workspace.path / "config.yaml")
        output = workspace.snakemake("--dry-run", check=False)
        assert "Traceback" not in output
        if isinstance(found, Project):
            assert workspace.status == 0, output
        else:
            assert workspace.status != 0
            assert f"Error in the configuration: {found}" in output.splitlines()
        assert not (workspace.path / "results").exists()


def timed(seconds):
    """The key `timing` with these seconds, as YAML writes them."""
    engines = f"{{fused: {{seconds: {seconds}, collectors: [running]}}}}"
    return f"timing: {{engines: {engines}, stages: [0], repeats: 1}}"


#: What a file says, below its other keys or in place of one, and what the refusal names.
HOSTILE = {
    "path upwards": (
        "studies: {../../up: {batch_sizes: [8], seeds: [0]}}",
        ["studies", "../../up"],
    ),
    "absolute path": ("default_studies: [/etc/passwd]", ["default_studies", "/etc/passwd"]),
    "dataset upwards": ("datasets: {../x: {}}", ["datasets", "../x"]),
    "shell, as a name": ("studies: {'a; touch broken': {}}", ["studies", "a; touch broken"]),
    "shell, as a value": ("replay: $(touch broken)", ["replay", "$(touch broken)"]),
    "backticks": (
        "alignment: {study: '`touch broken`', tolerances: [1.0e-5]}",
        ["alignment.study", "`touch broken`"],
    ),
    "wildcard": ("replay: '{study}'", ["replay", "{study}"]),
    "long name": (f"studies: {{{'a' * 1000}: {{}}}}", ["studies", "lower-case"]),
    "new line in a name": ('studies: {"a\\nb": {}}', ["studies", "lower-case"]),
    "tag that builds an object": (
        "replay: !!python/object/apply:os.system [touch broken]",
        ["replay"],
    ),
    "tag that names a function": ("replay: !!python/name:os.system", ["replay", "os.system"]),
    "tag that builds a tuple": ("default_studies: !!python/tuple [small]", ["default_studies"]),
    "code for Snakemake": (
        "__use_yte__: true\n?__import__('os').system('touch broken'): 1",
        ["__use_yte__", "no code"],
    ),
    "key twice": ("replay: small\nreplay: other", ["replay", "twice"]),
    "NaN": (timed(".nan"), ["timing", "nan"]),
    "infinity": (timed(".inf"), ["timing", "inf"]),
    "1e400": (timed("1e400"), ["fused", "1e400"]),
    "1.0e+400": (timed("1.0e+400"), ["fused", "inf"]),
    "number as text": (timed("'5'"), ["fused", "'5'"]),
    "number too long": (f"replay: {'9' * 5000}", ["replay", "digits"]),
    "deep nesting": (f"replay: {'[' * 50}{']' * 50}", ["replay", "nested"]),
    "nesting too deep to be read": (
        f"replay: {'[' * 5000}{']' * 5000}",
        ["config.yaml", "nested"],
    ),
    "recursive": ("replay: &a [*a]", ["replay", "nested"]),
    "new line in a key": ('"a\\nb": 1', ["a\\nb", "unknown key"]),
    "terminal codes in a key": ('"\\e[2Jx": .nan', ["x1b[2Jx", "finite"]),
    "date": ("replay: 2024-02-29", ["replay", "timestamp"]),
    "bytes": ("replay: !!binary aGVsbG8=", ["replay", "binary"]),
    "no mapping": (None, ["config.yaml", "mapping"]),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_values(what, workspace, fault):
    with fault("hostile configuration"):
        added, named = HOSTILE[what]
        if added is None:
            text = "just text"
        else:
            key = added.split(":")[0]
            rest = {k: v for k, v in workspace.config.items() if k != key}
            text = f"{mutations.written(rest)}{added}\n"
        found = loaded(text, workspace.path / "config.yaml")
        assert isinstance(found, str)
        output = workspace.snakemake("--dry-run", check=False)
        assert workspace.status != 0
        assert "Traceback" not in output
        (line,) = (line for line in output.splitlines() if line.startswith("Error in the conf"))
        for part in named:
            assert part in line
        assert not list(workspace.path.rglob("broken"))


def test_aliases_that_multiply(small, tmp_path, fault):
    """Ten levels of ten are ten thousand million values."""
    with fault("hostile configuration"):
        lines = ["a0: &a0 [1]"] + [
            f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 11)
        ]
        text = mutations.written(small) + "\n".join(lines) + "\n"
        found = loaded(text, tmp_path / "config.yaml")
        assert "must hold at most" in found


def test_factors_that_multiply(small, tmp_path, fault):
    with fault("hostile configuration"):
        adam = small["defaults"]["optimiser"]
        picard = small["defaults"]["solver"]
        values = {
            "epochs": lambda k: k + 1,
            "latent_dim": lambda k: k + 1,
            "solver": lambda k: picard | {"max_iterations": k + 1},
            "optimiser": lambda k: adam | {"learning_rate": 0.001 * (k + 1)},
        }
        factors = {
            key + "_": {f"l{k}": {key: value(k)} for k in range(40)}
            for key, value in values.items()
        }
        config = small | {
            "studies": small["studies"]
            | {
                "huge": {
                    "batch_sizes": [8],
                    "seeds": [0],
                    "factors": factors,
                }
            }
        }
        found = loaded(mutations.written(config), tmp_path / "config.yaml")
        assert "studies.huge.seeds" in found
        assert "runs" in found


def test_no_file(workspace, fault):
    with fault("no configuration"):
        (workspace.path / "config.yaml").unlink()
        output = workspace.snakemake("--dry-run", check=False)
        assert workspace.status != 0
        assert "Traceback" not in output
        assert "config.yaml" in output


def test_no_rule_has_a_command_of_the_shell():
    """So that none can be built of what a configuration says."""
    files = [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")]
    assert len(files) > 10
    for file in files:
        assert not re.search(r"^\s*(shell|run|cwl|wrapper):", file.read_text(), re.MULTILINE)


def test_the_committed_configuration_is_accepted(tmp_path):
    text = mutations.written(read_yaml("config.yaml"))
    assert isinstance(loaded(text, tmp_path / "config.yaml"), Project)
