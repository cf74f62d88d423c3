"""The packages of the library and which imports which: the picture of docs/architecture.md."""

import ast
import functools
import json
import textwrap
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from jfb.output.figures.style import styled

#: Where a package stands: the middle of its box, in columns and rows, and its width in columns.
_PLACES = {
    "config": (0.5, 0, 0.94),
    "storage": (1.69, 0, 1.32),
    "records": (1.0, 1, 1.94),
    "scheduler": (2.19, 1, 0.32),
    "model": (0.4, 2, 0.76),
    "streams": (0.96, 2, 0.32),
    "analysis": (1.63, 2, 0.7),
    "engines": (0.57, 3, 1.1),
    "output": (1.63, 3, 0.7),
    "measure": (0.57, 4, 1.1),
}
_HEIGHT = 0.7
_COLUMNS = 2.38
_WIDTH, _ROW = 3.75 * _COLUMNS, 1.15
#: Characters of small print in a column.
_CHARACTERS = 74


class Library(NamedTuple):
    """`modules` of each package, and `imports`: the packages that each imports, itself left out."""

    modules: dict[str, list[str]]
    imports: dict[str, list[str]]


def read(folder: str | Path) -> Library:
    """The packages in a folder as their files and import statements have them."""
    modules, imports = {}, {}
    for package in sorted(path.parent for path in Path(folder).glob("*/__init__.py")):
        files = sorted(path for path in package.rglob("*.py") if path.name != "__init__.py")
        modules[package.name] = list(dict.fromkeys(_called(path, package) for path in files))
        found = {name for path in files for name in _imported(path.read_text("utf-8"))}
        imports[package.name] = sorted(found - {package.name})
    return Library(modules, imports)


def _called(path: Path, package: Path) -> str:
    """A module by its name, those of a folder within the package by that of the folder."""
    first, *rest = path.relative_to(package).with_suffix("").parts
    return f"{first}/" if rest else first


@functools.cache
def _imported(text: str) -> frozenset[str]:
    """The packages of the library that the code of a module imports from."""
    nodes = ast.walk(ast.parse(text))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return frozenset(name.split(".")[1] for name in names if name.startswith("jfb."))


def direct(imports: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Pairs of a package and one that it imports, but for those that it reaches by others too."""

    def reached(package: str) -> set[str]:
        return set(imports[package]).union(*map(reached, imports[package]))

    return [
        (package, below)
        for package in imports
        for below in imports[package]
        if not any(below in reached(other) for other in imports[package])
    ]


def described(library: Library) -> str:
    """The packages and their imports as one line of JSON, which the picture carries."""
    return json.dumps(library._asdict(), sort_keys=True)


@styled
def packages(library: Library) -> Figure:
    """A box per package with its modules; an arrow from each to those that it stands on.

    Args:
        library: see `read`; its imports have no circle.
    """
    figure = Figure(figsize=(_WIDTH, _ROW * 5), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, _COLUMNS), ylim=(-0.45, 4.45))
    axes.axis("off")
    for package, below in direct(library.imports):
        _arrow(axes, package, below)
    for package, modules in library.modules.items():
        _box(axes, package, modules)
    return figure


def _box(axes: Axes, package: str, modules: list[str]) -> None:
    x, y, width = _PLACES[package]
    corner = x - width / 2, y - _HEIGHT / 2
    style = {"boxstyle": "round,pad=0,rounding_size=0.04", "mutation_aspect": 0.4}
    axes.add_patch(FancyBboxPatch(corner, width, _HEIGHT, fc="#eef3f8", ec="0.35", lw=0.8, **style))
    axes.text(x, y + _HEIGHT / 2 - 0.06, package, ha="center", va="top", weight="bold", size=9)
    lines = textwrap.fill(", ".join(modules), int(_CHARACTERS * width), break_long_words=False)
    axes.text(x, y + _HEIGHT / 2 - 0.22, lines, ha="center", va="top", size=6, color="0.25")


def _arrow(axes: Axes, package: str, below: str) -> None:
    (x, y, width), (other, row, other_width) = _PLACES[package], _PLACES[below]
    # Straight down, in the middle of the narrower box.
    at = x if width < other_width else other
    arrow = {"arrowstyle": "-|>", "color": "0.35", "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
    start, end = (at, y - _HEIGHT / 2), (at, row + _HEIGHT / 2)
    axes.annotate("", xy=end, xytext=start, arrowprops=arrow)
