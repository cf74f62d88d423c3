"""README and the pages of docs with numbers, from their templates and the numbers."""

from jfb.output import templates
from jfb.storage import files
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    sources = templates.read(
        snakemake.input.numbers,
        snakemake.input.records,
        snakemake.input.questions,
        snakemake.input.claims,
        snakemake.input.changes,
    )
    for template, page in zip(snakemake.input.templates, snakemake.output, strict=True):
        with files.whole(page) as temporary:
            temporary.write_text(templates.page(template, sources), encoding="utf-8")
        log.info("%s", page)
