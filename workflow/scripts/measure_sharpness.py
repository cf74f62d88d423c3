"""Measure the sharpness at the end of every run of a study."""

from jfb.measure import sharpness
from jfb.records import blocks, dataset
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    ends = blocks.finals(snakemake.input.final, snakemake.params.trained)
    table = sharpness.of_runs(ends, training, Progress(log, len(ends), "run"))
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
