"""Search for minima from random starts, some times as wide as those of training."""

from jfb.config.settings import Run
from jfb.measure import descents
from jfb.model.exact_loss import ExactLoss
from jfb.records import dataset
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    run = Run.from_dict(snakemake.params.run)
    draws = snakemake.params.starts
    starts = descents.random_starts(run, draws, float(snakemake.wildcards.width))
    after_run = Progress(log, draws, "search")
    problem = ExactLoss(run.network, training)
    table = descents.from_networks(starts, problem, snakemake.params.steps, after_run)
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
