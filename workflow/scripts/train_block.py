"""Carry out a block of runs: one row per run."""

from jfb.config import settings
from jfb.engines import blocks
from jfb.records import dataset
from jfb.storage import parquet
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    block = settings.Block.from_dict(snakemake.params.block)
    log.info("%d seeds of %s", len(block.seeds), block.runs)
    training, validation = dataset.read(snakemake.input.data, block.runs[0].dataset.inputs)
    progress = Progress(log, len(block.runs) * len(block.seeds), "run")
    table = blocks.train(block, training, validation, progress)
    parquet.write(snakemake.output[0], table)
