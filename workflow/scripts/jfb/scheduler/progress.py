"""One line of progress in place of what Snakemake tells of each job.

Snakemake has plugins for loggers, which it finds among installed packages before it reads a
Snakefile. This workflow is not installed, so that it takes part in what Snakemake's own handler
writes: errors and warnings stay as they are, and its log in `.snakemake/log` has everything.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jfb.scheduler.line import Line, duration, middle
from jfb.scheduler.work import Job, Running, Work

#: What the line says in a few words, or nobody asks; by the name of Snakemake's event.
_IN_THE_LINE = {
    *("workflow_started", "resources_info", "run_info", "rulegraph", "shellcmd"),
    *("job_info", "job_started", "job_finished", "group_info", "progress"),
}
#: The same where the event has no name, by how it begins.
_PLANNING = "Building DAG of jobs"
_WHERE = "Complete log(s)"
_OF_NO_USE = (
    *("Assuming unrestricted shared", "Using shell", "Group jobs: inactive", "Elapsed time"),
    *("Conda environments: ignored", "Singularity containers: ignored"),
    *("Select jobs to execute", "Execute "),
)
#: Seconds between two looks at what runs: at most, and at least where much happens at once.
_TICK, _LEAST = 1.0, 0.1
#: Seconds between two lines where there is no terminal: at least, and at most.
_SOON, _LATE = 5.0, 30.0


def tell(workflow, trained_by: Callable[[object], tuple[int, int]]) -> None:
    """Have the line in place of Snakemake's own words.

    Not where another logger, --verbose, --printshellcmds, --quiet or a dry run was asked for. Where
    jobs are submitted, Snakemake's words stay: they say what became of each. Of a Snakemake without
    these attributes, nothing is changed.

    Args:
        workflow: Snakemake's, before it plans.
        trained_by: of a job of Snakemake's, the runs that it trains and the epochs of all of them;
            0 and 0 of one that trains nothing.
    """
    with suppress(AttributeError):
        settings = workflow.output_settings
        asked = settings.verbose, settings.printshellcmds, settings.quiet, settings.debug_dag
        if any(asked) or settings.dryrun:
            return
        for handler in workflow.logger_manager.logger.handlers:
            if handler.name == "DefaultStreamHandler":
                Telling(workflow, handler, trained_by)


class Telling:
    """Takes part in what a handler of Snakemake's writes.

    Args:
        workflow, trained_by: as of `tell`.
        handler: the one that writes to the terminal.
    """

    def __init__(
        self,
        workflow,
        handler: logging.StreamHandler,
        trained_by: Callable[[object], tuple[int, int]],
    ) -> None:
        self._workflow = workflow
        self._trained_by = trained_by
        self._line = Line(handler.stream)
        self._work: Work | None = None
        self._start = 0.0
        self._hiding = True
        self._looked_at = 0.0
        self._told, self._told_at = 0, 0.0
        # An interrupt may log while the same thread logs.
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._emit, self._close = handler.emit, handler.close
        handler.emit, handler.close = self.emit, self.close

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of what happened; what the line does not say is written as ever."""
        with self._lock:
            event = str(getattr(record, "event", None))
            try:
                self._note(event, record)
            except (AttributeError, KeyError):
                # Of a Snakemake with other events its own words are worth more.
                self._hiding = False
            if not self._hides(event, record):
                self._line.clear()
                self._emit(record)
            self._show()

    def close(self) -> None:
        """Say how it ended."""
        with self._lock:
            self._stop.set()
            self._line.clear()
            work, self._work = self._work, None
            if work is not None:
                took = duration(time.monotonic() - self._start)
                ended = "done in" if work.ended == work.total else "ended after"
                self._line.say(f"{_count(work)} {ended} {took}")
            self._close()

    def _note(self, event: str, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if event == "run_info":
            self._plan(now)
        elif self._work is None:
            if _text(record).startswith(_PLANNING) and self._line.in_place:
                self._line.show("Planning ...")
        elif event == "job_info":
            log = Path(record.log[0]) if record.log else None
            message = record.rule_msg or record.rule_name
            self._work.start(record.jobid, Running(message, log, now, time.time()))
        elif event == "job_finished":
            self._work.end(record.job_id, now)
        elif event == "job_error":
            self._work.fail(record.jobid, now)
        elif event == "group_error":
            for job in record.job_error_info:
                self._work.fail(job["jobid"], now)

    def _plan(self, now: float) -> None:
        self._hiding = self._workflow.local_exec
        dag = self._workflow.dag
        jobs = {dag.jobid(job): self._job(job) for job in dag.needrun_jobs()}
        self._start = self._told_at = now
        self._work = Work(jobs, now)
        threading.Thread(target=self._tick, daemon=True).start()

    def _job(self, job) -> Job:
        runs, epochs = self._trained_by(job)
        study = job.wildcards_dict.get("study", "")
        return Job(rule=job.rule.name, study=study, cores=job.threads, runs=runs, epochs=epochs)

    def _hides(self, event: str, record: logging.LogRecord) -> bool:
        if not self._hiding or record.levelno > logging.INFO:
            return False
        text = _text(record)
        if text.startswith(_WHERE):
            return self._work is not None and self._work.ended == self._work.total
        return event in _IN_THE_LINE or text.startswith((_PLANNING, *_OF_NO_USE))

    def _tick(self) -> None:
        while not self._stop.wait(_TICK):
            with self._lock:
                self._show()

    def _show(self) -> None:
        """Bring the line up to date."""
        if self._work is None or self._work.ended == self._work.total:
            return
        now = time.monotonic()
        if now - self._looked_at < _LEAST:
            return
        self._looked_at = now
        if self._line.in_place:
            self._line.show(says(self._work, now))
            return
        share, _ = self._work.measure(now)
        tenth, since = int(10 * share), now - self._told_at
        if since >= _LATE or (since >= _SOON and tenth > self._told):
            self._told, self._told_at = max(tenth, self._told), now
            self._line.say(says(self._work, now))


def says(work: Work, now: float) -> str:
    """The line, of at most 80 columns: what is done of what, what is being done, when it ends."""
    _, left = work.measure(now)
    doing = work.doing()
    after = "" if left is None else f"about {duration(_round(left))} left"
    return middle(f"{_count(work)} ", doing, f" ... {after}" if doing and after else after).rstrip()


def _count(work: Work) -> str:
    width = len(str(work.total))
    failed = f", {len(work.failed)} failed" if work.failed else ""
    return f"[{work.ended:{width}d}/{work.total} jobs{failed}]"


def _round(seconds: float) -> float:
    """To ten seconds below a minute, to minutes below an hour, to ten minutes above."""
    unit = 10 if seconds < 55 else 60 if seconds < 3600 else 600
    return max(unit, unit * round(seconds / unit))


def _text(record: logging.LogRecord) -> str:
    return str(record.msg)
