"""Table 1 in its forms."""

import pandas as pd

from jfb import table1, timing
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    table = table1.tidy(
        pd.read_parquet(snakemake.input.replay),
        snakemake.params.replay,
        pd.read_parquet(snakemake.input.distribution),
        snakemake.params.distribution,
    )
    for path in snakemake.input.timing:
        seconds = timing.summarised(pd.read_csv(path), snakemake.params.epochs)
        table = table1.with_times(table, seconds)
    table1.write(table, **dict(snakemake.output.items()))
    log.info("\n%s", table1.to_markdown(table))
