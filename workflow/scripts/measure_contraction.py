"""Measure whether the final networks of a study contract, and reach their fixed points."""

from jfb import contracting, dataset, gathering, provenance, tables
from jfb.progress import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    ends = gathering.finals(snakemake.input.final, snakemake.params.trained)
    table = contracting.of_runs(ends, training, Progress(log, len(ends), "run"))
    tables.write(snakemake.output[0], provenance.attach(table, snakemake.config))
