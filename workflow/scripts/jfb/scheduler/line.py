"""One line that says how far it is: written anew in place on a terminal, now and then elsewhere."""

import os
from contextlib import suppress
from typing import TextIO

WIDTH = 80


class Line:
    """The line.

    Args:
        stream: where to; what others write there comes through `clear`, or from processes that
            know nothing of the line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        with suppress(AttributeError):
            self.in_place = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._shown = False

    in_place = False

    def show(self, text: str) -> None:
        """Write it in place of what is shown."""
        columns = self._columns()
        # Blanks up to the last column: what a job writes then starts on a line of its own.
        self._write("\r" + text[: min(columns, WIDTH)].ljust(columns))
        self._shown = True

    def clear(self) -> None:
        """Make room for something else."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self.clear()
        self._write(f"{text[:WIDTH]}\n")

    def _columns(self) -> int:
        with suppress(OSError, ValueError):
            # A terminal that does not know how wide it is says 0.
            return os.get_terminal_size(self._stream.fileno()).columns or WIDTH
        return WIDTH

    def _write(self, text: str) -> None:
        # The terminal may be gone.
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def middle(before: str, text: str, after: str) -> str:
    """Three parts within the width, of which the second is cut short where it must be."""
    room = WIDTH - len(before) - len(after)
    return before + (text if len(text) <= room else f"{text[: max(0, room - 3)]}...") + after


def duration(seconds: float) -> str:
    """Seconds as people say them, rounded."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
