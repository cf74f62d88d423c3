"""README and the pages of docs with numbers, from their templates and the numbers."""

from pathlib import Path

import yaml

from jfb.output import numbers, templates
from jfb.storage import files
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    found = numbers.read(snakemake.input.numbers)
    records = templates.read_records(snakemake.input.records)
    questions = yaml.safe_load(Path(snakemake.input.questions).read_text(encoding="utf-8"))
    rules = templates.read_rules(snakemake.input.claims, snakemake.input.changes)
    for template, page in zip(snakemake.input.templates, snakemake.output, strict=True):
        with files.whole(page) as temporary:
            text = templates.page(template, found, records, questions, rules)
            temporary.write_text(text, encoding="utf-8")
        log.info("%s", page)
