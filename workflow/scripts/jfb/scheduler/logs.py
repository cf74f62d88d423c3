"""The logs of failed jobs, as Snakemake's logger `rich` shows them."""

from contextlib import suppress
from pathlib import Path


def show_those_that_exist(workflow) -> None:
    """Have the logger leave out a log that the failed job did not come to write.

    snakemake-logger-plugin-rich reads each log of a failed job, and buries the true cause under the
    traceback of a file that is not there: that of a job that died before its first line. Of a
    logger without these attributes, nothing is changed.

    Args:
        workflow: Snakemake's, which is about to run its jobs.
    """
    with suppress(AttributeError):
        for handler in workflow.logger_manager.plugin_handlers:
            with suppress(AttributeError):
                _wrap(handler.event_handler)


def _wrap(events) -> None:
    tell, jobs = events.handle_job_error, events.jobs_info

    def tell_with_logs_that_exist(event, **rest) -> None:
        if info := jobs.get(event.jobid):
            info["log"] = [log for log in info["log"] if Path(log).exists()]
        tell(event, **rest)

    events.handle_job_error = tell_with_logs_that_exist
