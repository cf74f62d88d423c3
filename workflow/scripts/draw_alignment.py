"""Draw how far gradients are from their references along training."""

from jfb.analysis import alignment
from jfb.output.figures import gradients, style
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    figure = gradients.alignment(alignment.read(snakemake.input.alignments))
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
