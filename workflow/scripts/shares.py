"""Draw the share of seeds that reach the minimum, by the factors of a study."""

from jfb import provenance, tables
from jfb.figures import factors, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    figure = factors.shares(
        tables.read_frame(snakemake.input.summary, "a summary"), snakemake.params.factors
    )
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
