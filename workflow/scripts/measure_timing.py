"""Time the epochs of each engine at the batch sizes of the replay."""

from jfb.analysis.timing import summarised
from jfb.config import settings
from jfb.measure import machine, timing
from jfb.records import dataset, snapshots
from jfb.storage import documents, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    wanted = settings.Timing.from_dict(snakemake.params.timing)
    training, validation = dataset.read(snakemake.input.data)
    runs = [settings.Run.from_dict(run) for run in snakemake.params.runs]
    paths = zip(runs, snakemake.input.snapshots, strict=True)
    kept = {run: snapshots.read(path, run) for run, path in paths}
    after_case = Progress(log, len(timing.cases(wanted, runs)), "measurement")
    table = timing.measure(wanted, kept, training, validation, after_case)
    documents.write_csv(snakemake.output.csv, table, provenance.of(snakemake.config))
    log.info("\n%s", summarised(table, runs[0].epochs).to_string())
    loads = table.groupby("round")["load"].first()
    line = f"timing: {machine.of_load(loads.tolist(), table['cores'].iloc[0], 'rounds')}"
    log.info(line)
    print(line)
