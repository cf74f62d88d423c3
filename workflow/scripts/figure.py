"""Draw one of the report's figures."""

from jfb.figures import report, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    draw = report.FIGURES[snakemake.params.figure]
    style.write(draw(style.read_logs(snakemake.input.logs)), snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
