"""What pages and figures call the engines of runs."""

# Where the name does not tell what runs.
_PROGRAMS = {"fused": "compiled code"}


def program(engine: str) -> str:
    """What carries out a run: compiled code, or the engine by its name."""
    return _PROGRAMS.get(engine, named(engine))


def named(engine: str) -> str:
    """An engine by its name."""
    return f"{engine.replace('_', ' ')} engine"


def told(engine: str) -> str:
    """An engine by its name, and what it is where that does not tell."""
    return f"{named(engine)} ({program(engine)})" if engine in _PROGRAMS else named(engine)
