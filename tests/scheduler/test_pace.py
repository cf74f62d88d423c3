"""Snakemake's own process: its limit of jobs per timespan, see docs/upstream.md."""

import json
from types import SimpleNamespace

import pytest

from jfb.scheduler import pace

#: Tells what became of the limit, and ends the timers, for which the process would wait.
TELL = """
import json, threading

def tell():
    timers = [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
    for timer in timers:
        timer.cancel()
    limited = workflow.scheduler.job_rate_limiter is not None
    Path("told.json").write_text(json.dumps([limited, len(timers)]))

onsuccess:
    tell()

onerror:
    tell()
"""
#: Slurm's executor, which makes empty files where it would submit.
SUBMIT = """
from snakemake_executor_plugin_slurm import Executor
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.real import RealExecutor

def submit(self, jobs):
    for job in jobs:
        for each in job.jobs if job.is_group() else [job]:
            for file in map(Path, [*each.output, each.benchmark]):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
        self.report_job_success(SubmittedJobInfo(job))

Executor.__init__ = lambda self, *given: RealExecutor.__init__(self, *given, post_init=False)
Executor.run_jobs = submit
Executor.shutdown = Executor.cancel = lambda self: None
"""
#: A Snakemake whose scheduler has no such attribute to set.
WITHOUT = """
from snakemake.scheduling.job_scheduler import JobScheduler

class Without(JobScheduler):
    job_rate_limiter = property(lambda self: None)

def without(self, *given, start=JobScheduler.__init__):
    start(self, *given)
    self.__class__ = Without

JobScheduler.__init__ = without
"""
#: Longer than any test: none of the timers ends before they are counted.
LIMIT = ("--max-jobs-per-timespan", "100/1d")


@pytest.fixture
def run(workspace):
    """Runs Snakemake with some code after its Snakefile; whether it is limited, and its timers."""

    def one(code, *arguments):
        with (workspace.path / "Snakefile").open("a") as snakefile:
            snakefile.write(code + TELL)
        workspace.snakemake(*LIMIT, *arguments, cores=1)
        return json.loads((workspace.path / "told.json").read_text())

    return one


def test_jobs_that_run_here_are_not_limited(run):
    assert run("", "results/data/tiny.parquet", "results/data/report.parquet") == [False, 0]


def test_jobs_that_are_submitted_are_limited_with_one_timer(run):
    slurm = ("--workflow-profile", "profiles/slurm", "--group-components", "runs=1", "--jobs", "1")
    slurm += ("--latency-wait", "0", "--retries", "0", "--", "results/summaries/crossed.parquet")
    assert run(SUBMIT, *slurm) == [True, 1]


def test_a_scheduler_without_the_limit(run):
    assert run(WITHOUT, "results/data/tiny.parquet") == [False, 0]


@pytest.mark.parametrize(
    "workflow",
    [
        SimpleNamespace(),
        SimpleNamespace(local_exec=True),
        SimpleNamespace(local_exec=True, scheduler=None),
        SimpleNamespace(local_exec=False, scheduler=SimpleNamespace()),
        SimpleNamespace(scheduler=SimpleNamespace()),
    ],
    ids=str,
)
def test_other_snakemakes_are_left_as_they_are(workflow):
    before = str(workflow)
    pace.ease(workflow)
    assert str(workflow) == before


class Clock:
    """A scheduler's passes in simulated time: one when a job ends, one when a timer does."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.pending = []
        self.passes = []
        monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: self.now))

    def timer(self, delay):
        self.pending.append(self.now + delay)

    def run(self, ends, until, schedule):
        """Jobs end at some times; each pass asks for one a second later."""
        events = sorted(ends)
        while True:
            self.now, source = min(
                [(t, events) for t in events] + [(t, self.pending) for t in self.pending],
                key=lambda event: event[0],
            )
            if self.now > until:
                return
            source.remove(self.now)
            self.passes.append(self.now)
            schedule(1.0)


def test_timers_are_one_chain_however_many_jobs_end(monkeypatch):
    clock = Clock(monkeypatch)
    ends = [k / 8 for k in range(1, 41)]
    clock.run(ends, 60, pace.one_at_a_time(clock.timer))
    assert len(clock.pending) == 1
    # A pass per job that ends, and one per second.
    assert len(clock.passes) <= len(ends) + 60


def test_no_pass_comes_later_than_it_was_asked_for(monkeypatch):
    clock = Clock(monkeypatch)
    clock.run([0.25, 0.5, 0.75, 7.5], 20, pace.one_at_a_time(clock.timer))
    gaps = [b - a for a, b in zip(clock.passes, clock.passes[1:], strict=False)]
    assert max(gaps) <= 1


def test_a_sooner_pass_is_not_left_out(monkeypatch):
    clock = Clock(monkeypatch)
    schedule = pace.one_at_a_time(clock.timer)
    schedule(10.0)
    schedule(1.0)
    schedule(20.0)
    assert clock.pending == [10.0, 1.0]
