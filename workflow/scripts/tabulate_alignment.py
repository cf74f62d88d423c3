"""How far gradients are from their references: a table by batch size and comparison."""

from jfb.analysis import alignment
from jfb.storage import documents, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    table = alignment.table(alignment.read(snakemake.input.alignments))
    documents.write_csv(snakemake.output.csv, table, provenance.of(snakemake.config))
    log.info("\n%s", table.to_string())
