"""Draw the loss over epochs of many seeds."""

from jfb import provenance
from jfb.figures import seeds, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    figure = seeds.bands(style.read_logs(snakemake.input.logs))
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
