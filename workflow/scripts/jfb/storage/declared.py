"""Files of the project in YAML: claims, changes of their rules, questions, the configuration."""

from pathlib import Path
from typing import Any

import yaml

from jfb.storage.files import FileFault

# libyaml's, where PyYAML has it: the claims alone take Python's a tenth of a second.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: str | Path) -> Any:
    """What a file declares.

    Raises:
        FileFault: it is not YAML.
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        return yaml.load(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise FileFault(path, f"{line}{error.problem} (not YAML)") from None
