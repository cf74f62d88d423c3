import functools
import hashlib
import itertools
import os
from pathlib import Path

from snakemake import exceptions
from snakemake.utils import update_config

from jfb.analysis import selection, sources
from jfb.config import (
    datasets,
    measurements,
    names,
    own_files,
    requirements,
    settings,
)
from jfb.config.project import load
from jfb.config.choices import Engine
from jfb.config.text import read_arguments
from jfb.scheduler import locks, pace, progress
from jfb.storage import declared
from jfb.storage.code import digest

try:
    if not IS_MODULE:
        for nested in read_arguments(workflow.config_settings.config_args):
            update_config(config, nested)
    project = load(config)
except ConfigError as error:
    sys.exit(f"Error in the configuration: {error}")

try:
    # Jobs are no schedulers, and a module has that of the workflow that takes it.
    is_scheduler = workflow.is_main_process and not IS_MODULE
    scheduler = (
        locks.Scheduler(".snakemake", ["snakemake", *sys.argv[1:]])
        if is_scheduler
        else None
    )
except OSError as error:
    sys.exit(f".snakemake could not be written: {error.strerror}")
if scheduler:

    class LockException(exceptions.LockException):
        """Tells who holds the locks; Snakemake's advice is to remove them."""

        def __init__(self):
            WorkflowError.__init__(self, scheduler.others())

    exceptions.LockException = LockException


wildcard_constraints:
    dataset="|".join(project.datasets),
    study="|".join(project.studies),
    levels=r"(?:[a-z0-9_]+=[a-z0-9_.]+/)*",
    batch_size=r"[1-9]\d*",
    seed=r"0|[1-9]\d*",
    first=r"0|[1-9]\d*",
    last=r"0|[1-9]\d*",


RUN = "results/runs/{study}/{levels}batch_size={batch_size}/seed={seed}"
# The study of many seeds shows where JFB points, where the configuration has it.
ALIGNED = "directions" if "directions" in project.studies else project.alignment
ALIGNMENT = "results/alignment/{study}/batch_size={batch_size}/alignment.parquet"
LINEARISATION = "results/linearisation/{study}/batch_size={batch_size}.parquet"
BLOCK = "results/blocks/{study}/{levels}seeds_{first}_{last}.parquet"
LOGGED = [s for s, study in project.studies.items() if study.block_size is None]
BLOCKED = [s for s in project.studies if s not in LOGGED]


# Times that were measured on other machines: copies of their results/timing.csv.
OTHER_MACHINES = sorted(WORKFLOW.parent.glob("timing/machines/*.csv"))


def all_cores(wildcards):
    """All cores of this command: what is timed has nothing beside it. One where none are named."""
    return workflow.resource_settings.cores or 1


def versioned(path):
    """A file of the clone as an input; `contents_of` tells when it changes, not its time."""
    return local(ancient(os.path.relpath(path)))


def contents_of(*paths):
    """The digests of files of the clone, for the params of their rule.

    A function of wildcards, as `code_of`: they are read once the job is planned.
    """
    return lambda wildcards: [
        hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths
    ]


@functools.cache
def digest_of(script, *modules):
    """The digest of a script's code; `modules` are those that it opens by name."""
    return digest(SCRIPTS / script, *modules)


def code_of(script, *modules):
    """The digest of a script's code, for the params of its rule: new code plans its jobs again.

    A function of wildcards, so that Snakemake reads the code of the jobs that it plans, not of all.
    """
    return lambda wildcards: digest_of(script, *modules)


def folders_of(levels):
    """The wildcard of pairs of a factor and its level; of none it is empty."""
    return "".join(f"{factor}={level}/" for factor, level in levels)


def place_of(run):
    """The wildcards of a run within its study."""
    return {
        "levels": folders_of(run.levels),
        "batch_size": str(run.batch_size),
        "seed": str(run.seed),
    }


