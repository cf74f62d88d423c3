"""Count the active and switching units, and kinks of the function, along the runs of a study."""

from jfb import dataset, provenance, snapshots, tables, units
from jfb.progress import Progress, job_log
from jfb.settings import Run

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    runs = [Run.from_dict(run) for run in snakemake.params.runs]
    paths = zip(runs, snakemake.input.snapshots, strict=True)
    kept = [(run, snapshots.read(path, run)) for run, path in paths]
    after_run = Progress(log, len(runs), "run")
    table = units.of_runs(kept, training, after_run)
    tables.write(snakemake.output[0], provenance.attach(table, snakemake.config))
