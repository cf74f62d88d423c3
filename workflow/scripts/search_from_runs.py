"""Search for minima from the final networks of a study's first runs at a batch size."""

from jfb.measure import descents
from jfb.model.exact_loss import ExactLoss
from jfb.records import blocks, dataset
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    ends = blocks.finals(snakemake.input.final, snakemake.params.trained)
    first = [
        (run, network)
        for run, network in ends
        if run.seed in snakemake.params.seeds and run.batch_size == snakemake.params.batch_size
    ]
    problem = ExactLoss(first[0][0].network, training)
    networks = descents.of_runs(first)
    after_run = Progress(log, len(networks), "search")
    table = descents.from_networks(networks, problem, snakemake.params.steps, after_run)
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
