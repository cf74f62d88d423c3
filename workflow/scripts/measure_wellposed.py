"""Measure which conditions for a unique fixed point hold along the runs of a study."""

from jfb.config.settings import Run
from jfb.measure import wellposed
from jfb.records import dataset, snapshots
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    runs = [Run.from_dict(run) for run in snakemake.params.runs]
    paths = zip(runs, snakemake.input.snapshots, strict=True)
    kept = [(run, snapshots.read(path, run)) for run, path in paths]
    table = wellposed.of_runs(kept, training, Progress(log, len(runs), "run"))
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
