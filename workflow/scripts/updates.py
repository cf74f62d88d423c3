"""Draw the share of seeds that reach the minimum after the same epochs and the same updates."""

import pandas as pd

from jfb.output.figures import factors, style
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    parts = zip(snakemake.input.summaries, snakemake.params.after, strict=True)
    table = pd.concat(
        [parquet.read_frame(path, "a summary").assign(after=after) for path, after in parts]
    )
    style.write(factors.shares(table, ["after"]), snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
