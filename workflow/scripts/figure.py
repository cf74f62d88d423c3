"""Draw one of the report's figures."""

from jfb import figures
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    draw = figures.FIGURES[snakemake.params.figure]
    figures.write(draw(figures.read_logs(snakemake.input.logs)), snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
