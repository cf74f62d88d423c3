"""Which entry of the catalogue each run of a study is at, and which it leads to."""

import pandas as pd

from jfb.analysis import catalogue
from jfb.config.settings import Run
from jfb.measure import descents, functions
from jfb.records import dataset
from jfb.storage import documents, provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    training, _ = dataset.read(snakemake.input.data)
    network = Run.from_dict(snakemake.params.run).network
    searches = descents.read({"runs": snakemake.input.searches})
    found = descents.read({"entries": [snakemake.input.networks]})
    starts = functions.predictions(searches["start"], network, training)
    ends = functions.predictions(searches["end"], network, training)
    entries = functions.predictions(found["end"], network, training)
    runs = catalogue.assigned(searches, starts, ends, found["loss"].to_numpy(), entries)
    placed = catalogue.placed(runs, pd.read_csv(snakemake.input.entries))
    documents.write_csv(snakemake.output.table, placed, provenance.of(snakemake.config))
    log.info("%d of %d runs lead to an entry", (placed["id"] != catalogue.NONE).sum(), len(placed))
