"""A Slurm of one node on the loopback interface, for tests: this machine, without accounting.

    python tests/slurm/cluster.py start FOLDER     # prints how to reach it
    python tests/slurm/cluster.py stop FOLDER

It takes what Debian's packages slurmctld, slurmd, slurm-client and munge install, and installs
nothing. slurmd has to be root.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo")
STARTED = ("munged", "slurmctld", "slurmd")

CONFIG = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SchedulerParameters=sched_interval=1,batch_sched_delay=1
MinJobAge=3600
KillWait=2
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=other Nodes={host} MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """What of this machine is needed and not there; nothing if a cluster can be started."""
    lacking = [f"the program {name}" for name in PROGRAMS if shutil.which(name) is None]
    if os.geteuid() != 0:
        lacking.append("the rights of root")
    return lacking


def environment(folder: Path) -> dict[str, str]:
    """The variables under which Slurm's commands reach the cluster in `folder`."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}


def start(folder: Path) -> None:
    """Start the daemons in an empty or new `folder`, and wait until the node takes jobs.

    Raises:
        RuntimeError: something is missing, or a daemon does not come up; nothing is left running.
    """
    if missing():
        raise RuntimeError(f"missing: {', '.join(missing())}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    # Snakemake's job steps drop SLURM_CONF before they call srun.
    step = folder / "bin/srun"
    step.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    step.chmod(0o755)
    # munged refuses a key that others can read, and folders that others can write.
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    controller, daemon = free_ports(2)
    text = CONFIG.format(
        host=socket.gethostname().split(".")[0],
        folder=folder,
        controller=controller,
        daemon=daemon,
        cpus=os.cpu_count(),
        memory=memory * 9 // 10,
    )
    (folder / "slurm.conf").write_text(text)
    reached = os.environ | environment(folder)
    try:
        command = ["munged", f"--socket={folder}/munge.socket", f"--key-file={key}"]
        command += [f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munged.log"]
        command += [f"--seed-file={folder}/munge.seed", "--num-threads=2"]
        # munged objects to a folder such as /tmp, in which everybody may write.
        subprocess.run([*command, "--force"], check=True, capture_output=True)
        subprocess.run(["slurmctld", "-c"], check=True, env=reached, capture_output=True)
        subprocess.run(["slurmd"], check=True, env=reached, capture_output=True)
        wait_until_idle(reached)
    except (subprocess.CalledProcessError, RuntimeError) as error:
        stop(folder)
        raise RuntimeError(f"{error}; logs lie in {folder}") from error


def stop(folder: Path) -> None:
    """Stop the daemons that were started in `folder`, and the jobs that run there."""
    reached = os.environ | environment(folder)
    if (folder / "slurmctld.pid").exists():
        subprocess.run(["scancel", "--state=RUNNING"], env=reached, capture_output=True)
    for name in reversed(STARTED):
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            end(int((folder / f"{name}.pid").read_text()))


def end(process: int, seconds: float = 200) -> None:
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        os.kill(process, 0)
        time.sleep(0.1)
    os.kill(process, signal.SIGKILL)


def wait_until_idle(reached: dict[str, str], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], env=reached, capture_output=True, text=True
        )
        if set(state.stdout.split()) == {"idle"}:
            return
        time.sleep(0.2)
    raise RuntimeError(f"the node is not idle after {seconds:.0f} s: {state.stdout}{state.stderr}")


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] not in ("start", "stop"):
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[1]).resolve()
    try:
        {"start": start, "stop": stop}[arguments[0]](folder)
    except (RuntimeError, OSError) as error:
        print(f"cluster.py: {error}", file=sys.stderr)
        return 1
    if arguments[0] == "start":
        print(f'export SLURM_CONF={folder}/slurm.conf PATH="{folder}/bin:$PATH"')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
