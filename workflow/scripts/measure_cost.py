"""Measure what a step costs, by gradient."""

from jfb.config import settings
from jfb.measure import cost, machine
from jfb.records import dataset
from jfb.storage import documents, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    wanted = settings.Cost.from_dict(snakemake.params.cost)
    training, _ = dataset.read(snakemake.input.data)
    progress = Progress(log, sum(1 for _ in cost.cases(wanted)), "case")
    table = cost.measure(wanted, training, progress)
    documents.write_csv(snakemake.output.csv, table, provenance.of(snakemake.config))
    log.info("\n%s", table.to_string())
    loads = table.groupby(["varied", "iterations", "latent_dim"])["load"].first()
    line = f"cost: {machine.of_load(loads.tolist(), table['cores'].iloc[0], 'cases')}"
    log.info(line)
    print(line)
