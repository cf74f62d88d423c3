"""The changes of the rules of workflow/claims.yaml (workflow/rule_changes.yaml), with a check.

`python -m jfb.analysis.rule_changes` adds the line that a change of the rules needs, to be filled
in.
"""

import datetime
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jfb.analysis import claims, evidence
from jfb.storage import declared

#: Of a change: when, in which commit (none: the one that added the line), what and why, the verdict
#: before and after, and the digest of the rules after it, which only the last must have.
KEYS = ("date", "commit", "claims", "changed", "why", "before", "after")
_LINE = """
- date: {date}
  claims: []
  changed:
  why:
  before:
  after:
  digest: {digest}
"""


def require(document: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> None:
    """Refuse rules whose last change is not in the list.

    Args:
        document: what workflow/claims.yaml holds.
        changes: what workflow/rule_changes.yaml holds, the latest last.

    Raises:
        ValueError: a line lacks something, or the digest of the last one is not that of the rules.
    """
    known = {entry["id"] for entry in document["claims"]}
    for change in changes:
        lacking = [key for key in KEYS if key != "commit" and not change.get(key)]
        if lacking:
            raise ValueError(f"change of {change.get('date')}: lacks {', '.join(lacking)}")
        unknown = [name for name in change["claims"] if name not in known]
        if unknown:
            raise ValueError(f"change of {change['date']}: no claim {', '.join(unknown)}")
    now = digest(document)
    if changes[-1].get("digest") != now:
        raise ValueError(
            f"the rules are not those of the last change: their digest is {now}, not "
            f"{changes[-1].get('digest')}; `make rule-change` adds a line to be filled in"
        )


def digest(document: Mapping[str, Any]) -> str:
    """That of the rules as they are, see `jfb.analysis.claims.digest`."""
    return claims.digest(document, evidence.NUMBERS)


def main(claims_path: str, changes: str) -> None:
    """Add a line for the rules as they are, unless the last line has their digest."""
    document = declared.read(claims_path)
    written = Path(changes).read_text(encoding="utf-8")
    now = digest(document)
    if declared.read(changes)[-1].get("digest") == now:
        print(f"{changes}: the last line is of these rules")
        return
    line = _LINE.format(date=datetime.date.today().isoformat(), digest=now)
    Path(changes).write_text(written.rstrip("\n") + "\n" + line, encoding="utf-8")
    print(f"{changes}: a line was added; fill in the claims, what changed, why, and the verdicts")


if __name__ == "__main__":
    main(*sys.argv[1:])
