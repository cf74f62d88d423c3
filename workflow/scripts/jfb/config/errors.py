"""A mistake in the configuration, in one line: its place, the value, and what is allowed."""

from typing import Any


class ConfigError(ValueError):
    """The configuration is wrong; the message is one line: key, value, what is allowed."""

    def __init__(self, key: str, value: Any, allowed: str) -> None:
        # As repr writes it: no new line, and nothing that a terminal obeys. Nor is a key nothing.
        named = _short(repr(key)[1:-1]) or "''"
        super().__init__(f"{named}: {_short(repr(value))} {allowed}")


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
