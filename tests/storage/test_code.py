"""Which edits change the digest of a script's code, and which do not."""

from modulefinder import ModuleFinder

import pytest

from conftest import ROOT
from jfb.config.choices import Engine
from jfb.storage import code

SCRIPTS = ROOT / "workflow/scripts"
FILES = {
    "run.py": '"""A script."""\n\nfrom lib import near\nfrom lib.far import value\n\nnear, value\n',
    "lib/__init__.py": "",
    "lib/near.py": 'def double(x):\n    """Twice x."""\n    return 2 * x  # exact\n',
    "lib/far.py": "import math\n\nfrom lib.deep import hidden\n\nvalue = math.pi\n",
    "lib/deep/__init__.py": "",
    "lib/deep/hidden.py": "x = 1\n",
    "lib/opened.py": "y = 1\n",
    "lib/other.py": "z = 1\n",
}


@pytest.fixture
def digest(tmp_path):
    """The digest of the script run.py after edits: by file, the text that takes its place."""

    def after(edits=(), opened=("lib.opened",)):
        for file, text in (FILES | dict(edits)).items():
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        code._module.cache_clear()
        code._files.cache_clear()
        return code.digest(tmp_path / "run.py", *opened)

    return after


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("run.py", FILES["run.py"].replace("A script", "Another text") + "# a comment\n"),
        ("run.py", FILES["run.py"].partition("\n\n")[2]),
        ("lib/near.py", "def double(x):\n    return (\n        2\n        * x\n    )\n"),
        ("lib/deep/hidden.py", "# a comment\n\n\nx = 1\n"),
        ("lib/other.py", "z = 2\n"),
    ],
)
def test_comments_layout_and_what_is_not_imported_do_not_count(digest, file, text):
    assert digest({file: text}) == digest()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("run.py", FILES["run.py"] + "print(1)\n"),
        ("lib/near.py", FILES["lib/near.py"].replace("2 * x", "2.0 * x")),
        ("lib/near.py", FILES["lib/near.py"].replace("2 * x", "None")),
        ("lib/far.py", FILES["lib/far.py"].replace("pi", "e")),
        ("lib/deep/hidden.py", "x = True\n"),
        ("lib/deep/hidden.py", "x = -1\n"),
        ("lib/deep/__init__.py", "import lib\n"),
        ("lib/opened.py", "y = 2\n"),
    ],
)
def test_code_counts_of_the_script_and_of_all_that_it_imports(digest, file, text):
    assert digest({file: text}) != digest()


def test_a_module_counts_by_its_name(digest):
    moved = FILES["run.py"].replace("near,", "other,")
    assert digest({"lib/opened.py": "y = 2\n"}, opened=()) == digest(opened=())
    assert digest({"run.py": moved}) != digest()


def test_a_module_that_is_opened_by_name_must_be_there(digest):
    with pytest.raises(ValueError, match=r"lib\.missing: no module in "):
        digest(opened=["lib.missing"])


@pytest.mark.parametrize("script", ["train.py", "claims.py", "findings.py"])
def test_the_files_are_those_that_python_finds(script, monkeypatch):
    opened = Engine.all()["fused"].module
    finder = ModuleFinder(path=[str(SCRIPTS)])
    finder.run_script(str(SCRIPTS / script))
    finder.import_hook(opened)
    expected = {module.__file__ for module in finder.modules.values() if module.__file__}
    read, whole = set(), code._module
    monkeypatch.setattr(code, "_module", lambda path: read.add(str(path)) or whole(path))
    code.digest(SCRIPTS / script, opened)
    assert read == expected
