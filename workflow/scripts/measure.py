"""Measure something of every run of a study, from its snapshots."""

from importlib import import_module

from jfb.config.settings import Run
from jfb.measure.linearisation import shapes
from jfb.records import dataset, snapshots
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    module = import_module(snakemake.params.module)
    runs = [Run.from_dict(run) for run in snakemake.params.runs]
    parts = dataset.read(snakemake.input.data, runs[0].dataset.inputs)
    progress = Progress(log, len(runs), "run")
    rows = []
    for done, (run, path) in enumerate(zip(runs, snakemake.input.snapshots, strict=True), 1):
        rows += module.along(run, snapshots.read(path, run, shapes(run.network)), *parts)
        progress(done)
    table = parquet.from_rows(rows, module.SCHEMA)
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
