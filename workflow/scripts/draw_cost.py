"""Draw what a step costs, by gradient."""

import pandas as pd

from jfb.figures import gradients, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    style.write(gradients.cost(pd.read_csv(snakemake.input.cost)), snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
