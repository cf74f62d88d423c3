"""The numbers of README, findings and sizes, and the figures that they show, beside the pages."""

import json

from jfb.config.project import load
from jfb.output import numbers
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    project = load(snakemake.config)
    copies = dict(zip(snakemake.output.figures, snakemake.input.figures, strict=True))
    numbers.copy_figures(copies)
    sources = {
        name: numbers.Source(kind, tuple(paths))
        for name, (kind, paths) in snakemake.params.tables.items()
    }
    origin = json.loads(provenance.of(snakemake.config))
    found = {
        "made_by": "snakemake findings",
        "origin": origin,
        "studies": numbers.of_studies(project, snakemake.params.studies),
        "figures": numbers.of_figures(copies),
        "tables": numbers.made_at(numbers.collect(sources), origin["commit"]),
    }
    numbers.write(snakemake.output.numbers, found)
    log.info("%s: %d tables", snakemake.output.numbers, len(found["tables"]))
