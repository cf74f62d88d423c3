"""The page of findings, and the figures that it shows."""

import shutil
from pathlib import Path

import pandas as pd

from jfb import files, findings, pages, provenance, tables, timings
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    given = snakemake.input
    results = findings.Results(
        claims=pd.read_csv(given.claims),
        evidence=pd.read_csv(given.evidence),
        table1=pd.read_csv(given.table1),
        summaries={
            part: tables.read_frame(getattr(given, part), "a summary")
            for part in ("seeds", "landscape", "updates", "gradients")
        },
        minima=pd.read_csv(given.minima),
        minima_of_replay=pd.read_csv(given.minima_of_replay),
        fates=pd.read_csv(given.fates),
        timing=timings.read([given.timing]),
        **dict(snakemake.params.items()),
    )
    template = Path(given.template).read_text(encoding="utf-8")
    page = findings.render(template, results)
    for figure, copy in zip(given.figures, snakemake.output.figures, strict=True):
        with files.whole(copy) as temporary:
            shutil.copyfile(figure, temporary)
    pages.write_text(snakemake.output.page, page, provenance.of(snakemake.config))
    log.info("%s: %d lines", snakemake.output.page, page.count("\n"))
