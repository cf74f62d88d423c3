"""README and the pages of docs with numbers, from their templates and the numbers."""

from jfb.output import pages, templates
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    sources = templates.read(
        snakemake.input.numbers,
        snakemake.input.records,
        snakemake.input.questions,
        snakemake.input.claims,
        snakemake.input.changes,
        snakemake.config,
    )
    for template, page in zip(snakemake.input.templates, snakemake.output, strict=True):
        pages.write(page, templates.page(template, sources))
        log.info("%s", page)
