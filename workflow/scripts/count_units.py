"""Count the active and switching units, and kinks of the function, along the runs of a study."""

from jfb.config.settings import Run
from jfb.measure import units
from jfb.records import dataset, snapshots
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    runs = [Run.from_dict(run) for run in snakemake.params.runs]
    paths = zip(runs, snakemake.input.snapshots, strict=True)
    kept = [(run, snapshots.read(path, run)) for run, path in paths]
    after_run = Progress(log, len(runs), "run")
    table = units.of_runs(kept, training, after_run)
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
