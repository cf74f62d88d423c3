"""Files of the project in YAML."""

import pytest
import yaml

from conftest import ROOT
from jfb.storage import declared
from jfb.storage.files import FileFault


@pytest.mark.parametrize("name", ["claims.yaml", "questions.yaml", "rule_changes.yaml"])
def test_a_file_is_read_as_pyyaml_reads_it(name):
    path = ROOT / "workflow" / name
    assert declared.read(path) == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_a_file_that_is_not_yaml_is_named_with_its_line(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("claims:\n  - id: one\n  says: [two\n")
    with pytest.raises(FileFault, match=r"claims\.yaml: line 3: .*\(not YAML\)"):
        declared.read(path)
