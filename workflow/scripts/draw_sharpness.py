"""Draw the sharpness at the end of every run against its loss."""

import pandas as pd

from jfb.figures import minima, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    style.write(minima.sharpness(pd.read_parquet(snakemake.input.sharpness)), snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
