"""Draw the share of seeds that reach the minimum, by the factors of a study."""

import pandas as pd

from jfb.figures import factors, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    figure = factors.shares(pd.read_parquet(snakemake.input.summary), snakemake.params.factors)
    style.write(figure, snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
