"""Draw the time of a run by engine and batch size, beside the published one."""

from jfb import provenance, timings
from jfb.figures import style
from jfb.figures import timing as figures
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    both = timings.with_published(timings.read([snakemake.input.timing]))
    epochs = snakemake.params.epochs
    figure = figures.timing(timings.summarised(both, epochs), timings.relative(both), epochs)
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
