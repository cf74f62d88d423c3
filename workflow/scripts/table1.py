"""Table 1 in its forms."""

from jfb import provenance, table1, tables, timings
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    table = table1.tidy(
        tables.read_frame(snakemake.input.replay, "a summary"),
        snakemake.params.replay,
        tables.read_frame(snakemake.input.distribution, "a summary"),
        snakemake.params.distribution,
    )
    for path in snakemake.input.timing:
        measured = timings.as_run(timings.read([path]))
        seconds = timings.summarised(measured, snakemake.params.epochs)
        table = table1.with_times(table, seconds)
    table1.write(table, origin, **dict(snakemake.output.items()))
    log.info("\n%s", table1.to_markdown(table))
