"""Summarise the logs of a study: one row per run."""

from jfb.config import settings
from jfb.engines import summary
from jfb.records import dataset
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    runs = [settings.Run.from_dict(values) for values in snakemake.params.runs]
    training, _ = dataset.read(snakemake.input.data, runs[0].dataset.inputs)
    table = summary.of_logs(snakemake.input.logs, snakemake.input.best, runs, training)
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
    log.info("%d runs", len(table))
