"""Verdicts on the claims of the report."""

from pathlib import Path

import yaml

from jfb import claims, evidence, provenance, verdicts
from jfb.progress import job_log

with job_log(snakemake.log[0]) as log:
    listed = claims.read(yaml.safe_load(Path(snakemake.input.claims).read_text(encoding="utf-8")))
    judged = claims.judge(listed, evidence.read(snakemake.params.made))
    origin = provenance.of(snakemake.config)
    verdicts.write(judged, snakemake.params.lacking, origin, **dict(snakemake.output.items()))
    log.info("judged %d claims", len(judged))
