"""The page of the questions that the report leaves open, and of what would count as answers."""

import textwrap
from collections.abc import Mapping
from typing import Any

from jfb.output.formats import allowed

_WIDTH = 120
_HEAD = """<!-- Written by `make docs` from workflow/questions.yaml: edit that, not this page. -->
# Questions that the report leaves open
"""
_BEFORE = (
    """Each question and its criteria were committed before the runs that answer it; the date is
    that of the commit. *Changed* lists what was changed later, and what had been seen by then.
    `snakemake --cores 2 width` makes one, `snakemake --cores 2 further` the first eight,
    `snakemake --cores 2 images` those on images, `snakemake --cores 2 cited` those on cited papers.
    [Findings](findings.md) has answers, and [cited papers](cited.md) those to the last.""",
    """A criterion is about an estimate with a 95 % interval. It holds if the whole interval lies
    within what is allowed, fails if all of it lies outside, and is open otherwise. Differences are
    paired by seed. A run that diverges counts; it has reached a loss if it had before.""",
)


def page(questions: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, in Markdown.

    Args:
        questions: as workflow/questions.yaml has them.
    """
    before = (f"{textwrap.fill(' '.join(part.split()), _WIDTH)}\n" for part in _BEFORE)
    return "\n".join(
        [_HEAD, *before, *(_section(name, asked) for name, asked in questions.items())]
    )


def _section(name: str, asked: Mapping[str, Any]) -> str:
    parts = [
        f"## {asked['question']}",
        f"`snakemake --cores 2 {name}`; asked on {asked['asked']}.",
        asked["why"],
        f"*Compared.* {asked['compared']}",
        *([f"*Changed.* {asked['changed']}"] if "changed" in asked else []),
        "*What counts as an answer.*",
    ]
    criteria = "\n".join(f"- {_criterion(one)}" for one in asked["criteria"])
    return "\n\n".join([*(textwrap.fill(part, _WIDTH) for part in parts), criteria]) + "\n"


def _criterion(criterion: Mapping[str, Any]) -> str:
    low, high = criterion["holds"]
    bounds = {"holds_low": low, "holds_high": high, "unit": criterion["unit"]}
    return f"{criterion['says']}: {allowed(bounds | {'against': criterion.get('against')})}."
