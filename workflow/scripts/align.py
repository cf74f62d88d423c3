"""Compare gradients at the snapshots of the runs of a batch size, at several tolerances."""

from jfb.config.settings import Run
from jfb.measure import alignment
from jfb.records import dataset, snapshots
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    runs = [Run.from_dict(run) for run in snakemake.params.runs]
    paths = zip(runs, snakemake.input.snapshots, strict=True)
    kept = [(run, snapshots.read(path, run)) for run, path in paths]
    after_run = Progress(log, len(runs), "run")
    table = alignment.of_runs(kept, snakemake.params.tolerances, training, after_run)
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
