"""Draw the lowest losses by kinks, and what becomes of the units."""

import pandas as pd

from jfb import minima
from jfb.figures import minima as figures
from jfb.figures import style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    units = pd.read_parquet(snakemake.input.units)
    runs = minima.ends(pd.read_parquet(snakemake.input.summary), units)
    style.write(figures.kinks(runs), snakemake.output.kinks)
    style.write(figures.fates(units), snakemake.output.fates)
    log.info("drew %s", ", ".join(snakemake.output))
