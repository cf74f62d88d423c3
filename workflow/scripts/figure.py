"""Draw one of the report's figures."""

from jfb import provenance
from jfb.figures import report, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    draw = report.FIGURES[snakemake.params.figure]
    style.write(draw(style.read_logs(snakemake.input.logs)), snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
