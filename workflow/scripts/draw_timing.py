"""Draw the time of a run by engine and batch size, beside the published one."""

import pandas as pd

from jfb import provenance, timing
from jfb.figures import style
from jfb.figures import timing as figures
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    measured = timing.with_published(pd.read_csv(snakemake.input.timing))
    epochs = snakemake.params.epochs
    figure = figures.timing(timing.summarised(measured, epochs), timing.relative(measured), epochs)
    style.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
