"""The levels of a run's factors as one text, which tables of what is measured name runs by."""

from jfb.config import settings


def level_of(run: settings.Run) -> str:
    """The levels of a run's factors, joined by /; none where it has none."""
    return "/".join(level for _, level in run.levels) or "none"
