"""Measure the sharpness at the end of every run of a study."""

from jfb import dataset, parameters, provenance, sharpness, tables
from jfb.progress import Progress, job_log
from jfb.settings import Run

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    runs = [Run.from_dict(run) for run in snakemake.params.runs]
    paths = zip(runs, snakemake.input.final, strict=True)
    ends = [(run, parameters.read(path, run.network)) for run, path in paths]
    after_run = Progress(log, len(runs), "run")
    table = sharpness.of_runs(ends, training, after_run)
    tables.write(snakemake.output[0], provenance.attach(table, snakemake.config))
