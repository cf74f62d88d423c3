"""Summarise a study that was trained in blocks: one row per run."""

import dataclasses

from jfb import blocks, settings, tables
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    runs = []
    for block in snakemake.params.blocks:
        first = settings.Run.from_dict(block["run"])
        runs.append([dataclasses.replace(first, seed=seed) for seed in block["seeds"]])
    table = blocks.gather(snakemake.input.blocks, runs)
    tables.write(snakemake.output[0], table)
    log.info("%d runs", len(table))
