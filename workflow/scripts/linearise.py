"""Compare gradients, and measure what is linear at fixed points, along the runs of a batch size."""

from jfb.config.settings import Run
from jfb.measure import linearisation
from jfb.records import dataset, snapshots
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    runs = [Run.from_dict(run) for run in snakemake.params.runs]
    training, _ = dataset.read(snakemake.input.data, runs[0].dataset.inputs)
    shapes = linearisation.shapes(runs[0].network)
    paths = zip(runs, snakemake.input.snapshots, strict=True)
    kept = [(run, snapshots.read(path, run, shapes)) for run, path in paths]
    table = linearisation.of_runs(kept, training, Progress(log, len(runs), "run"))
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
