"""Dry runs in forks of one process that has imported Snakemake: an import costs a second of CPU.

Each fork reads the workflow anew, as a new process would. A request is a line of JSON on standard
input: the arguments, the folder, a file for what is told, and maybe one for the jobs. The answer is
the exit status.
"""

import atexit
import json
import os
import subprocess
import sys
from pathlib import Path


class Planner:
    """The other end: a process that answers requests, started at the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None

    def run(self, arguments: list[str], folder: Path, told: Path, jobs: Path | None = None) -> int:
        """Carry out `snakemake arguments` in a folder; the exit status.

        Where `jobs` is given, the jobs of the plan are written there as JSON: rule, message, input,
        output, and the digest of its code.
        """
        if self._process is None:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            environment = os.environ | {"CI": "true"}
            self._process = subprocess.Popen([sys.executable, __file__], env=environment, **pipes)
            atexit.register(self._close)
        request = [arguments, str(folder), str(told), jobs and str(jobs)]
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def _close(self) -> None:
        self._process.communicate()


def write_jobs(dag, path: str) -> None:
    """Write the jobs of a plan, see `Planner.run`."""
    jobs = [
        {
            "rule": job.rule.name,
            "message": job.message,
            "input": list(map(str, job.input)),
            "output": list(map(str, job.output)),
            "code": job.params.get("code"),
        }
        for job in dag.jobs
    ]
    Path(path).write_text(json.dumps(jobs))


def carry_out(arguments: list[str], folder: str, told: str, jobs: str | None) -> None:
    """Be the process of one dry run, to its end."""
    from snakemake import cli
    from snakemake.workflow import Workflow

    os.chdir(folder)
    output = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # What the workflow reads of its command.
    sys.argv = ["snakemake", *arguments]
    if jobs:
        build = Workflow._build_dag

        def build_and_write(workflow):
            build(workflow)
            write_jobs(workflow.dag, jobs)

        Workflow._build_dag = build_and_write
    cli.main()


def main() -> None:
    """Answer requests until there are no more."""
    import jsonschema  # noqa: F401
    from snakemake import cli

    # Imports the plugins.
    cli.get_argument_parser()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                carry_out(*json.loads(line))
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
