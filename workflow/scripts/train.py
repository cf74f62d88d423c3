"""Carry out one run: its log, and its best and final parameters."""

from jfb import dataset, parameters, runlog, settings, snapshots
from jfb.engines import open_engine
from jfb.progress import Progress, job_log
from jfb.streams import open_stream

with job_log(snakemake.log[0]) as log:
    run = settings.Run.from_dict(snakemake.params.run)
    log.info("%s", run)
    training, validation = dataset.read(snakemake.input.data)
    progress = Progress(log, run.epochs, "epoch")
    outcome = open_engine(run)(run, open_stream(run), training, validation, progress.epoch)
    last = len(outcome.log["epoch"])
    if stopped := outcome.log["unconverged"][-1]:
        limit = run.solver.max_iterations
        log.warning(
            "%d forward passes of the last epoch were stopped by max_iterations = %d: the point "
            "that %s keeps then is no fixed point%s",
            stopped,
            limit,
            run.solver.name,
            ", but the last iterate; where iterates alternate, the limit's parity decides which"
            if run.solver.name == "picard"
            else ", but the iterate with the smallest residual",
        )
    parameters.write(snakemake.output.best, outcome.best, run.network, outcome.best_epoch)
    parameters.write(snakemake.output.final, outcome.final, run.network, last)
    snapshots.write(snakemake.output.snapshots, outcome.snapshots, run.network)
    runlog.write(snakemake.output.log, outcome.log, run, outcome.versions)
    log.info("done: epoch %d of %d", last, run.epochs)
