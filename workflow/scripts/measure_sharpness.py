"""Measure the sharpness at the end of every run of a study."""

from jfb import dataset, gathering, provenance, sharpness, tables
from jfb.progress import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    ends = gathering.finals(snakemake.input.final, snakemake.params.trained)
    table = sharpness.of_runs(ends, training, Progress(log, len(ends), "run"))
    tables.write(snakemake.output[0], provenance.attach(table, snakemake.config))
