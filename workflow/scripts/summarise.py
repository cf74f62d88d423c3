"""Summarise the logs of a study: one row per run."""

from jfb import provenance, settings, summary, tables
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    runs = [settings.Run.from_dict(values) for values in snakemake.params.runs]
    table = summary.of_logs(snakemake.input.logs, runs)
    tables.write(snakemake.output[0], provenance.attach(table, snakemake.config))
    log.info("%d runs", len(table))
