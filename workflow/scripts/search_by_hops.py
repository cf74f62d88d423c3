"""Search for lower minima by basin hopping, from the lowest that random starts lead to."""

from jfb.config.settings import Run
from jfb.measure import descents
from jfb.model.exact_loss import ExactLoss
from jfb.records import dataset
from jfb.storage import parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    run = Run.from_dict(snakemake.params.run)
    searches = descents.read({"starts": snakemake.input.starts})
    lowest = searches.loc[searches["loss"].idxmin(), "end"]
    hops = snakemake.params.hops
    after_run = Progress(log, hops + 1, "search")
    table = descents.hops(
        lowest,
        ExactLoss(run.network, training),
        hops,
        snakemake.params.steps,
        len(training),
        after_run,
    )
    parquet.write(snakemake.output[0], provenance.attach(table, snakemake.config))
