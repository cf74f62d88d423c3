"""Table 1 in its forms."""

from jfb.analysis import table1, timing
from jfb.output.table1 import to_markdown, write
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    table = table1.tidy(
        parquet.read_frame(snakemake.input.replay, "a summary"),
        snakemake.params.replay,
        parquet.read_frame(snakemake.input.distribution, "a summary"),
        snakemake.params.distribution,
    )
    for path in snakemake.input.timing:
        measured = timing.as_run(timing.read([path]))
        seconds = timing.summarised(measured, snakemake.params.epochs)
        table = table1.with_times(table, seconds)
    engine = snakemake.params.engine
    write(table, engine, origin, **dict(snakemake.output.items()))
    log.info("\n%s", to_markdown(table, engine))
