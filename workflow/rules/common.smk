import dataclasses
import functools
import os
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import yaml

WORKFLOW = Path(workflow.basedir, "workflow")
SCRIPTS = WORKFLOW / "scripts"
sys.path.insert(0, str(SCRIPTS))

from jfb.config import ConfigError, load

try:
    project = load(
        config, yaml.safe_load((WORKFLOW / "schemas/config.schema.yaml").read_text())
    )
except ConfigError as error:
    sys.exit(f"Error in the configuration: {error}")


wildcard_constraints:
    dataset="|".join(project.datasets),
    study="|".join(project.studies),
    batch_size=r"[1-9]\d*",
    seed=r"0|[1-9]\d*",
    first=r"0|[1-9]\d*",
    last=r"0|[1-9]\d*",


RUN = "results/runs/{study}/batch_size={batch_size}/seed={seed}"
BLOCK = "results/blocks/{study}/seeds_{first}_{last}.parquet"
LOGGED = [s for s, study in project.studies.items() if study.block_size is None]
BLOCKED = [s for s in project.studies if s not in LOGGED]


@functools.cache
def library(script, *modules):
    """The files that a script reads as code: itself, and what it imports of the library.

    `modules` are those that it opens by name, which its imports do not show.
    """
    finder = ModuleFinder(path=[str(SCRIPTS)])
    finder.run_script(str(SCRIPTS / script))
    for module in modules:
        finder.import_hook(module)
    files = (module.__file__ for module in finder.modules.values())
    return sorted(os.path.relpath(file) for file in files if file)


def run_of(wildcards):
    """The settings of the run that the wildcards name."""
    key = int(wildcards.batch_size), int(wildcards.seed)
    runs = project.studies[wildcards.study].runs
    if key not in runs:
        raise ValueError(
            f"study {wildcards.study} has no run with batch size {key[0]} and seed {key[1]}; "
            "config.yaml says which it has"
        )
    return runs[key]


def block_of(wildcards):
    """The block that the wildcards name."""
    key = int(wildcards.first), int(wildcards.last)
    blocks = project.studies[wildcards.study].blocks
    if key not in blocks:
        raise ValueError(
            f"study {wildcards.study} has no block of the seeds {key[0]} to {key[1]}; "
            "config.yaml says which it has"
        )
    return blocks[key]


def engine_library(script, run):
    return library(script, f"jfb.engines.{run.engine}", f"jfb.streams.{run.stream}")


def any_of(names):
    """A pattern that matches the names and nothing else."""
    return "|".join(names) or "(?!)"


def dataset_of(study):
    return f"results/data/{project.studies[study].dataset}.parquet"


def logs_of(study):
    """The logs of a study, in the order of its runs."""
    return [
        f"{RUN}/log.parquet".format(study=study, batch_size=batch_size, seed=seed)
        for batch_size, seed in project.studies[study].runs
    ]


def blocks_of(study):
    """The blocks of a study, in the order of its runs."""
    return [
        BLOCK.format(study=study, first=first, last=last)
        for first, last in project.studies[study].blocks
    ]


def products_of(study):
    parts = logs_of(study) if study in LOGGED else blocks_of(study)
    return [*parts, f"results/summaries/{study}.parquet"]


SEED_FIGURES = ["bands", "levels", "ecdf"]


def figure_of(name, study):
    return multiext(f"results/figures/{name}_{study}", ".svg", ".pdf", ".png")
