"""Draw the losses by the final function, and the functions along training."""

import pandas as pd

from jfb.analysis import minima
from jfb.output.figures import minima as figures
from jfb.output.figures import style
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    units = parquet.read_frame(snakemake.input.units, "units of runs")
    runs = minima.ends(parquet.read_frame(snakemake.input.summary, "a summary"), units)
    closed_forms = pd.read_csv(snakemake.input.closed_forms)
    style.write(figures.kinks(runs, closed_forms), snakemake.output.kinks, origin)
    style.write(figures.fates(units), snakemake.output.fates, origin)
    log.info("drew %s", ", ".join(snakemake.output))
