"""Draw the sharpness at the end of every run against its loss."""

from jfb.output.figures import minima, style
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    style.write(
        minima.sharpness(parquet.read_frame(snakemake.input.sharpness, "sharpness")),
        snakemake.output,
        origin,
    )
    log.info("drew %s", ", ".join(snakemake.output))
