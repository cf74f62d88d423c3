"""Draw the share of seeds that reach the minimum, by the factors of a study."""

from jfb.output.figures import factors, style
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    figure = factors.shares(
        parquet.read_frame(snakemake.input.summary, "a summary"), snakemake.params.factors
    )
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
