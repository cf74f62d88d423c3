"""Draw what a step costs, by gradient."""

import pandas as pd

from jfb import costs, provenance
from jfb.figures import gradients, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    table = costs.summarised(pd.read_csv(snakemake.input.cost))
    style.write(gradients.cost(table), snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
