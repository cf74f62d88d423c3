"""The import rule of the library: which package reads which, and where the heavy libraries are."""

import ast
from pathlib import Path

import pytest

from conftest import ROOT

LIBRARY = ROOT / "workflow/scripts/jfb"
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path.name != "__init__.py")
#: Of each package, those that it may import besides itself.
ALLOWED = {
    "config": set(),
    "storage": set(),
    "records": {"config", "storage"},
    "model": {"config", "storage", "records"},
    "streams": {"config", "storage", "records"},
    "engines": {"config", "storage", "records", "model", "streams"},
    "measure": {"config", "storage", "records", "model", "streams", "engines"},
    "analysis": {"config", "storage", "records"},
    "output": {"config", "storage", "records", "analysis"},
    "scheduler": {"storage"},
}
#: By library, the folders that may import it; snakemake has none.
ROOMS = {
    "snakemake": (),
    "torch": ("model", "streams/noise.py", "engines", "measure"),
    "pandas": ("measure", "analysis", "output", "storage/documents.py"),
    "numba": ("engines/fused", "streams/orders.py", "storage/machine_code.py"),
    "llvmlite": ("engines/fused", "streams/orders.py"),
    "seaborn": ("output/figures",),
    "matplotlib": ("output/figures",),
    "statsmodels": ("analysis",),
    "jinja2": ("output",),
    "rocrate": ("output",),
    "markdown_it": ("output",),
    "sklearn": ("model/digits.py", "model/parts.py"),
    "skimage": ("model/camera.py",),
    "jsonschema": (),
    "pydantic": ("config/document.py", "config/data_document.py", "config/validation.py"),
    "pydantic_core": ("config/document.py",),
}
LONGEST = 300


def imported(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, by its dotted name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def place(path: Path) -> str:
    return path.relative_to(LIBRARY).as_posix()


def test_the_library_has_its_packages_and_no_others():
    assert {path.parent.name for path in LIBRARY.glob("*/__init__.py")} == set(ALLOWED)
    assert not [path for path in LIBRARY.glob("*.py") if path.name != "__init__.py"]


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_imports_point_one_way(path):
    package = place(path).split("/")[0]
    names = {name.split(".")[1] for name in imported(path) if name.startswith("jfb.")}
    assert names - {package} <= ALLOWED[package]


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_libraries_are_imported_in_their_rooms_only(path):
    roots = {name.split(".")[0] for name in imported(path)}
    for library in roots & ROOMS.keys():
        assert place(path).startswith(ROOMS[library]), library


def test_a_package_is_empty_but_for_its_modules():
    """What a script imports is found by its imports, which count every `__init__.py` above."""
    assert not [path for path in LIBRARY.rglob("__init__.py") if path.read_text()]


def test_no_module_is_longer_than_a_few_screens():
    """The kernel aside, which is one compiled function."""
    lengths = {place(path): len(path.read_text().splitlines()) for path in MODULES}
    kernel = {name for name in lengths if name.startswith("engines/fused/")}
    assert {n: k for n, k in lengths.items() if k > LONGEST and n not in kernel} == {}
