"""Carry out one run: its log, and its best and final parameters."""

from jfb.config import settings
from jfb.engines import bookkeeping
from jfb.engines.interface import open_engine
from jfb.records import dataset, parameters, runlog, snapshots
from jfb.storage.joblog import Progress, job_log
from jfb.streams.interface import open_stream

with job_log(snakemake.log[0]) as log:
    run = settings.Run.from_dict(snakemake.params.run)
    log.info("%s", run)
    training, validation = dataset.read(snakemake.input.data, run.dataset.inputs)
    after_epoch = bookkeeping.telling(Progress(log, run.epochs, "epoch"))
    outcome = open_engine(run)(run, open_stream(run), training, validation, after_epoch)
    last = len(outcome.log["epoch"])
    if warning := bookkeeping.warning_of(run, int(outcome.log["unconverged"][-1])):
        log.warning(warning)
    parameters.write(snakemake.output.best, outcome.best, outcome.shapes, outcome.best_epoch)
    parameters.write(snakemake.output.final, outcome.final, outcome.shapes, last)
    snapshots.write(snakemake.output.snapshots, outcome.snapshots, outcome.shapes)
    runlog.write(snakemake.output.log, outcome.log, run, outcome.versions, outcome.ended)
    log.info("done: epoch %d of %d%s", last, run.epochs, f", {outcome.ended}" * bool(outcome.ended))
