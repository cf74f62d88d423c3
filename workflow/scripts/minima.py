"""What the final networks of a study are, and what became of their units."""

from jfb import minima, pages, provenance, tables
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    units = tables.read_frame(snakemake.input.units, "units of runs")
    runs = minima.ends(tables.read_frame(snakemake.input.summary, "a summary"), units)
    origin = provenance.of(snakemake.config)
    for table, path in (
        (minima.by_category(runs), snakemake.output.minima),
        (minima.fates(units), snakemake.output.fates),
    ):
        pages.write_csv(path, table, origin)
        log.info("\n%s", table.to_string())
