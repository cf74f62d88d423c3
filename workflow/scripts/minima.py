"""What the final networks of a study are, and what became of their units."""

import pandas as pd

from jfb import fates, minima, pages, provenance, tables
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    summary = tables.read_frame(snakemake.input.summary, "a summary")
    units = tables.read_frame(snakemake.input.units, "units of runs")
    closed_forms = pd.read_csv(snakemake.input.closed_forms)
    origin = provenance.of(snakemake.config)
    for table, path in (
        (minima.by_category(minima.ends(summary, units), closed_forms), snakemake.output.minima),
        (fates.fates(summary, units), snakemake.output.fates),
    ):
        pages.write_csv(path, table, origin)
        log.info("\n%s", table.to_string())
