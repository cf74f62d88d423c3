"""Verdicts on the claims of the report."""

from pathlib import Path

import yaml

from jfb.analysis import claims, decisions, evidence, rule_changes, sensitivity
from jfb.output import verdicts
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    document, changes = (
        yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        for path in (snakemake.input.claims, snakemake.input.changes)
    )
    rule_changes.require(document, changes)
    listed, tables = claims.read(document), evidence.read(snakemake.params.made)
    judged = decisions.judge(listed, tables)
    others = sensitivity.table(listed, judged, tables)
    page = verdicts.Page(document["rule"], judged, others, changes, snakemake.params.lacking)
    origin = provenance.of(snakemake.config)
    verdicts.write(page, origin, **dict(snakemake.output.items()))
    log.info("judged %d claims", len(judged))
