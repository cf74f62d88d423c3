"""Draw the spectral norm of the latent weight along training."""

from jfb.output.figures import factors, style
from jfb.output.figures.inputs import read_logs
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    logs = read_logs(snakemake.input.logs)
    style.write(factors.spectral_norm(logs, snakemake.params.factors), snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
