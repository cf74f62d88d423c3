"""Compare the JFB gradient with the exact one at the snapshots of a run."""

from jfb import alignment, dataset, provenance, settings, snapshots, tables
from jfb.progress import Progress, job_log

with job_log(snakemake.log[0]) as log:
    run = settings.Run.from_dict(snakemake.params.run)
    training, _ = dataset.read(snakemake.input.data)
    kept = snapshots.read(snakemake.input.snapshots, run)
    progress = Progress(log, len(kept.epochs), "snapshot")
    rows = alignment.along(run, kept, training, progress)
    table = alignment.to_table(rows, run)
    tables.write(snakemake.output[0], provenance.attach(table, snakemake.config))
