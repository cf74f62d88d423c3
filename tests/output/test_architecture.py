"""The picture of docs/architecture.md, and what that page says of the library."""

import html
import re
import shutil

from conftest import ROOT
from jfb.output.figures import architecture
from test_imports import ALLOWED

LIBRARY = ROOT / "workflow/scripts/jfb"


def test_the_packages_and_their_imports_are_read(tmp_path):
    (tmp_path / "below/inner").mkdir(parents=True)
    (tmp_path / "above").mkdir()
    for folder in ("below", "below/inner", "above"):
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "below/inner/part.py").write_text("import os\n")
    (tmp_path / "above/one.py").write_text("def f():\n    from jfb.below.inner import part\n")
    (tmp_path / "above/two.py").write_text("from jfb.above import one\n")
    found = architecture.read(tmp_path)
    assert found.modules == {"above": ["one", "two"], "below": ["inner/"]}
    assert found.imports == {"above": ["below"], "below": []}


def test_an_arrow_leads_to_what_is_not_reached_otherwise():
    imports = {"a": ["b", "c", "d"], "b": ["c"], "c": [], "d": ["c"]}
    assert architecture.direct(imports) == [("a", "b"), ("a", "d"), ("b", "c"), ("d", "c")]


def test_the_picture_shows_every_package_and_module_in_its_box():
    library = architecture.read(LIBRARY)
    assert library.modules.keys() == ALLOWED.keys()
    figure = architecture.packages(library)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [patch.get_window_extent() for patch in axes.patches]
    texts = [text for text in axes.texts if text.get_text()]
    assert len(boxes) == len(library.modules)
    # Of each package its name and the list of its modules.
    assert len(texts) == 2 * len(boxes)
    for text in texts:
        extent = text.get_window_extent()
        assert any(
            box.x0 <= extent.x0 and extent.x1 <= box.x1 and box.y0 <= extent.y0 <= box.y1
            for box in boxes
        ), text.get_text()


def test_the_committed_picture_is_of_the_library_as_it_is(tmp_path):
    """`make docs` draws it; the picture carries what it shows."""
    committed = html.unescape((ROOT / "docs/architecture.svg").read_text())
    assert architecture.described(architecture.read(LIBRARY)) in committed
    changed = shutil.copytree(LIBRARY, tmp_path / "jfb")
    (changed / "model/another.py").touch()
    assert architecture.described(architecture.read(changed)) not in committed


def test_every_file_that_the_recipes_name_is_there():
    text = (ROOT / "docs/architecture.md").read_text()
    paths = set(re.findall(r"`((?:jfb|workflow|tests)/[\w/]+\.\w+)`", text))
    assert len(paths) > 10
    for path in paths:
        assert (ROOT / "workflow/scripts" / path).exists() or (ROOT / path).exists(), path
