"""Draw the share of seeds that reach the minimum after the same epochs and the same updates."""

import pandas as pd

from jfb.figures import factors, style
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    parts = zip(snakemake.input.summaries, snakemake.params.after, strict=True)
    table = pd.concat([pd.read_parquet(path).assign(after=after) for path, after in parts])
    style.write(factors.shares(table, ["after"]), snakemake.output)
    log.info("drew %s", ", ".join(snakemake.output))
