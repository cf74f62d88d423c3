"""Summarise a study that was trained in blocks: one row per run."""

from jfb.config import settings
from jfb.records import blocks
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    expected = [settings.Block.from_dict(values) for values in snakemake.params.blocks]
    table = blocks.gather(snakemake.input.blocks, expected)
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
    log.info("%d runs", len(table))
