"""Draw one of the report's figures."""

from jfb import figures, plotting
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    draw = figures.FIGURES[snakemake.params.figure]
    plotting.write(draw(plotting.read_logs(snakemake.input.logs)), snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
