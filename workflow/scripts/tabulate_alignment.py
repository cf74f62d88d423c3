"""How far gradients are from their references: a table by batch size and comparison."""

from jfb import alignments, pages, provenance
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    table = alignments.table(alignments.read(snakemake.input.alignments))
    pages.write_csv(snakemake.output.csv, table, provenance.of(snakemake.config))
    log.info("\n%s", table.to_string())
