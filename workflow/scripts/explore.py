"""Write the page on which runs are looked at."""

from pathlib import Path

import pandas as pd

from jfb.output import explorer, pages
from jfb.storage import parquet, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    studies, logs = {}, iter(snakemake.input.logs)
    for (name, count), path in zip(
        snakemake.params.counts.items(), snakemake.input.pieces, strict=True
    ):
        pieces = parquet.read_frame(path, "functions along runs")
        studies[name] = [next(logs) for _ in range(count)], pieces
    found = explorer.payload(
        studies,
        snakemake.input.data,
        pd.read_csv(snakemake.input.closed_forms),
        snakemake.params.threshold,
        snakemake.params.replay,
        provenance.of(snakemake.config),
    )
    folder = next(Path(part).parent for part in snakemake.input.parts if part.endswith(".html"))
    text = explorer.page(found, folder)
    pages.write(snakemake.output[0], text)
    log.info("%d runs, %.1f MB", len(found["runs"]), len(text.encode()) / 1e6)
