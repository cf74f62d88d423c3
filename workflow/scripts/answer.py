"""Answer a question: what its studies measured, and what that says of its criteria."""

from importlib import import_module

from jfb.analysis.questions import measured
from jfb.storage import documents, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    question = import_module(snakemake.params.module)
    tables = {name: read(snakemake.input[name]) for name, read in question.READERS.items()}
    rows = question.measure(**tables, **snakemake.params.options)
    table = measured.table(rows, snakemake.params.criteria)
    documents.write_csv(snakemake.output.csv, table, provenance.of(snakemake.config))
    log.info("\n%s", table.to_string())
