"""The line on a terminal of the system, and elsewhere."""

import fcntl
import io
import os
import pty
import select
import struct
import termios
from contextlib import suppress

import pytest

from jfb.scheduler.line import Line, duration, middle


@pytest.fixture
def terminal():
    """Opens a terminal of some columns: the stream to it, and a function that closes the stream.

    The function returns what was sent.
    """
    opened = []

    def start(columns):
        reads, writes = pty.openpty()
        fcntl.ioctl(writes, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        stream = os.fdopen(writes, "w")
        opened.append((reads, stream))

        def sent():
            stream.flush()
            os.set_blocking(reads, False)
            # A terminal passes on what it was sent once it can.
            content = b""
            while not content or select.select([reads], [], [], 0.2)[0]:
                with suppress(BlockingIOError):
                    content += os.read(reads, 1 << 16)
            stream.close()
            return content.decode()

        return stream, sent

    yield start
    for reads, stream in opened:
        stream.close()
        os.close(reads)


@pytest.mark.parametrize(("columns", "shown"), [(80, 80), (200, 80), (40, 40), (0, 80)])
def test_it_is_written_in_place_within_the_width(columns, shown, terminal):
    stream, sent = terminal(columns)
    line = Line(stream)
    line.show("x" * 300)
    line.show("y" * 300)
    width = columns or 80
    blanks = " " * (width - shown)
    # No line ends: the second takes the place of the first.
    assert sent() == f"\r{'x' * shown}{blanks}\r{'y' * shown}{blanks}"


def test_what_a_job_writes_starts_on_a_line_of_its_own(terminal):
    """After the last column a terminal goes to the next line before it shows more."""
    stream, sent = terminal(60)
    Line(stream).show("short")
    assert len(sent().lstrip("\r")) == 60


def test_it_makes_room_once(terminal):
    stream, sent = terminal(80)
    line = Line(stream)
    line.show("x")
    line.clear()
    line.clear()
    line.say("it stays")
    assert sent().split("\r", 2)[2] == "\x1b[Kit stays\r\n"


def test_elsewhere_there_is_no_place_to_write_in(monkeypatch, terminal):
    stream, _ = terminal(80)
    assert Line(stream).in_place
    monkeypatch.setenv("TERM", "dumb")
    assert not Line(stream).in_place
    text = io.StringIO()
    line = Line(text)
    assert not line.in_place
    line.say("z" * 100)
    assert text.getvalue() == "z" * 80 + "\n"


def test_a_terminal_that_is_gone_ends_nothing():
    stream = io.StringIO()
    line = Line(stream)
    stream.close()
    line.say("x")


def test_the_second_part_is_cut_short():
    assert middle("[1/2] ", "abc", " end") == "[1/2] abc end"
    cut = middle("[1/2] ", "c" * 100, " end")
    assert len(cut) == 80
    assert cut.startswith("[1/2] ccc")
    assert cut.endswith("c... end")


#: In seconds.
SAID = {0.4: "0 s", 59: "59 s", 60: "1 min", 150: "2 min", 4800: "1 h 20 min", 7200: "2 h 0 min"}


@pytest.mark.parametrize("seconds", SAID)
def test_seconds_are_said_as_people_do(seconds):
    assert duration(seconds) == SAID[seconds]