def run_of(wildcards):
    """The settings of the run that the wildcards name."""
    levels, batch_size, seed = wildcards.levels, wildcards.batch_size, wildcards.seed
    named = [level.partition("=")[2] for level in levels.split("/")[:-1]]
    run = project.studies[wildcards.study].runs.get(
        (*named, int(batch_size), int(seed))
    )
    if run is None or place_of(run)["levels"] != levels:
        raise ValueError(
            f"study {wildcards.study} has no run with {levels}batch size {batch_size} and "
            f"seed {seed}; config.yaml says which it has"
        )
    return run


def minutes_of(run):
    """The time that a run is given on a cluster."""
    return -(-Engine.all()[run.engine].minutes * max(run.epochs, 3000) // 3000)


def trained_by(job):
    """How many runs a job of Snakemake's trains, and the epochs of all of them."""
    if job.rule.name == "train":
        return 1, run_of(job.wildcards).epochs
    if job.rule.name == "train_block":
        block = block_of(job.wildcards)
        epochs = [run.epochs for run in block.runs]
        return len(block.seeds) * len(epochs), len(block.seeds) * sum(epochs)
    return 0, 0


if scheduler:
    progress.tell(workflow, trained_by)


def block_of(wildcards):
    """The block that the wildcards name."""
    blocks = project.studies[wildcards.study].blocks
    for (levels, first, last), block in blocks.items():
        if (folders_of(levels), str(first), str(last)) == (
            wildcards.levels,
            wildcards.first,
            wildcards.last,
        ):
            return block
    raise ValueError(
        f"study {wildcards.study} has no block {wildcards.levels}of the seeds "
        f"{wildcards.first} to {wildcards.last}; config.yaml says which it has"
    )


def engine_code(script, *runs):
    """The digests of a script that carries out runs, and of the user's files that they need."""
    engine = Engine.all()[runs[0].engine].module
    own = digest_of(script, engine, f"jfb.streams.{runs[0].stream}")
    return "-".join([own, *own_contents(own_files.of_runs(*runs))])


@functools.cache
def _contents_of(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def own_contents(paths):
    """The digests of a user's files, which tell when they change."""
    return [_contents_of(path) for path in paths]


def unchanged(paths):
    """A user's files as inputs; `own_contents` tells when they change, not their times."""
    return [local(ancient(path)) for path in paths]


def own_files_of_dataset(wildcards):
    """The user's files that a dataset is made from."""
    return own_files.of_dataset(project.datasets[wildcards.dataset])


def any_of(names):
    """A pattern that matches the names and nothing else."""
    return "|".join(names) or "(?!)"


def having(product):
    """A pattern of the studies of which something is made, see `jfb.config.requirements`."""
    return any_of(requirements.having(product, project.studies))


def dataset_of(study):
    return f"results/data/{project.studies[study].dataset}.parquet"


def dataset_of_block(wildcards):
    by_levels = project.studies[wildcards.study].datasets.items()
    (name,) = (
        name for levels, name in by_levels if folders_of(levels) == wildcards.levels
    )
    return f"results/data/{name}.parquet"


def closed_forms_of(study):
    return f"results/closed_forms_{project.studies[study].dataset}.csv"


@functools.cache
def logs_of(study):
    """The logs of a study, in the order of its runs."""
    return [
        f"{RUN}/log.parquet".format(study=study, **place_of(run))
        for run in project.studies[study].runs.values()
    ]


def beside_logs(study, name):
    """A file that lies beside each log of a study, in the order of its runs."""
    return [os.path.join(os.path.dirname(log), name) for log in logs_of(study)]


def runs_of(study):
    """The settings of the runs of a study, in their order."""
    return [run.to_dict() for run in project.studies[study].runs.values()]


def blocks_of(study):
    """The blocks of a study, in the order of its runs."""
    return [
        BLOCK.format(study=study, levels=folders_of(levels), first=first, last=last)
        for levels, first, last in project.studies[study].blocks
    ]


def finals_of(study):
    """The files with the final parameters of a study's runs."""
    if study in LOGGED:
        return beside_logs(study, "_final.safetensors")
    return blocks_of(study)


def trained_of(study):
    """What lies in them: the runs, or the blocks of runs."""
    if study in LOGGED:
        return {"runs": runs_of(study)}
    blocks = project.studies[study].blocks.values()
    return {"blocks": [block.to_dict() for block in blocks]}


def first_seeds_of(study):
    """The seeds of a study whose final networks the catalogue searches from."""
    return list(project.studies[study].seeds[: project.catalogue.seeds])


def first_finals_of(wildcards):
    """The files with their final parameters at a batch size, and what lies in each.

    A block has all batch sizes.
    """
    study, batch_size = wildcards.study, runs_at(wildcards)[0].batch_size
    seeds = set(first_seeds_of(study))
    ((kind, trained),) = trained_of(study).items()
    has = [
        (
            not seeds.isdisjoint(part["seeds"])
            if kind == "blocks"
            else part["seed"] in seeds and part["batch_size"] == batch_size
        )
        for part in trained
    ]
    files = list(itertools.compress(finals_of(study), has))
    return files, {kind: list(itertools.compress(trained, has))}


def products_of(study):
    parts = logs_of(study) if study in LOGGED else blocks_of(study)
    return [*parts, f"results/summaries/{study}.parquet"]


def batch_sizes_of(study):
    """The batch sizes of a study, in their order."""
    return list(
        dict.fromkeys(run.batch_size for run in project.studies[study].runs.values())
    )


def alignments_of(study):
    """The alignments of a study without factors, one per batch size."""
    return [
        ALIGNMENT.format(study=study, batch_size=size) for size in batch_sizes_of(study)
    ]


def linearisations_of(study):
    """What is linear along the runs of a study without factors, a file per batch size."""
    return [
        LINEARISATION.format(study=study, batch_size=size)
        for size in batch_sizes_of(study)
    ]


def runs_at(wildcards):
    """The runs of a study without factors at the batch size that the wildcards name."""
    runs = project.studies[wildcards.study].runs.values()
    found = [run for run in runs if str(run.batch_size) == wildcards.batch_size]
    if not found:
        raise ValueError(
            f"study {wildcards.study} has no batch size {wildcards.batch_size}; config.yaml says "
            "which it has"
        )
    return found


def epochs_of(study):
    """The epochs of every run of a study without `updates`."""
    return next(iter(project.studies[study].runs.values())).epochs


def minima_of(study):
    """What is made of the final networks of a study."""
    return [
        f"results/minima_{study}.csv",
        f"results/fates_{study}.csv",
        f"results/sharpness/{study}.parquet",
        f"results/contraction/{study}.parquet",
        *(figure_of(name, study) for name in ("kinks", "fates", "sharpness")),
    ]


def made_of(study):
    """What the target of a study makes: its runs, their summary, and what is made of these."""
    made = requirements.made_by_target(project.studies[study])
    return [*products_of(study), *(product_of(product, study) for product in made)]


def flat(files):
    """Files in lists of lists, one after the other."""
    for part in files:
        yield from [part] if isinstance(part, str) else flat(part)


def unless_in_parts(studies, files):
    """The files of a target, in lists of lists; with --batch, of which Snakemake makes parts, summaries alone.

    What else a target has asks for all runs, so that the first part would make them all.
    """

    def chosen(wildcards):
        if workflow.dag_settings.batch:
            return [f"results/summaries/{study}.parquet" for study in studies]
        return list(flat(files))

    return chosen


def product_of(product, study):
    """The files of something by its name in `jfb.config.requirements`."""
    kind, _, name = product.rpartition(os.sep)
    return figure_of(name, study) if kind else f"results/{product}/{study}.parquet"


def explored_of(study):
    """What the runs of a study must share to be looked at on one page: points and threshold."""
    run = next(iter(project.studies[study].runs.values()))
    return run.dataset, run.accuracy_threshold


def by_study(function):
    """A function of a study as one of wildcards: what a rule takes of the study that they name."""
    return lambda wildcards: function(wildcards.study)


def is_of_study(figure):
    """Whether there is one of every study that has what it needs, or one in all."""
    return f"figures/{figure}" in requirements.NEEDS


def full_of(study):
    """The size of its full batch."""
    runs = project.studies[study].runs.values()
    return {"full": max(run.dataset.training_size for run in runs)}


def factors_of(study):
    return {"factors": list(project.studies[study].factors)} | full_of(study)


@functools.cache
def same_epochs(study):
    """What a study with updates is compared with."""
    return selection.with_equal_epochs(project, study)


def compared_in(study):
    """The summaries of runs after equal epochs, and after equal updates."""
    return [summary_of(same_epochs(study).study), summary_of(study)]


def equal_in(study):
    """Of the figure, the runs that it compares and what they have in common."""
    other = same_epochs(study)
    return full_of(study) | {
        "same": other.same,
        "after": [
            f"{epochs_of(other.study):,} epochs",
            f"{project.studies[study].updates:,} updates",
        ],
    }


def lengths_of(same_epochs, same_updates):
    """Of the figure, the epochs of runs of one study, and the updates of those of another.

    They are asked for when the figure is: the configuration may have neither study.
    """
    return lambda wildcards: {
        "epochs": epochs_of(same_epochs),
        "updates": project.studies[same_updates].updates,
    }


def figure_of(name, study=None):
    """The files of a figure, of a study where it has one for each."""
    path = f"results/figures/{name}_{study}" if study else f"results/figures/{name}"
    return [f"{path}.{ending}" for ending in requirements.FORMATS]


# The parts of the HTML report. Questions stand together by the target that makes them.
FIRST_IN_REPORT = "Table 1 and claims"
OF_PUBLISHED = "The report's figures"
OF_TIMES = "Time and memory"
OF_MINIMA = "Minima of the loss"
OF_QUESTIONS = {
    "further": "What the full batch lacks",
    None: "Methods of second order",
    "images": "Beyond this network",
    "cited": "Cited papers",
}


def group_of_question(name):
    """What a question stands beside in the HTML report."""
    return OF_QUESTIONS[QUESTIONS[name].get("part_of", "further")]


def group_of_figure(name, study):
    """What a figure stands beside in the HTML report."""
    if study:
        return f"Study {study}"
    if name in QUESTIONS:
        return group_of_question(name)
    return {"cost": OF_TIMES, "timing": OF_TIMES, "catalogue": OF_MINIMA}.get(
        name, OF_PUBLISHED
    )


def drawn(name, question, study=None):
    """The files of a figure; the HTML report shows the first with the figure's caption."""
    shown, *others = figure_of(name, study)
    # One label that is unlike every other: the report finds a figure by it.
    labels = {"figure": f"{question} {study}" if study else question}
    in_report = report(
        shown,
        caption=f"../report/{name}.rst",
        category="Figures",
        subcategory=group_of_figure(name, study),
        labels=labels,
    )
    return [in_report, *others]


def summary_of(study):
    return f"results/summaries/{study}.parquet"


def logs_and_alignments(starts):
    """How many logs and alignments there are of each start, in the order of the inputs."""
    sizes = batch_sizes_of(starts["once"])
    return {start: [len(logs_of(study)), len(sizes)] for start, study in starts.items()}


def variances(study):
    """The variance of the noise on targets, by level of the points, where noise is nowhere else."""
    return {
        dict(run.levels)["points"]: run.dataset.variance_of_targets
        for run in project.studies[study].runs.values()
        if run.dataset.variance_of_targets is not None
    }


CRITERIA = WORKFLOW / "questions.yaml"


@functools.cache
def asked():
    """What is asked, by the name of the question, read once a job is planned."""
    return declared.read(CRITERIA)


def answer_of(question):
    return f"results/further/{question}.csv"


def answered(target):
    """The table and the figure of each question of a target."""
    return [
        [answer_of(name), figure_of(name)]
        for name in ASKED
        if QUESTIONS[name].get("part_of", "further") == target
    ]
