"""What a run of the workflow tells: one line of progress, and errors in full."""

import io
import logging
import os
import pty
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from jfb.scheduler import progress
from jfb.scheduler.work import Job, Running, Work

TINY, REPORT = "results/data/tiny.parquet", "results/data/report.parquet"
#: Snakemake's own words, of which the line takes the place.
OWN = ("Building DAG", "Job stats", "Select jobs", "Finished jobid", "steps (", "Elapsed time")
PROGRESS = re.compile(r"\[ ?\d+/\d+ jobs")


def in_terminal(folder, *arguments, interrupt_at=None):
    """Runs Snakemake, cold, in a terminal of 80 columns: its exit status, and the bytes it sends.

    Where `interrupt_at` is given, it and its jobs get the signal of Ctrl-C once it has sent that.
    """
    reads, writes = pty.openpty()
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    environment = os.environ | {"TERM": "xterm"}
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), writes)
    process = subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, **streams
    )
    os.close(writes)
    sent = b""
    # The other end is gone once all processes that write there are.
    while part := _read(reads):
        sent += part
        if interrupt_at and interrupt_at in sent:
            os.killpg(process.pid, signal.SIGINT)
            interrupt_at = None
    os.close(reads)
    return process.wait(), sent.decode()


def _read(reads):
    try:
        return os.read(reads, 1 << 16)
    except OSError:
        return b""


def seen(sent):
    """The lines that stay on the terminal in the end."""
    lines = [""]
    for part in re.split(r"(\r\n|\r|\x1b\[K)", re.sub(r"\x1b\[\d*m", "", sent)):
        if part == "\r\n":
            lines.append("")
        elif part == "\x1b[K":
            lines[-1] = ""
        elif part != "\r":
            # What is longer than a line goes on below.
            written = part if len(lines[-1]) < 80 or PROGRESS.match(part) else lines[-1] + part
            lines[-1:] = re.findall(".{80}|.+", written) if written else [lines[-1]]
    return [line.rstrip() for line in lines]


def test_one_line_in_place_on_a_terminal(workspace):
    status, sent = in_terminal(workspace.path, TINY, REPORT)
    assert status == 0, sent
    shown = [part for part in sent.split("\r") if PROGRESS.match(part)]
    # Which of the two is seen depends on how fast the jobs are.
    assert any(re.match(r"\[[01]/2 jobs\] Dataset", part) for part in shown)
    assert {len(part) for part in shown[:-1]} == {80}
    stays = [line for line in seen(sent) if line]
    assert re.fullmatch(r"\[2/2 jobs\] done in \d+ s", stays[-1])
    # Before the Snakefile is read, Snakemake tells of the profile.
    assert "".join(stays[:-1]).startswith("Using workflow specific profile")
    assert len(stays) == 3
    assert not any(own in sent for own in OWN)


def test_lines_that_stay_elsewhere(workspace):
    said = workspace.snakemake(TINY, REPORT)
    assert "\r" not in said
    assert "\x1b" not in said
    assert re.search(r"^\[2/2 jobs\] done in \d+ s$", said, re.MULTILINE)
    assert not any(own in said for own in OWN)
    (log,) = (workspace.path / ".snakemake/log").glob("*")
    assert "Finished jobid" in log.read_text()
    # Nothing to do is no progress, and is told.
    assert "Nothing to be done" in workspace.snakemake(TINY)


@pytest.fixture
def broken(workspace):
    """A workspace whose datasets fail once their log is begun."""
    script = workspace.path / "workflow/scripts/generate.py"
    head, opened, rest = script.read_text().partition("as log:\n")
    script.write_text(f"{head}{opened}    raise ValueError('on purpose')\n{rest}")
    return workspace


def test_an_error_is_told_in_full_with_its_log_and_its_place(broken):
    status, sent = in_terminal(broken.path, TINY)
    assert status != 0
    lines = seen(sent)
    assert "Traceback (most recent call last):" in lines
    assert "ValueError: on purpose" in lines
    assert any("log: results/logs/data/tiny.log (check log" in line for line in lines)
    assert any("Complete log(s): " in line for line in lines)
    assert re.fullmatch(r"\[0/1 jobs, 1 failed\] ended after \d+ s", lines[-2])
    said = broken.snakemake(TINY, check=False)
    assert re.search(r"^\[0/1 jobs, 1 failed\] ended after \d+ s$", said, re.MULTILINE)
    assert "Logfile results/logs/data/tiny.log:" in said
    assert said.count("Error in rule") == 1


def test_an_interrupt_leaves_a_clean_line(workspace):
    script = workspace.path / "workflow/scripts/generate.py"
    # Snakemake waits for a job that starts after the signal.
    script.write_text("import time\nprint('asleep', flush=True)\ntime.sleep(600)\n")
    status, sent = in_terminal(workspace.path, TINY, interrupt_at=b"asleep")
    assert status != 0
    assert "Terminating processes on user request" in sent
    assert re.fullmatch(r"\[0/1 jobs.*\] ended after \d+ s", seen(sent)[-2])


#: What is asked for, and what Snakemake then says.
ASKED = {
    "--verbose": "Finished jobid",
    "--dry-run": "Job stats",
    "--quiet": "",
    "--lint": "",
    # A process that a scheduler starts for a job.
    "--mode remote": "",
}


