"""Make a dataset: points of the room, their targets, and the split."""

from jfb.config import datasets
from jfb.model import targets
from jfb.records import dataset
from jfb.storage.joblog import job_log
from jfb.streams import splits

with job_log(snakemake.log[0]) as log:
    options = datasets.Dataset(**snakemake.params.dataset)
    log.info("%s", options)
    noise = None
    if options.noise_std:
        from jfb.streams.noise import noise as draw

        noise = draw(options.points, options.noise_seed)
    order = splits.permutation(options.points, options.split_seed)
    dataset.write(snakemake.output[0], *targets.make(options, noise, order))
