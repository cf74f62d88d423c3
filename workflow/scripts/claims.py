"""Verdicts on the claims of the report."""

from jfb.analysis import claims, decisions, rule_changes, sensitivity, tables
from jfb.output import verdicts
from jfb.storage import declared, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    document, changes = (
        declared.read(path) for path in (snakemake.input.claims, snakemake.input.changes)
    )
    rule_changes.require(document, changes)
    listed, taken = claims.read(document), tables.read(snakemake.params.taken)
    judged = decisions.judge(listed, taken)
    others = sensitivity.table(listed, judged, taken)
    page = verdicts.Page(judged, others, document, changes, snakemake.params.sizes)
    origin = provenance.of(snakemake.config)
    verdicts.write(page, origin, snakemake.input.template, **dict(snakemake.output.items()))
    log.info("judged %d claims", len(judged))
