"""Draw the time of a run by engine and batch size, beside the published one."""

from jfb.analysis import timing
from jfb.output.figures import style
from jfb.output.figures import timing as figures
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    both = timing.with_published(timing.read([snakemake.input.timing]))
    epochs = snakemake.params.epochs
    figure = figures.timing(timing.summarised(both, epochs), timing.relative(both), epochs)
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
