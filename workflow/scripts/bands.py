"""Draw the loss over epochs of many seeds."""

from jfb import plotting, seed_figures
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    figure = seed_figures.bands(plotting.read_logs(snakemake.input.logs))
    plotting.write(figure, snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
