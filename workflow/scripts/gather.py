"""Summarise a study that was trained in blocks: one row per run."""

from jfb import gathering, provenance, settings, tables
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    expected = [settings.Block.from_dict(values) for values in snakemake.params.blocks]
    table = gathering.gather(snakemake.input.blocks, expected)
    tables.write(snakemake.output[0], provenance.attach(table, snakemake.config))
    log.info("%d runs", len(table))
