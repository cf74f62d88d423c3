"""How often Snakemake goes through the jobs that wait: docs/upstream.md says what is wrong with it.

The limit of jobs per timespan, which Snakemake sets by default, has each pass through the waiting
jobs start a timer that causes another. So each job that ends adds a pass per timespan for good.
"""

import time
from collections.abc import Callable
from contextlib import suppress


def ease(workflow) -> None:
    """Lift the limit where jobs run here; where they are submitted, keep it with one timer.

    No setting of Snakemake's lifts the limit. Of a version in which one of the attributes is gone,
    nothing is changed.

    Args:
        workflow: Snakemake's, which is about to run its jobs.
    """
    with suppress(AttributeError):
        scheduler = workflow.scheduler
        if workflow.local_exec and scheduler.job_rate_limiter:
            scheduler.job_rate_limiter = None
        else:
            # Snakemake's spelling.
            scheduler._schedule_reevalutation = one_at_a_time(scheduler._schedule_reevalutation)


def one_at_a_time(schedule: Callable[[float], None]) -> Callable[[float], None]:
    """The same function, which does nothing while what it scheduled before comes as soon.

    Args:
        schedule: has something done so many seconds later.
    """
    due = 0.0

    def once(delay: float) -> None:
        nonlocal due
        now = time.monotonic()
        if not now < due <= now + delay:
            due = now + delay
            schedule(delay)

    return once
