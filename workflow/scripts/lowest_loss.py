"""Draw the lowest losses of many seeds: run by run, or their distribution."""

import pandas as pd

from jfb.figures import seeds, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    draw = seeds.OF_SUMMARY[snakemake.params.figure]
    style.write(draw(pd.read_parquet(snakemake.input.summary)), snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