@pytest.mark.parametrize("asked", ASKED)
def test_who_asks_for_something_else_gets_it(asked, workspace):
    said = workspace.snakemake(*asked.split(), TINY, check=False)
    assert ASKED[asked] in said
    assert not PROGRESS.search(said)


def test_trainings_are_told_by_runs_and_their_epochs(workspace):
    """Those of the configuration, of a job that trains one run, and of one that trains a block."""
    with (workspace.path / "Snakefile").open("a") as file:
        file.write(
            "\nonstart:\n"
            "    for job in workflow.dag.jobs:\n"
            "        print(job.rule.name, *trained_by(job))\n"
        )
    said = workspace.snakemake(
        *(f"results/summaries/{study}.parquet" for study in ("small", "many"))
    )
    told = {line for line in said.splitlines() if line.startswith(("train", "gather", "summarise"))}
    # Runs of 5 epochs; two batch sizes with 6 epochs, of 3 seeds and of 2.
    trained = {"train 1 5", "train_block 6 36", "train_block 4 24"}
    assert told == trained | {"gather 0 0", "summarise 0 0"}


class Snakemake:
    """A workflow of Snakemake's with a handler that writes to a text, and a plan of some jobs."""

    def __init__(self, jobs, local=True):
        self.told = io.StringIO()
        self.handler = logging.StreamHandler(self.told)
        self.handler.name = "DefaultStreamHandler"
        asked = dict.fromkeys(("verbose", "printshellcmds", "quiet", "dryrun", "debug_dag"), False)
        self.output_settings = SimpleNamespace(**asked)
        self.logger_manager = SimpleNamespace(logger=SimpleNamespace(handlers=[self.handler]))
        self.local_exec = local
        plan = [
            SimpleNamespace(
                number=number,
                rule=SimpleNamespace(name="draw"),
                wildcards_dict={},
                threads=1,
            )
            for number in range(jobs)
        ]
        self.dag = SimpleNamespace(jobid=lambda job: job.number, needrun_jobs=lambda: plan)
        progress.tell(self, lambda job: (0, 0))

    def log(self, text, event=None, level=logging.INFO, **rest):
        record = logging.LogRecord("snakemake", level, "", 0, text, None, None)
        vars(record).update(rest, **({"event": event} if event else {}))
        self.handler.emit(record)

    def carry_out(self, monkeypatch, seconds):
        """Its jobs one after the other, of so many seconds each; what it told by then."""
        now = 0.0
        clock = SimpleNamespace(monotonic=lambda: now, time=lambda: now)
        monkeypatch.setattr(progress, "time", clock)
        # No line but those of events.
        monkeypatch.setattr(progress, "_TICK", 1e6)
        self.log("Job stats", "run_info")
        for number in range(len(self.dag.needrun_jobs())):
            self.log("Started", "job_info", jobid=number, log=[], rule_msg="Figure")
            now += seconds
            self.log("Finished", "job_finished", job_id=number)
        self.handler.close()
        return self.told.getvalue().splitlines()


def test_a_line_for_each_tenth(monkeypatch):
    lines = Snakemake(200).carry_out(monkeypatch, 1.0)
    assert len(lines) == 10
    assert lines[4] == "[100/200 jobs] about 2 min left"
    assert lines[-1] == "[200/200 jobs] done in 3 min"


def test_or_for_half_a_minute(monkeypatch):
    lines = Snakemake(60).carry_out(monkeypatch, 20.0)
    assert len(lines) == 30
    assert lines[0] == "[ 2/60 jobs] about 19 min left"


def test_a_short_run_has_one_line(monkeypatch):
    assert Snakemake(8).carry_out(monkeypatch, 0.5) == ["[8/8 jobs] done in 4 s"]


def test_where_jobs_are_submitted_snakemake_keeps_its_words(monkeypatch):
    lines = Snakemake(2, local=False).carry_out(monkeypatch, 10.0)
    assert lines == [
        *("Job stats", "Started", "Finished", "[1/2 jobs] about 10 s left", "Started", "Finished"),
        "[2/2 jobs] done in 20 s",
    ]


def test_what_is_not_known_is_told():
    snakemake = Snakemake(1)
    snakemake.log("Job stats", "run_info")
    for level, text in (
        (logging.INFO, "Removing output files of failed job"),
        (logging.WARNING, "Select jobs to execute, a warning"),
        (logging.ERROR, "An error"),
    ):
        snakemake.log(text, level=level)
    snakemake.handler.close()
    assert snakemake.told.getvalue().splitlines() == [
        "Removing output files of failed job",
        "Select jobs to execute, a warning",
        "An error",
        "[0/1 jobs] ended after 0 s",
    ]


def test_a_snakemake_with_other_events_keeps_its_words():
    snakemake = Snakemake(1)
    del snakemake.dag.jobid
    snakemake.log("Job stats", "run_info")
    snakemake.log("Started", "job_info", jobid=0)
    snakemake.handler.close()
    assert snakemake.told.getvalue().splitlines() == ["Job stats", "Started"]


def test_the_line_fits_whatever_a_job_is_called():
    work = Work({0: Job(rule="draw"), 1: Job(rule="draw")}, 0.0)
    work.start(1, Running("Short", None, 0.0, 0.0))
    work.end(1, 10.0)
    work.start(0, Running("m" * 200, None, 10.0, 0.0))
    line = progress.says(work, 12.0)
    assert len(line) == 80
    assert line.startswith("[1/2 jobs] mmm")
    assert line.endswith("m... ... about 10 s left")
