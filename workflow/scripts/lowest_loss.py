"""Draw the lowest losses of many seeds: run by run, or their distribution."""

from jfb.output.figures import seeds, style
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    draw = seeds.OF_SUMMARY[snakemake.params.figure]
    style.write(
        draw(parquet.read_frame(snakemake.input.summary, "a summary")), snakemake.output, origin
    )
    log.info("drew %s", ", ".join(snakemake.output))
