"""Draw the lowest losses by kinks, and what becomes of the units."""

from jfb import minima, provenance, tables
from jfb.figures import minima as figures
from jfb.figures import style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    units = tables.read_frame(snakemake.input.units, "units of runs")
    runs = minima.ends(tables.read_frame(snakemake.input.summary, "a summary"), units)
    style.write(figures.kinks(runs), snakemake.output.kinks, origin)
    style.write(figures.fates(units), snakemake.output.fates, origin)
    log.info("drew %s", ", ".join(snakemake.output))
