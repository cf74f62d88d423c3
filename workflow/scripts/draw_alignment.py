"""Draw how far gradients are from their references along training."""

from jfb import alignments, provenance
from jfb.figures import gradients, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    figure = gradients.alignment(alignments.read(snakemake.input.alignments))
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
