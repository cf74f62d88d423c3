"""How much of a plan is done, and how long the rest takes at the pace so far."""

import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

#: Seconds that a job is thought to take before another one like it has ended: one that trains, to
#: start and per epoch of each run; any other.
START = 1.0
EPOCH = 1.5e-4
OTHER = 5.0
#: An estimate rests on at least so many seconds.
EARLY = 10.0
#: From this share of a job on, its log says how long the whole takes.
TELLING = 0.05
#: What `jfb.storage.joblog.Progress` writes: done/total.
_DONE_OF_TOTAL = re.compile(rb" (\d+)/(\d+)  ")
_END_OF_LOG = 4096
#: Of so many jobs that run the logs are read: a cluster may run thousands.
_LOGS = 32


@dataclass(frozen=True, kw_only=True)
class Job:
    """A planned job.

    Attributes:
        rule, study: what it is; jobs of the same two take about as long as each other per epoch.
        cores: those that it takes.
        runs: training runs that it makes; 0 where it does not train.
        epochs: those of all of its runs together.
    """

    rule: str
    study: str = ""
    cores: int = 1
    runs: int = 0
    epochs: int = 0

    @property
    def kind(self) -> tuple[str, str]:
        """What its seconds are like those of."""
        return self.rule, self.study

    @property
    def expected(self) -> float:
        """Core seconds that it takes, before anything is known of its kind."""
        return self.cores * (START + EPOCH * self.epochs if self.runs else OTHER)


@dataclass(frozen=True)
class Running:
    """What is known of a job that runs.

    Attributes:
        message: what it does, for people.
        log: where it tells how far it is.
        since: when it started, in seconds on the clock of `Work`.
        started: the same on the clock of files.
    """

    message: str
    log: Path | None
    since: float
    started: float

    def share(self) -> float:
        """How much of it is done by its log, from 0 to 1; 0 where that tells nothing."""
        try:
            # Of an earlier try of the job it would tell something else.
            if self.log is None or self.log.stat().st_mtime < self.started:
                return 0.0
            with self.log.open("rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - _END_OF_LOG))
                told = _DONE_OF_TOTAL.findall(log.read())
        except OSError:
            return 0.0
        return int(told[-1][0]) / max(1, int(told[-1][1])) if told else 0.0


class Work:
    """The jobs of a plan: which are done, which run, and when the last one ends.

    Times are seconds on one clock. Work is measured in core seconds: those of a job times its
    cores. A job takes as long as others of its kind took, by the epochs that it trains; before one
    has ended, as its log says; without either, as the rule's other studies took. What can no more
    be done since a job failed is still expected.

    Args:
        jobs: by the number that Snakemake gives each.
        now: when the first may start.
    """

    def __init__(self, jobs: Mapping[int, Job], now: float) -> None:
        self._jobs = jobs
        self._start = now
        self._running: dict[int, Running] = {}
        self._ended: set[int] = set()
        self.failed: set[int] = set()
        #: Core seconds by kind: expected of what has not started, and of what has ended expected
        #: and spent.
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._expected: Counter[tuple[str, str]] = Counter()
        self._spent: Counter[tuple[str, str]] = Counter()
        #: Core seconds of tries that failed.
        self._lost = 0.0
        self._runs: Counter[str] = Counter()
        self._runs_ended: Counter[str] = Counter()
        for job in jobs.values():
            self._waiting[job.kind] += job.expected
            self._runs[job.study] += job.runs

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return len(self._jobs)

    @property
    def ended(self) -> int:
        """How many of them have ended as they should."""
        return len(self._ended)

    def start(self, number: int, running: Running) -> None:
        """A job starts, for the first time or again."""
        if number in self._jobs and number not in self._running:
            self._running[number] = running
            if number in self.failed:
                self.failed.discard(number)
            else:
                self._waiting[self._jobs[number].kind] -= self._jobs[number].expected

    def end(self, number: int, now: float) -> None:
        """A job has ended as it should."""
        if (running := self._running.pop(number, None)) is not None:
            job = self._jobs[number]
            self._ended.add(number)
            self._expected[job.kind] += job.expected
            self._spent[job.kind] += job.cores * (now - running.since)
            self._runs_ended[job.study] += job.runs

    def fail(self, number: int, now: float) -> None:
        """A job has failed: unless it starts again, it is no more to be done."""
        if (running := self._running.pop(number, None)) is not None:
            self.failed.add(number)
            self._lost += self._jobs[number].cores * (now - running.since)

    def measure(self, now: float) -> tuple[float, float | None]:
        """How far it is.

        Returns:
            The share of the work that is done, from 0 to 1, and the seconds until all is, at the
            pace so far; None while too little is done to say.
        """
        shares = self._shares()
        factors = {kind: self._factor(kind, now, shares) for kind in self._waiting}
        left = sum(factors[kind] * expected for kind, expected in self._waiting.items())
        done = self._lost + self._spent.total()
        telling = bool(self._ended)
        for number, running in self._running.items():
            job = self._jobs[number]
            spent = job.cores * (now - running.since)
            if shares.get(number, 0.0) >= TELLING:
                whole, telling = spent / shares[number], True
            else:
                # One that takes longer than expected is thought to end soon.
                whole = max(job.expected * factors[job.kind], 1.1 * spent)
            done += spent
            left += whole - spent
        share = done / (done + left) if done + left else 1.0
        elapsed = now - self._start
        return share, elapsed / done * left if telling and elapsed >= EARLY and done else None

    def _shares(self) -> dict[int, float]:
        """How much of the jobs that run is done, from 0 to 1, of those whose logs are read."""
        read = itertools.islice(self._running.items(), _LOGS)
        return {number: running.share() for number, running in read}

    def _factor(self, kind: tuple[str, str], now: float, shares: Mapping[int, float]) -> float:
        """How many times as long as expected jobs of a kind take."""
        if self._expected[kind]:
            return self._spent[kind] / self._expected[kind]
        told = [
            (job.cores * (now - self._running[number].since), share * job.expected)
            for number, share in shares.items()
            if (job := self._jobs[number]).kind == kind and share >= TELLING
        ]
        if told:
            return _ratio(told)
        rule, _ = kind
        return _ratio(
            (self._spent[other], self._expected[other])
            for other in self._expected
            if other[0] == rule
        )

    def doing(self) -> str:
        """What is being done: the study whose runs are trained, or the job that runs longest."""
        jobs = [self._jobs[number] for number in self._running]
        training = {job.study: job.expected for job in jobs if job.runs}
        if training:
            study = max(training, key=lambda study: training[study])
            runs = self._runs_ended[study] + sum(
                int(share * self._jobs[number].runs)
                for number, share in self._shares().items()
                if self._jobs[number].study == study
            )
            return f"training {study} {runs:,}/{self._runs[study]:,} runs"
        longest = min(self._running.values(), key=lambda running: running.since, default=None)
        return longest.message if longest else ""


def _ratio(spent_and_expected: Iterable[tuple[float, float]]) -> float:
    """Spent by expected seconds, of all together; 1 where there are none."""
    pairs = list(spent_and_expected)
    expected = sum(pair[1] for pair in pairs)
    return sum(pair[0] for pair in pairs) / expected if expected else 1.0
