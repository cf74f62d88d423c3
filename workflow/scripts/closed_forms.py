"""The least losses of simple functions of the position on a dataset's training points."""

from jfb.measure import closed_forms
from jfb.records import dataset
from jfb.storage import documents, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    table = closed_forms.table(training)
    documents.write_csv(snakemake.output.table, table, provenance.of(snakemake.config))
    log.info("\n%s", table.to_string())
