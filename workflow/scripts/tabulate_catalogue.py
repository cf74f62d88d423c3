"""The catalogue of minima: its entries, who ends at which, and the functions that they are."""

import pandas as pd

from jfb.analysis import catalogue
from jfb.config.errors import ConfigError
from jfb.config.settings import Run
from jfb.measure import descents, entries, functions
from jfb.records import dataset
from jfb.storage import documents, parquet, provenance
from jfb.storage.joblog import Progress, job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    network = Run.from_dict(snakemake.params.run).network
    searches = descents.read(snakemake.params.sources)
    starts, ends = (
        functions.predictions(searches[name], network, training) for name in ("start", "end")
    )
    found = catalogue.group(searches["loss"], ends, searches["ended"])
    if not len(found):
        steps = snakemake.params.steps
        raise ConfigError("catalogue.steps", steps, "is too few: no search came to an end")
    lowest = searches.loc[found]
    runs = catalogue.assigned(searches, starts, ends, lowest["loss"].to_numpy(), ends[found])
    log.info("%d searches, %d entries", len(runs), len(found))
    measured, fits = entries.measure(
        lowest["end"],
        network,
        training,
        snakemake.params.steps,
        Progress(log, len(found), "entry"),
    )
    parquet.write(
        snakemake.output.networks, provenance.attach(descents.select(lowest), snakemake.config)
    )
    origin = provenance.of(snakemake.config)
    for table, path in (
        (
            catalogue.table(
                measured,
                lowest["ended"],
                runs,
                pd.read_csv(snakemake.input.closed_forms),
            ),
            snakemake.output.entries,
        ),
        (catalogue.shares(runs, range(1, len(found) + 1)), snakemake.output.shares),
        (catalogue.of_runs(runs), snakemake.output.runs),
        (fits, snakemake.output.fits),
    ):
        documents.write_csv(path, table, origin)
    log.info("\n%s", pd.read_csv(snakemake.output.entries).to_string())
