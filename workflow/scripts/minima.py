"""What the final networks of a study are, and what became of their units."""

import pandas as pd

from jfb import files, minima
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    units = pd.read_parquet(snakemake.input.units)
    runs = minima.ends(pd.read_parquet(snakemake.input.summary), units)
    for table, path in (
        (minima.by_category(runs), snakemake.output.minima),
        (minima.fates(units), snakemake.output.fates),
    ):
        with files.whole(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
        log.info("\n%s", table.to_string())
