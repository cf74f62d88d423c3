"""Draw the loss over epochs of many seeds."""

from jfb.output.figures import seeds, style
from jfb.output.figures.inputs import read_logs
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    figure = seeds.bands(read_logs(snakemake.input.logs))
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
