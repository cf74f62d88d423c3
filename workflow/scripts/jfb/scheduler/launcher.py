"""How jobs start Python from a folder whose path a shell would take apart.

Snakemake writes the path of its Python into commands of a shell without quotes (snakemake#2645).
"""

import os
import shlex
import sys
from pathlib import Path


def find_python_by_name() -> None:
    """Have jobs find Python on PATH, by a name without a path, where its path needs quotes.

    Jobs inherit PATH, on a cluster too: Slurm passes the environment on. Elsewhere nothing changes.
    """
    path = Path(sys.executable)
    if shlex.quote(str(path)) == str(path):
        return
    os.environ["PATH"] = os.pathsep.join([str(path.parent), os.environ.get("PATH", os.defpath)])
    sys.executable = path.name
