"""Carry out a block of runs, as many at a time as the job has threads: one row per run."""

import dataclasses

from jfb import blocks, dataset, settings, tables
from jfb.progress import Progress, job_log

with job_log(snakemake.log[0]) as log:
    first = settings.Run.from_dict(snakemake.params.run)
    runs = [dataclasses.replace(first, seed=seed) for seed in snakemake.params.seeds]
    log.info("%d seeds, %d at a time, of %s", len(runs), snakemake.threads, first)
    training, validation = dataset.read(snakemake.input.data)
    progress = Progress(log, len(runs), "run")
    table = blocks.train(runs, training, validation, snakemake.threads, progress)
    tables.write(snakemake.output[0], table)
