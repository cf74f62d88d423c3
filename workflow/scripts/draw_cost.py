"""Draw what a step costs, by gradient."""

import pandas as pd

from jfb.analysis import cost
from jfb.output.figures import gradients, style
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    table = cost.summarised(pd.read_csv(snakemake.input.cost))
    style.write(gradients.cost(table), snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
