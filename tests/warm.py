"""Snakemake, and the scripts of its jobs, in forks of a process that has imported their libraries.

A process that starts cold spends a second or more of CPU on imports, and a small job does little
else. Nothing of the project is imported before a fork: each reads the workflow anew, as a new
process would. Forks are not new processes in all: they have one seed of hashes, their libraries
were imported and were told of one thread, a benchmark measures the process that waits for one, and
one that was killed ends with the status 1. Tests to which that matters start processes.
"""

import atexit
import gc
import io
import json
import os
import runpy
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path

from ask import ask

#: What is imported before any fork: the libraries that take long.
LIBRARIES = (
    *("snakemake.cli", "snakemake.script", "jsonschema", "pydantic", "jinja2"),
    # Snakemake, pydantic and the others import these only where they use them: in each fork.
    *("smart_open", "nbformat", "snakemake.storage", "pydantic.dataclasses", "filelock"),
    *("pyarrow.dataset", "safetensors.numpy", "markdown_it"),
    # An optimiser imports the second.
    *("torch", "torch._dynamo", "numba", "pandas", "pyarrow.parquet"),
    *("matplotlib.pyplot", "matplotlib.backends.backend_pdf", "matplotlib.backends.backend_svg"),
    *("fontTools.subset", "PIL.PngImagePlugin", "seaborn", "statsmodels.api"),
)
#: Libraries read these when they are imported: as in most jobs.
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "GOTO", "NUMEXPR")}


class Warm:
    """The other end: starts the process at the first request."""

    def __init__(self) -> None:
        self._socket: str | None = None

    def snakemake(
        self, arguments: list[str], folder: Path, told: Path, jobs: Path | None = None
    ) -> int:
        """Carry out `snakemake arguments` in a folder; the exit status.

        What is told is written to `told`. Where `jobs` is given, the jobs of the plan are written
        there as JSON: rule, message, input, output, threads, and the digest of its code.
        """
        return self._ask({"arguments": arguments, "jobs": jobs and str(jobs)}, folder, told, told)

    def script(
        self, script: Path, arguments: list[str], folder: Path, told: Path, errors: Path
    ) -> int:
        """Carry out `python script arguments` in a folder; the exit status."""
        request = {"script": str(script), "arguments": arguments}
        return self._ask(request, folder, told, errors)

    def _ask(self, request: dict, folder: Path, told: Path, errors: Path) -> int:
        if self._socket is None:
            self._start()
        request |= {"folder": str(folder), "environment": os.environ | {"CI": "true"}}
        with (
            Path(os.devnull).open() as nothing,
            told.open("a") as output,
            errors.open("a") as error,
        ):
            return ask(self._socket, request, [s.fileno() for s in (nothing, output, error)])

    def _start(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self._socket = str(Path(folder.name, "socket"))
        command = [sys.executable, __file__, self._socket]
        process = subprocess.Popen(command, env=os.environ | THREADS, stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        atexit.register(folder.cleanup)
        atexit.register(process.wait)
        atexit.register(process.terminate)


class Request(socketserver.BaseRequestHandler):
    """One request, in its fork."""

    def handle(self) -> None:
        """Be the process that it asks for, and answer with the exit status."""
        message, streams, _, _ = socket.recv_fds(self.request, 1 << 16, 3)
        while part := self.request.recv(1 << 16):
            message += part
        for standard, stream in enumerate(streams):
            os.dup2(stream, standard)
            os.close(stream)
        self.server.socket.close()
        status = 1
        try:
            be_process(self.server.server_address, **json.loads(message))
            status = 0
        except SystemExit as end:
            status = int(end.code) if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        self.request.sendall(str(status).encode())


class Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """Forks for each request; ends with the process that started it, however that ends."""

    max_children = 1000
    request_queue_size = 100

    def __init__(self, address: str) -> None:
        super().__init__(address, Request)
        self._parent = os.getppid()

    def service_actions(self) -> None:
        """Look after the forks, and for the process that started this one, twice a second."""
        super().service_actions()
        if os.getppid() != self._parent:
            raise SystemExit


def be_process(server: str, folder: str, environment: dict[str, str], **rest) -> None:
    """Carry out a request with the folder and the environment of the process that asks."""
    os.chdir(folder)
    os.environ.clear()
    os.environ |= environment
    if "script" in rest:
        be_script(**rest)
    else:
        be_snakemake(server, **rest)


def be_script(script: str, arguments: list[str]) -> None:
    """Run a script: one of the project, or that of a job as Snakemake writes it."""
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)
    runpy.run_path(script, run_name="__main__")


def be_snakemake(server: str, arguments: list[str], jobs: str | None) -> None:
    """Run Snakemake; scripts of its jobs are carried out by the server."""
    from snakemake import cli
    from snakemake.script import PythonScript
    from snakemake.workflow import Workflow

    def execute(job, script, edit=False):
        command = "{python} -I -S {program} {server} {script:q}"
        program = Path(__file__).with_name("ask.py")
        names = {"python": sys.executable, "program": program, "server": server}
        job._execute_cmd(command, script=script, **names)

    PythonScript.execute_script = execute
    # What the workflow reads of its command.
    sys.argv = ["snakemake", *arguments]
    if jobs:
        build = Workflow._build_dag

        def build_and_write(workflow):
            build(workflow)
            write_jobs(workflow.dag, jobs)

        Workflow._build_dag = build_and_write
    cli.main()


def write_jobs(dag, path: str) -> None:
    """Write the jobs of a plan, see `Warm.snakemake`."""
    jobs = [
        {
            "rule": job.rule.name,
            "message": job.message,
            "input": list(map(str, job.input)),
            "output": list(map(str, job.output)),
            "code": job.params.get("code"),
            "threads": job.threads,
        }
        for job in dag.jobs
    ]
    Path(path).write_text(json.dumps(jobs))


def draw() -> None:
    """Draw a figure, of which the first in a process takes a third of a second more than others."""
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    figure.subplots().set(xscale="log", yscale="log", xlabel="x", title="y")
    for ending in ("svg", "pdf", "png"):
        figure.savefig(io.BytesIO(), format=ending)


def compile_and_load() -> None:
    """Compile: what the first in a process sets up to compile, or to load, takes a sixth of one."""
    import numba

    numba.njit(numba.int64(numba.int64))(lambda n: n)


def main() -> None:
    """Serve."""
    for library in LIBRARIES:
        import_module(library)
    # Imports the plugins.
    import_module("snakemake.cli").get_argument_parser()
    draw()
    compile_and_load()
    # Forks need not walk what was imported.
    gc.freeze()
    with Server(sys.argv[1]) as server:
        print("ready", flush=True)
        try:
            server.serve_forever()
        finally:
            shutil.rmtree(Path(sys.argv[1]).parent)


if __name__ == "__main__":
    main()
