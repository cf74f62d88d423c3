"""Draw one of the report's figures."""

from jfb.output.figures import published, style
from jfb.output.figures.inputs import read_logs
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    draw = published.FIGURES[snakemake.params.figure]
    style.write(draw(read_logs(snakemake.input.logs)), snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
