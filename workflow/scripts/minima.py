"""What the final networks of a study are, and what became of their units."""

import pandas as pd

from jfb.analysis import fates, minima
from jfb.storage import documents, parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    summary = parquet.read_frame(snakemake.input.summary, "a summary")
    units = parquet.read_frame(snakemake.input.units, "units of runs")
    closed_forms = pd.read_csv(snakemake.input.closed_forms)
    origin = provenance.of(snakemake.config)
    for table, path in (
        (minima.by_category(minima.ends(summary, units), closed_forms), snakemake.output.minima),
        (fates.fates(summary, units), snakemake.output.fates),
    ):
        documents.write_csv(path, table, origin)
        log.info("\n%s", table.to_string())
